package dsn

import "strings"

// Mail.Ru says the same twice: in Russian and, below a line of asterisks, in Exim's English.
func detectMailRu(m *mail) bool { return m.opens(markMailRu) }

func readMailRu(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), eximSeparators...)
	m.setOriginal(r, original)
	if i := strings.Index(text, "This message was created automatically by mail delivery software"); i >= 0 {
		text = text[i:]
	}
	fs := readEximBlocks(text)
	for i := range fs {
		if isEximDelay(text) {
			fs[i].action = Delayed
		}
		eximReason(&fs[i])
	}
	return fs
}
