package dsn

import "strings"

// GroupWise Internet Agent: TAB, the recipient (perhaps a bare user of the original's domain),
// the reason in parentheses or on the lines below.
func detectGroupWise(m *mail) bool { return m.opens(markGroupWise) }

func readGroupWise(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "Possibly truncated original message follows", "Original message follows")
	m.setOriginal(r, original)
	if len(r.Original.Header) == 0 {
		r.Original.Header = m.original()
	}
	text = after(text, "undeliverable to the following:")
	users := users{original: r.Original.Header}
	var fs []found
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		word, reason, _ := strings.Cut(t, " (")
		addr := cleanAddress(word)
		switch {
		case t == "":
		case n > 0 && !isAddress(addr) && (reason == "" || strings.IndexByte(word, ' ') >= 0):
			fs[n-1].text = addLine(fs[n-1].text, "\n", t)
		case line[0] != '\t' && line[0] != ' ' && !isAddress(addr):
		default:
			if !isAddress(addr) {
				addr = users.address(addr)
			}
			fs = append(fs, found{addr: addr, text: strings.TrimSuffix(reason, ")")})
		}
		return n < 10000
	})
	return fs
}
