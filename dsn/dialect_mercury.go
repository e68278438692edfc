package dsn

import "strings"

// Mercury/32, the mail transport of Pegasus Mail, writes as "Electronic Postmaster" in two
// forms: its SMTP client
//
//	The attached mail failed to reach the following addresses:
//
//	 kim@example.org
//	 Reason: 550 unknown
//
// and its core
//
//	*** kim@example.org
//	User not known at this site.
func detectMercury(m *mail) bool {
	return m.opens(markMercury)
}

func readMercury(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "Your original mail message follows", "Your mail message is being returned", "====================")
	m.setOriginal(r, original)
	for _, opening := range [...]string{"failed to reach the following addresses:", "trying to deliver your message:", "it encountered while trying"} {
		if s := after(text, opening); s != "" {
			_, text = cutLine(s)
			break
		}
	}
	var fs []found
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		if strings.HasPrefix(t, "-----") {
			return len(fs) == 0
		}
		if a := cleanAddress(strings.TrimLeft(t, "*- ")); isAddress(a) && strings.IndexByte(strings.TrimLeft(t, "*- "), ' ') < 0 {
			fs = append(fs, found{addr: a})
		} else if n := len(fs); n > 0 && t != "" {
			fs[n-1].text = addLine(fs[n-1].text, "\n", strings.TrimPrefix(t, "Reason: "))
		}
		return len(fs) < proseRecipients
	})
	return fs
}
