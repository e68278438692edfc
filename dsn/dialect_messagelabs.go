package dsn

import "strings"

// MessageLabs (Symantec.cloud): the addresses below its greeting, "Reason: " and the reply.
func detectMessageLabs(m *mail) bool { return m.opens(markMessageLabs) }

func readMessageLabs(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "--- Below this line", "----- Original message", "--- Undelivered message follows", "--- Original message")
	m.setOriginal(r, original)
	var fs []found
	done := 0 // recipients that have their reason
	for text != "" && len(fs) < 10000 {
		line, rest := cutLine(text)
		text = rest
		t := strings.TrimSpace(line)
		if reason, ok := strings.CutPrefix(t, "Reason:"); ok {
			for text != "" { // to the next blank line
				if line, rest = cutLine(text); isBlank(line) || strings.HasPrefix(line, "The message ") {
					break
				}
				reason, text = addLine(reason, "\n", line), rest
			}
			for ; done < len(fs); done++ {
				fs[done].text = strings.TrimSpace(reason)
			}
		} else if a := cleanAddress(t); t != "" && strings.IndexByte(t, ' ') < 0 && isAddress(a) {
			fs = append(fs, found{addr: a})
		} else if strings.HasPrefix(t, "The message ") && done > 0 {
			break
		}
	}
	return fs
}
