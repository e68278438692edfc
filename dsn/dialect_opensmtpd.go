package dsn

import "strings"

// OpenSMTPD, usr.sbin/smtpd/bounce.c: one line "addr: reason" a recipient, the reply verbatim.
// The machine part has no Diagnostic-Code, so the reason stands here alone.
func detectOpenSMTPD(m *mail) bool { return m.opens(markOpenSMTPD) }

func readOpenSMTPD(m *mail, r *Report) []found {
	for i := range r.Recipients {
		// The last report of an expired envelope still says "delayed" (seen on 6.8).
		if c := &r.Recipients[i]; c.Action == Delayed && c.Status == (Status{4, 4, 7}) { // the action stays as stated
			c.GaveUp = true
			m.problem("expired_called_delayed", c.Status.String())
		}
	}
	text, original := cutOriginal(m.text(), "Below is a copy of the original message")
	m.setOriginal(r, original)
	action := None
	switch {
	case strings.Contains(text, "this is only a temporary failure report"), strings.Contains(text, "A message is delayed for more than"):
		action = Delayed
	case strings.Contains(text, "successfully delivered to these recipients"):
		action = Delivered
	case strings.Contains(text, "was relayed to these recipients"):
		action = Relayed
	}
	var fs []found
	lines(text, func(line string) bool {
		if line == "" || line[0] == ' ' || line[0] == '\t' {
			return true
		}
		word, reason, ok := strings.Cut(line, ": ")
		if !ok {
			word = strings.TrimRight(line, " :")
		}
		if addr := cleanAddress(word); isAddress(addr) && strings.IndexByte(word, ' ') < 0 {
			fs = append(fs, found{addr: addr, text: strings.TrimSpace(reason), action: action})
		}
		return len(fs) < 10000
	})
	return fs
}
