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
	mdaemonReasons(fs, replies, commands)
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
		replies[n-1] = addLine(replies[n-1], "\n", t[i+4:])
	}
	return replies, commands
}

// mdaemonReasons gives each recipient the refusal of its own, else the last one that is no other
// recipient's.
func mdaemonReasons(fs []found, replies, commands []string) {
	last := -1
	own := map[string]int{}
	for i, reply := range replies {
		if code, ok := replyCode(reply); !ok || code < 400 {
			continue
		}
		if hasPrefixFold(commands[i], "rcpt") {
			own[lower(addressIn(commands[i]))] = i
		} else {
			last = i
		}
	}
	for i := range fs {
		at, ok := own[lower(fs[i].addr)]
		if !ok {
			at = last
		}
		if at >= 0 {
			fs[i].reply, fs[i].command = replies[at], commands[at]
			fs[i].text = fs[i].reply
		}
	}
}
