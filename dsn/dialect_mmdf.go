package dsn

import "strings"

// MMDF (SCO):
//
//	Your message could not be delivered to
//	'kim@example.org (host: example.org)' for the following reason:  ' unknown user'
func detectMMDF(m *mail) bool {
	return m.opens(markMMDF) && strings.Contains(fold(between(m.text(), "could not be delivered to", "reason:")), "for the following")
}

func readMMDF(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "Your message follows:", "Your message begins as follows:")
	m.setOriginal(r, original)
	var fs []found
	for rest := text; len(fs) < 10000; {
		var ok bool
		if _, rest, ok = strings.Cut(rest, "could not be delivered to"); !ok {
			break
		}
		who, why, ok := strings.Cut(rest[:min(len(rest), 1000)], "reason:")
		if !ok {
			break
		}
		f := found{addr: strings.TrimLeft(addressIn(who), "'"), host: strings.TrimRight(between(who, "(host: ", ")"), " ")}
		why = firstParagraph(why)
		f.text = strings.Trim(why, " '")
		if f.addr != "" {
			fs = append(fs, f)
		}
	}
	return fs
}
