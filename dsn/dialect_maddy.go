package dsn

import "strings"

// maddy, one line a recipient: "Delivery to addr failed with error: text".
func detectMaddy(m *mail) bool {
	return m.opens(markMaddy) && strings.Contains(m.text(), " failed with error: ")
}

func readMaddy(m *mail, r *Report) []found {
	var fs []found
	open := false
	lines(m.text(), func(line string) bool {
		t := strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(t, "Delivery to "); ok {
			if addr, text, ok := strings.Cut(rest, " failed with error: "); ok {
				fs = append(fs, found{addr: cleanAddress(addr), text: text})
				open = true
				return len(fs) < 10000
			}
		}
		if t == "" {
			open = false
		} else if open {
			fs[len(fs)-1].text = addLine(fs[len(fs)-1].text, "\n", t)
		}
		return true
	})
	return fs
}
