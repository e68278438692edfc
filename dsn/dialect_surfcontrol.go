package dsn

import "strings"

// SurfControl (later Websense) E-mail Filter:
//
//	Addressed To: kim@example.org
//
//	Thu, 29 Oct 2026 10:00:00 +0000
//	Failed to send to identified host,
//	kim@example.org: [192.0.2.25], 550 unknown
//	--- Message non-deliverable.
func detectSurfControl(m *mail) bool {
	return m.opens(markSurfControl) && strings.Contains(m.text(), "Addressed To:")
}

func readSurfControl(m *mail, r *Report) []found {
	var fs []found
	said := -1 // whose reply the lines continue
	lines(m.text(), func(line string) bool {
		t := strings.TrimSpace(line)
		if list, ok := strings.CutPrefix(t, "Addressed To:"); ok {
			for _, a := range strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' || c == ';' }) {
				if a = cleanAddress(a); isAddress(a) && len(fs) < 1000 {
					fs = append(fs, found{addr: a})
				}
			}
			return len(fs) < 1000
		}
		if strings.HasPrefix(t, "--- ") || t == "" {
			said = -1
			return !strings.HasPrefix(t, "--- Message non-deliverable") || len(fs) == 0
		}
		if i := strings.Index(t, ": "); i > 0 && strings.IndexByte(t[:i], ' ') < 0 {
			for k := range fs {
				if strings.EqualFold(fs[k].addr, cleanAddress(t[:i])) {
					said = k
					t = t[i+2:]
					if host, reply, ok := strings.Cut(t, ", "); ok && strings.HasPrefix(host, "[") {
						t = reply
					}
					fs[k].text = t
					return true
				}
			}
		}
		if said >= 0 && len(fs[said].text) < maxReason {
			fs[said].text += "\n" + t
		} else if hasPrefixFold(t, "failed to ") || hasPrefixFold(t, "unable to ") || hasPrefixFold(t, "could not ") {
			for k := range fs {
				if fs[k].text == "" {
					fs[k].text = t
				}
			}
		}
		return true
	})
	return fs
}
