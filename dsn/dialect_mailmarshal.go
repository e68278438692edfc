package dsn

import "strings"

// MailMarshal: "Could not be delivered because of", the reply, "The following recipients
// were affected:", the addresses.
func detectMailMarshal(m *mail) bool {
	return m.opens(markMailMarshal) && strings.Contains(m.text(), "recipients were affected")
}

func readMailMarshal(m *mail, r *Report) []found {
	t := m.text()
	reason := fold(between(t, "ould not be delivered because of", "The following recipients were affected"))
	_, list, _ := strings.Cut(t, "recipients were affected")
	_, list = cutLine(list)
	var fs []found
	rest := ""
	for s := list; s != ""; {
		line, next := cutLine(s)
		a := cleanAddress(line)
		if w := strings.TrimSpace(line); w != "" && (strings.IndexByte(w, ' ') >= 0 || !isAddress(a)) {
			rest = s
			break
		} else if w != "" && len(fs) < 10000 {
			fs = append(fs, found{addr: a, text: reason})
		}
		s = next
	}
	if _, original := headerBlock("\n\n" + rest); original != "" {
		m.setOriginal(r, original)
	}
	return fs
}
