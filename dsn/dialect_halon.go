package dsn

import "strings"

// Halon borrows Postfix's greeting; its recipients read "<addr> failed: DOMAIN: reply".
func detectHalon(m *mail) bool {
	return m.opens(markMailSystem) && strings.Contains(m.text(), "> failed: ")
}

func readHalon(m *mail, r *Report) []found {
	var fs []found
	paragraphs(m.text(), func(p string) bool {
		p = strings.TrimLeft(p, " \t")
		addr, reason, ok := strings.Cut(p, "> failed: ")
		if !ok || p[0] != '<' {
			return true
		}
		f := found{addr: cleanAddress(addr + ">"), text: fold(reason)}
		if domain, rest, ok := strings.Cut(f.text, ": "); ok && strings.IndexByte(domain, ' ') < 0 {
			if _, ok := replyCode(rest); ok {
				f.text, f.reply = rest, rest
			}
		}
		if isAddress(f.addr) {
			fs = append(fs, f)
		}
		return len(fs) < 10000
	})
	return fs
}
