package dsn

import "strings"

// Active!hunter has Sendmail's titles; its addresses stand behind ">>>", the reason below them
// or in the transcript.
func detectActivehunter(m *mail) bool {
	return m.header.Get("X-AHMAILID") != "" || strings.Contains(m.parts[0].boundary, "Active!Hunter")
}

func readActivehunter(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), sendmailSeparators...)
	if original == "" {
		text, original = headerBlock(text)
	}
	m.setOriginal(r, original)
	i := strings.Index(text, sendmailFatal)
	if i < 0 {
		return nil
	}
	var fs []found
	lines(text[i+len(sendmailFatal):], func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		if s, ok := strings.CutPrefix(t, ">>> "); ok {
			if a := cleanAddress(strings.TrimSuffix(s, " <<<")); isAddress(a) {
				fs = append(fs, found{addr: a})
				return n < 10000
			}
		}
		if n > 0 && t != "" && !strings.HasPrefix(t, "-----") && len(fs[n-1].text) < maxReason {
			fs[n-1].text += "\n" + t
		}
		return n < 10000
	})
	for k := range fs {
		fs[k].text = strings.TrimSpace(fs[k].text)
	}
	return fs
}
