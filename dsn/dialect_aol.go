package dsn

import "strings"

// AOL's own words, apart from its Sendmail: a page ("Email Returned") with the address and
// "because: ...", and the note that a member does not accept such mail, which names members
// without a domain.
func detectAOL(m *mail) bool {
	return m.opens(markAOL) || containsFold(m.header.Get("From"), "@aol.") && strings.Contains(m.textHead(), "Your mail to the following recipients could not be delivered because")
}

func readAOL(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "----- Original message", "-----Original Message", "Original message")
	m.setOriginal(r, original)
	if _, s, ok := strings.Cut(text, "Your mail to the following recipients could not be delivered because"); ok {
		return readAOLMembers(m, s)
	}
	_, s, ok := strings.Cut(text, "e were unable to deliver your message to the following address")
	if !ok {
		return nil
	}
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = s[i:]
	}
	list, reason, _ := strings.Cut(s, "because:")
	var fs []found
	lines(list, func(line string) bool {
		if a := addressIn(line); a != "" {
			fs = append(fs, found{addr: a, text: fold(firstBytes(reason, 1000))})
		}
		return len(fs) < 10000
	})
	return fs
}

// readAOLMembers reads "they are not accepting mail ...:" and the member names below.
func readAOLMembers(m *mail, s string) []found {
	domain := "aol.com"
	if a := addressIn(m.header.Get("From")); a != "" {
		domain = lower(a[strings.LastIndexByte(a, '@')+1:])
	}
	end := strings.LastIndex(s, ":\n")
	if i := strings.Index(s, "\n\n"); i >= 0 && i < end || end < 0 {
		end = strings.Index(s, ":\n")
	}
	if end < 0 {
		return nil
	}
	reason := fold(s[:end])
	var fs []found
	lines(s[end+2:], func(line string) bool {
		a := strings.TrimSpace(line)
		if a == "" || strings.IndexByte(a, ' ') >= 0 {
			return len(fs) == 0
		}
		if strings.IndexByte(a, '@') < 0 {
			a += "@" + domain
		}
		if isAddress(a) {
			fs = append(fs, found{addr: a, text: reason})
		}
		return len(fs) < 10000
	})
	return fs
}
