package dsn

import "strings"

// The gateways of mobile networks (vtext, vzwpix): labels in a text of a few lines.
//
//	Message could not be delivered to mobile.
//	Error: No valid recipients for this MM
//	Message to: 2125550199@mms.example.org
func detectMMS(m *mail) bool { return m.opens(markMMS) }

func readMMS(m *mail, r *Report) []found {
	var fs []found
	reason := ""
	lines(m.text(), func(line string) bool {
		t := strings.TrimSpace(line)
		name, value, ok := strings.Cut(t, ":")
		name = fold(lower(name))
		switch {
		case ok && (name == "message to" || name == "to" || name == "recipient"):
			for s := value; s != "" && len(fs) < 1000; {
				a := addressIn(s)
				if a == "" {
					break
				}
				fs = append(fs, found{addr: a})
				s = after(s, a)
			}
		case ok && name == "error":
			reason = strings.TrimSpace(value)
		}
		return true
	})
	if len(fs) == 0 {
		for _, a := range headerAddresses(m.original(), "To", m.limits.Recipients) {
			fs = append(fs, found{addr: a})
		}
	}
	if reason == "" {
		reason = "Message could not be delivered to mobile"
	}
	for i := range fs {
		fs[i].text = reason
	}
	return fs
}
