package dsn

import "strings"

// KumoMTA writes sentences:
//
//	The message was received at DATE
//	from SENDER and addressed to RCPT.
//	While communicating with HOST (IP):
//	Response: 550 5.1.1 unknown
func detectKumoMTA(m *mail) bool {
	return m.opens(markKumoMTA) && strings.Contains(m.text(), " addressed to ")
}

func readKumoMTA(m *mail, r *Report) []found {
	t := m.text()
	to := after(t, " addressed to ")
	if i := strings.Index(to, ".\n"); i >= 0 {
		to = to[:i]
	}
	f := found{host: hostName(between(t, "While communicating with ", ":\n"))}
	for _, label := range [...]string{"\nResponse: ", "\nStatus: "} {
		if s := after(t, label); s != "" {
			if i := strings.Index(s, "\nThe message will be"); i >= 0 {
				s = s[:i]
			}
			f.text = fold(s)
			break
		}
	}
	if strings.Contains(t, "will be retried") || strings.Contains(t, "has been delayed") {
		f.action = Delayed
	}
	var fs []found
	for _, a := range strings.FieldsFunc(to, func(c rune) bool { return c == ',' || c == '\n' || c == ' ' }) {
		if a = cleanAddress(a); isAddress(a) && len(fs) < 10000 {
			f.addr = a
			fs = append(fs, f)
		}
	}
	return fs
}

// hostName returns the name before blanks and brackets, if it is one.
func hostName(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexAny(s, " \t\n([,;"); i >= 0 {
		s = s[:i]
	}
	if s = strings.TrimRight(s, ".:"); strings.IndexByte(s, '.') <= 0 || strings.IndexByte(s, '@') >= 0 {
		return ""
	}
	return s
}
