package dsn

import "strings"

// PP and Isode M-Switch, X.400 at heart: a report on one or more recipients, with a part for
// administrators that repeats it in numbers.
func detectPP(m *mail) bool {
	return m.opens(markPP) && strings.Contains(m.text(), "Your message was not delivered to")
}

func readPP(m *mail, r *Report) []found {
	text := m.text()
	if i := strings.Index(text, "***** The following information is directed towards"); i >= 0 {
		text = text[:i]
	}
	var fs []found
	for rest := text; len(fs) < 10000; {
		var ok bool
		if _, rest, ok = strings.Cut(rest, "Your message was not delivered to"); !ok {
			break
		}
		who, why, ok := strings.Cut(rest[:min(len(rest), 2000)], "for the following reason:")
		if !ok {
			break
		}
		if a := ppAddress(who); a != "" {
			fs = append(fs, found{addr: a, text: firstParagraph(why)})
		}
	}
	return fs
}

// ppAddress prefers the Internet form; an X.400 one can carry it as RFC-822=kim(a)example.org.
func ppAddress(s string) string {
	if i := indexFold(s, "rfc-822="); i >= 0 {
		v := s[i+len("rfc-822="):]
		if j := strings.IndexAny(v, "/; \n"); j >= 0 {
			v = v[:j]
		}
		return cleanAddress(strings.Replace(v, "(a)", "@", 1))
	}
	return addressIn(s)
}
