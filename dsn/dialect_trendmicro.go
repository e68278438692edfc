package dsn

import "strings"

// Trend Micro InterScan: one sentence that names the address, or the session:
//
//	Sent >>> RCPT TO:<kim@example.org>
//	Received <<< 550 5.1.1 unknown
func detectTrendMicro(m *mail) bool { return m.opens(markTrendMicro) }

func readTrendMicro(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "----- Original message", "----- Original Message", "-----Original Message")
	m.setOriginal(r, original)
	var fs []found
	add := func(a string) *found {
		for i := range fs {
			if strings.EqualFold(fs[i].addr, a) {
				return &fs[i]
			}
		}
		fs = append(fs, found{addr: a})
		return &fs[len(fs)-1]
	}
	command := ""
	var last *found
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		if s, ok := strings.CutPrefix(t, "Sent >>> "); ok {
			command = s
			if a := addressIn(s); a != "" && hasPrefixFold(s, "rcpt") {
				last = add(a)
			}
		} else if s, ok := strings.CutPrefix(t, "Received <<< "); ok {
			if code, ok := replyCode(s); ok && code >= 400 && last != nil {
				last.reply, last.command = addLine(last.reply, "\n", s), command
			}
		} else if _, s, ok := strings.Cut(t, "Unable to deliver message to <"); ok {
			if a, _, ok := strings.Cut(s, ">"); ok && isAddress(a) {
				if last = add(a); last.text == "" {
					last.text = strings.TrimSpace(strings.TrimPrefix(t, "Reason:"))
				}
			}
		}
		return len(fs) < 1000
	})
	return fs
}
