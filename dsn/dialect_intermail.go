package dsn

import "strings"

// InterMail (Software.com, Openwave) and Netscape Messaging Server, "Mail System Error -
// Returned Mail": a reason in prose, then the recipients in angle brackets, some with a
// "Reason:" of their own.
func detectInterMail(m *mail) bool { return m.opens(markInterMail) }

func readInterMail(m *mail, r *Report) []found {
	text := m.text()
	text = text[max(indexFold(text, "this message was undeliverable due to the following reason"), 0):]
	text, original := headerBlock(text)
	m.setOriginal(r, original)
	if len(r.Original.Header) == 0 {
		r.Original.Header = m.original()
	}
	_, text = cutLine(text)
	if i := strings.Index(text, "\nPlease reply to "); i >= 0 {
		text = text[:i]
	}
	var fs []found
	labels{"recipient:", "reason:"}.read(text, func(label int, value string) {
		if label == 0 {
			if a := addressIn(value); a != "" && len(fs) < 10000 {
				fs = append(fs, found{addr: a})
			}
		} else if n := len(fs); n > 0 && fs[n-1].text == "" {
			fs[n-1].text = value
		}
	})
	if len(fs) > 0 {
		return fs
	}
	reason := ""
	paragraphs(text, func(p string) bool {
		n := len(fs)
		lines(p, func(line string) bool {
			if t := strings.TrimSpace(line); (strings.IndexByte(t, '<') >= 0 || !strings.Contains(t, " ")) && !strings.Contains(t, "return address") {
				if a := addressIn(t); a != "" && isAddress(cleanAddress(t)) {
					fs = append(fs, found{addr: a})
				}
			}
			return len(fs) < 10000
		})
		if len(fs) == n && !strings.HasPrefix(p, "The following recipients did not receive") {
			reason = addLine(reason, " ", fold(clip(p)))
		}
		return len(fs) < 10000
	})
	if to := headerAddresses(r.Original.Header, "To", 2); len(fs) == 0 && len(to) == 1 {
		fs = append(fs, found{addr: to[0]})
	}
	for i := range fs {
		fs[i].text = reason
	}
	return fs
}

// The mobile and ISP portals that grew from it say it in three lines:
//
//	Your mail sent on: Thu, 29 Oct 2026 23:45:22 +0900
//	     Could not be delivered to: <kim@example.org>
//	     As their mailbox is full.
func detectMobile(m *mail) bool {
	t := m.text()
	return m.has(markMobile) && (strings.Contains(t, "Your mail sent on:") || strings.Contains(t, "Your mail attempted to be delivered on:"))
}

func readMobile(m *mail, r *Report) []found {
	var fs []found
	lines(m.text(), func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		switch {
		case strings.HasPrefix(t, "Could not be delivered to:"):
			if a := addressIn(t); a != "" {
				fs = append(fs, found{addr: a})
			}
		case n > 0 && strings.HasPrefix(t, "As "):
			for i := range fs {
				if fs[i].text == "" {
					fs[i].text = t
				}
			}
		case n > 0 && strings.HasPrefix(t, "<") && isAddress(cleanAddress(t)):
			fs = append(fs, found{addr: cleanAddress(t)})
		}
		return n < 10000
	})
	return fs
}
