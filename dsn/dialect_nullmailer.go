package dsn

import "strings"

// nullmailer's text lists recipients and no reason.
func detectNullmailer(m *mail) bool { return m.opens(markNullmailer) }

func readNullmailer(m *mail, r *Report) []found {
	var fs []found
	text := m.text()
	action := None
	if strings.Contains(text, "Delivery will continue to be attempted until") {
		action = Delayed
	}
	lines(text, func(line string) bool {
		if t := strings.TrimSpace(line); strings.HasPrefix(line, "\t<") && isAddress(cleanAddress(t)) {
			fs = append(fs, found{addr: cleanAddress(t), action: action})
		}
		return len(fs) < 10000
	})
	return fs
}
