package dsn

import "strings"

// Dovecot's LDA and Pigeonhole's reject, and Cyrus' reject where it comes as a DSN: the reason
// follows one sentence. Where the machine part is a disposition (RFC 5429 2.2.1.1),
// readDisposition has taken the mail before.
func detectDovecot(m *mail) bool {
	if !m.opens(markDovecot) {
		return false
	}
	t := m.text()
	return strings.Contains(t, "automatically rejected:") || strings.Contains(t, "automatically rejected by Sieve")
}

func readDovecot(m *mail, r *Report) []found {
	text := m.text()
	if m.find(isMessageType) == nil {
		var original string
		text, original = headerBlock(text)
		m.setOriginal(r, original)
	}
	f := found{text: fold(rejectReason(text))}
	if _, rest, ok := strings.Cut(text, "Your message to "); ok {
		f.addr = addressIn(rest[:min(len(rest), 400)])
	}
	if f.addr == "" && len(r.Recipients) == 0 {
		return nil
	}
	return []found{f}
}
