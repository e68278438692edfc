package dsn

import "strings"

// MDaemon shows the session with time stamps; the last refusal in it is the reason.
//
//	Failed address: kim@example.org
//	--- Session Transcript ---
//	 Tue 2026-11-03 10:00:00: --> RCPT To:<kim@example.org>
//	 Tue 2026-11-03 10:00:01: <-- 550 5.1.1 unknown
func detectMDaemon(m *mail) bool { return m.opens(markMDaemon) }

func readMDaemon(m *mail, r *Report) []found {
	text := m.text()
	action := None
	if strings.Contains(text, "TRANSIENT non-fatal") || strings.Contains(text, "THIS IS A WARNING MESSAGE ONLY") {
		action = Delayed
	}
	var fs []found
	var replies, commands []string
	list := false
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		switch a := cleanAddress(t); {
		case hasPrefixFold(t, "failed address"):
			list = true
			if a = addressIn(t); a != "" {
				fs = append(fs, found{addr: a, action: action})
			}
		case strings.HasPrefix(t, "--- "):
			list = false
		case list && isAddress(a) && strings.IndexByte(t, ' ') < 0:
			fs = append(fs, found{addr: a, action: action})
		case !list:
			replies, commands = mdaemonLine(replies, commands, t)
		}
		return len(fs) < 10000
	})
	for i := range fs {
		mdaemonReason(&fs[i], replies, commands)
	}
	return fs
}

// mdaemonLine takes the stamp off and keeps replies with the command each answers.
func mdaemonLine(replies, commands []string, t string) ([]string, []string) {
	if i := strings.Index(t, "--> "); i >= 0 && i < 60 {
		return append(replies, ""), append(commands, t[i+4:])
	}
	if i := strings.Index(t, "<-- "); i >= 0 && i < 60 {
		n := len(replies)
		if n == 0 {
			return append(replies, t[i+4:]), append(commands, "CONNECT")
		}
		replies[n-1] = strings.TrimSpace(replies[n-1] + "\n" + t[i+4:])
	}
	return replies, commands
}

// mdaemonReason picks the refusal of this recipient, else the last one of the session.
func mdaemonReason(f *found, replies, commands []string) {
	for i := len(replies) - 1; i >= 0; i-- {
		if code, ok := replyCode(replies[i]); !ok || code < 400 {
			continue
		}
		named := containsFold(commands[i], lower(f.addr)) || containsFold(replies[i], lower(f.addr))
		if hasPrefixFold(commands[i], "rcpt") && !named {
			continue
		}
		if f.reply == "" || named {
			f.reply, f.command = replies[i], commands[i]
		}
		if named {
			break
		}
	}
	f.text = f.reply
}
