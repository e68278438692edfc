package dsn

import "strings"

// CommuniGate Pro: "Failed to deliver to 'addr'", the module that reports, its words indented.
//
//	Failed to deliver to 'kim@example.org'
//	SMTP module(domain example.org) reports:
//	 550 5.1.1 unknown
func detectCommuniGate(m *mail) bool { return m.opens(markCommuniGate) }

func readCommuniGate(m *mail, r *Report) []found {
	var fs []found
	lines(m.text(), func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		for _, o := range [...]struct {
			phrase string
			action Action
		}{{"Failed to deliver to '", Failed}, {"Delayed delivery to '", Delayed}, {"Message delivered to '", Delivered}} {
			if rest, ok := strings.CutPrefix(t, o.phrase); ok {
				fs = append(fs, found{addr: cleanAddress(rest), action: o.action})
				return n < 10000
			}
		}
		switch {
		case n == 0 || t == "":
		case strings.HasSuffix(t, " reports:"):
			if strings.HasPrefix(t, "LOCAL ") {
				fs[n-1].text = ""
			}
		case line[0] == ' ' || line[0] == '\t':
			communigateLine(&fs[n-1], t)
		}
		return true
	})
	return fs
}

func communigateLine(f *found, t string) {
	if i := strings.Index(t, " rejected by "); i >= 0 && f.host == "" {
		f.host = strings.TrimRight(t[i+len(" rejected by "):], ": ")
		if strings.HasPrefix(t, "message text") {
			f.command = "."
		} else if strings.HasPrefix(t, "address") || strings.HasPrefix(t, "recipient") {
			f.command = "RCPT"
		}
	}
	if _, ok := replyCode(t); ok || f.reply != "" {
		f.reply = addLine(f.reply, "\n", t)
	}
	f.text = addLine(f.text, "\n", t)
}
