package dsn

import "strings"

// The SMTP service of Windows and Exchange 2000/2003 on the wire: a sentence and the
// recipients, without a reason; that is in the machine part, when there is one.
func detectWindowsSMTP(m *mail) bool {
	return m.header.Get("X-DSNContext") != "" && m.find(isStatusType) != nil || m.opens(markWindowsSMTP)
}

func readWindowsSMTP(m *mail, r *Report) []found {
	text := m.text()
	if m.find(isMessageType) == nil {
		var original string
		text, original = headerBlock(text)
		m.setOriginal(r, original)
	}
	var fs []found
	action, reason := None, ""
	paragraphs(text, func(p string) bool {
		switch t := fold(p); {
		case strings.HasPrefix(t, "Delivery to the following recipients failed"):
			action = Failed
		case strings.HasPrefix(t, "Delivery to the following recipients has been delayed"):
			action = Delayed
		case strings.HasPrefix(t, "Your message has been successfully relayed"):
			action = Relayed
		case strings.HasPrefix(t, "Your message has been successfully delivered"):
			action = Delivered
		case strings.HasPrefix(t, "Unable to deliver message to the following recipients"):
			action, reason = Failed, t
		}
		lines(p, func(line string) bool {
			t := strings.TrimSpace(line)
			if addr := cleanAddress(t); line != t && strings.IndexByte(t, ' ') < 0 && isAddress(addr) {
				fs = append(fs, found{addr: addr, action: action, text: reason})
			}
			return len(fs) < 10000
		})
		return len(fs) < 10000
	})
	if len(fs) == 1 && m.find(isStatusType) == nil { // relays add what the server said
		fs[0].reply, _ = firstReply(after(text, fs[0].addr))
	}
	return fs
}
