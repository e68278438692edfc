package dsn

import "strings"

// SurgeMail: one sentence, then "Recipient:" and "Reason:".
func detectSurgeMail(m *mail) bool {
	return m.opens(markSurgeMail) && strings.Contains(m.text(), "Recipient:") && strings.Contains(m.text(), "Reason:")
}

func readSurgeMail(m *mail, r *Report) []found {
	text := after(m.text(), "cannot be delivered to the following recipients:")
	text, original := headerBlock(text)
	m.setOriginal(r, original)
	var fs []found
	labels{"recipient:", "reason:"}.read(text, func(label int, value string) {
		if n := len(fs); label == 0 && n < 10000 {
			if a := cleanAddress(value); isAddress(a) {
				fs = append(fs, found{addr: a})
			}
		} else if n > 0 {
			fs[n-1].text = value
		}
	})
	return fs
}
