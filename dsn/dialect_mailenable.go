package dsn

import "strings"

// MailEnable writes its recipients as [SMTP:addr].
func detectMailEnable(m *mail) bool { return m.opens(markMailEnable) }

func readMailEnable(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "Message headers follow", "Message contents follow")
	m.setOriginal(r, original)
	action := None
	if containsFold(text, "has been delayed") || containsFold(text, "message delay") {
		action = Delayed
	}
	var fs []found
	labels{"recipient:", "reason:"}.read(text, func(label int, value string) {
		if n := len(fs); label == 0 && n < 10000 {
			if a := cleanAddress(value); isAddress(a) {
				fs = append(fs, found{addr: a, action: action})
			}
		} else if n > 0 {
			fs[n-1].text = value
			if _, reply, ok := strings.Cut(value, "Server Returned:"); ok {
				fs[n-1].reply = strings.TrimSpace(reply)
			}
		}
	})
	return fs
}
