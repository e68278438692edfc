package dsn

import "strings"

// SendGrid: "user:00000:<addr> : reason". Its machine part leaves Status empty.
func detectSendGrid(m *mail) bool { return m.opens(markSendGrid) }

func readSendGrid(m *mail, r *Report) []found {
	var fs []found
	text := after(m.text(), "please contact SendGrid support")
	paragraphs(text, func(p string) bool {
		i := strings.IndexByte(p, '<')
		if i < 0 || strings.IndexByte(p[:i], ' ') >= 0 {
			return true
		}
		addr, reason, ok := strings.Cut(p[i:], ">")
		if a := cleanAddress(addr + ">"); ok && isAddress(a) {
			fs = append(fs, found{addr: a, text: fold(strings.TrimLeft(reason, " :\n"))})
		}
		return len(fs) < 10000
	})
	return fs
}
