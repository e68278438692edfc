package dsn

import "strings"

// dma, the DragonFly Mail Agent: one recipient a report.
//
//	There was an error delivering your mail to <eve@example.org>.
//
//	mx.example.org [192.0.2.11] did not like our RCPT TO:
//	550 5.1.1 unknown
func detectDMA(m *mail) bool { return m.opens(markDMA) }

func readDMA(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "Original message follows.", "Message headers follow.")
	m.setOriginal(r, original)
	_, rest, ok := strings.Cut(text, "There was an error delivering your mail to ")
	if !ok {
		return nil
	}
	line, rest := cutLine(rest)
	f := found{addr: cleanAddress(strings.TrimSuffix(strings.TrimSpace(line), ".")), text: strings.TrimSpace(rest)}
	if head, reply, ok := strings.Cut(f.text, " did not like our "); ok {
		f.host, _, _ = strings.Cut(head[strings.LastIndexByte(head, '\n')+1:], " ")
		f.command, reply = cutLine(reply)
		f.command = strings.TrimRight(f.command, ":")
		if strings.HasPrefix(f.command, "final DATA") {
			f.command = "."
		}
		f.reply = strings.TrimSpace(reply)
	}
	return []found{f}
}
