package dsn

import "strings"

// Smail 3 puts titles into a frame; below "Failed addresses" stands " addr ... reason".
func detectSmail(m *mail) bool { return m.opens(markSmail) }

func readSmail(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "|------------------------- Message text follows:", "|------------------------- Message header follows:")
	m.setOriginal(r, original)
	_, failed, ok := strings.Cut(text, "Failed addresses follow:")
	if !ok {
		failed = text
	}
	_, failed = cutLine(failed)
	var fs []found
	lines(failed, func(line string) bool {
		t := strings.TrimSpace(strings.TrimRight(strings.TrimLeft(line, "| \t"), "|"))
		word, reason, ok := strings.Cut(t, "...")
		switch a := cleanAddress(word); {
		case strings.HasPrefix(t, "----"):
			return false
		case ok && isAddress(a):
			fs = append(fs, found{addr: a, text: strings.TrimSpace(reason)})
		case len(fs) > 0 && t != "":
			fs[len(fs)-1].text = addLine(fs[len(fs)-1].text, " ", t)
		}
		return len(fs) < 10000
	})
	return fs
}
