package dsn

import "strings"

// SmarterMail: "Failed Recipient:" and "Reason:".
func detectSmarterMail(m *mail) bool {
	return m.opens(markSmarterMail) && strings.Contains(m.text(), "Failed Recipient:")
}

func readSmarterMail(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "-- The header and top ", "-- The header of the message", "-- The message header")
	m.setOriginal(r, original)
	var fs []found
	labels{"failed recipient:", "reason:"}.read(text, func(label int, value string) {
		if n := len(fs); label == 0 && n < 10000 {
			if a := cleanAddress(value); isAddress(a) {
				fs = append(fs, found{addr: a})
			}
		} else if n > 0 {
			fs[n-1].text = value
			if reply, ok := strings.CutPrefix(value, "Remote host said:"); ok {
				fs[n-1].reply = strings.TrimSpace(reply)
			}
		}
	})
	return fs
}
