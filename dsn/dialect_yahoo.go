package dsn

import "strings"

// Yahoo writes qmail's paragraphs under a greeting of its own; the stage stands in brackets
// behind the reply. Yahoo Japan has another greeting.
func detectYahoo(m *mail) bool      { return m.opens(markYahoo) }
func detectYahooJapan(m *mail) bool { return m.opens(markYahooJapan) }

func readYahoo(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "--- Below this line is ", "--- Original message follows", "--- Undelivered message follows", "----- Original Message", "----- Original message")
	m.setOriginal(r, original)
	fs := readQSBMF(text)
	for i := range fs {
		f := &fs[i]
		if f.reply == "" {
			f.reply = f.text
		}
		for _, stage := range [...]string{"[CONNECT]", "[HELO]", "[MAIL_FROM]", "[RCPT_TO]", "[DATA]", "[BODY]"} {
			f.reply = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(f.reply), stage))
		}
	}
	return fs
}
