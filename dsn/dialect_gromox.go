package dsn

import "strings"

// Gromox: `your message to "addr" cannot be delivered`, the original's data below.
func detectGromox(m *mail) bool {
	return m.opens(markGromox) && strings.Contains(m.text(), "cannot be delivered")
}

func readGromox(m *mail, r *Report) []found {
	text, _, _ := strings.Cut(m.text(), "Below is the original mail information:")
	var fs []found
	paragraphs(text, func(p string) bool {
		if strings.Contains(p, "cannot be delivered") {
			reason := fold(clip(p))
			for s := p; len(fs) < 10000; {
				a := addressIn(s)
				if a == "" {
					break
				}
				fs = append(fs, found{addr: a, text: reason})
				s = after(s, a)
			}
		} else if n := len(fs); n > 0 {
			fs[n-1].text = addLine(fs[n-1].text, " ", fold(p))
		}
		return len(fs) < 10000
	})
	return fs
}
