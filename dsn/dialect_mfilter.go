package dsn

import "strings"

// m-FILTER: the address, then sections under seven hyphens: "server message", "SMTP command",
// "original message".
func detectMFilter(m *mail) bool { return m.opens(markMFilter) }

func readMFilter(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "-------original message", "-------original mail info")
	m.setOriginal(r, original)
	head, rest, ok := strings.Cut(text, "-------server message")
	if !ok {
		return nil
	}
	reply, rest, _ := strings.Cut(rest, "\n-------")
	f := found{text: strings.TrimSpace(reply)}
	if s, ok := strings.CutPrefix(rest, "SMTP command"); ok {
		f.command = s
	}
	var fs []found
	lines(head, func(line string) bool {
		t := strings.TrimSpace(line)
		if a := cleanAddress(t); t != "" && strings.IndexByte(t, ' ') < 0 && isAddress(a) {
			f.addr = a
			fs = append(fs, f)
		}
		return len(fs) < 10000
	})
	return fs
}
