package dsn

import "strings"

// Barracuda's notice:
//
//	Your message to: kim@example.org
//	was blocked by our Spam Firewall. The email you sent with the following subject has NOT BEEN DELIVERED:
func detectBarracuda(m *mail) bool { return m.opens(markBarracuda) }

func readBarracuda(m *mail, r *Report) []found {
	t := m.text()
	_, rest, ok := strings.Cut(t, "Your message to:")
	if !ok {
		return nil
	}
	list, reason, ok := strings.Cut(rest, "was blocked by ")
	if !ok || !strings.Contains(lower(reason), "not been delivered") {
		return nil
	}
	reason, _ = cutLine(reason)
	var fs []found
	for _, a := range strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' || c == '\n' || c == ';' }) {
		if a = cleanAddress(a); isAddress(a) && len(fs) < 10000 {
			fs = append(fs, found{addr: a, text: "was blocked by " + fold(reason)})
		}
	}
	return fs
}
