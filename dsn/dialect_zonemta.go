package dsn

import "strings"

// ZoneMTA marks its machine part; the text imitates Gmail's old one.
func detectZoneMTA(m *mail) bool {
	for i := range m.parts {
		if p := &m.parts[i]; !p.inside && isStatusType(p.value) {
			return strings.Contains(p.body, "X-ZoneMTA-")
		}
	}
	return m.header.Get("X-Sending-Zone") != "" && strings.Contains(m.text(), "Delivery to the following recipient failed permanently:")
}

func readZoneMTA(m *mail, r *Report) []found {
	text := m.text()
	var f found
	for _, title := range [...]string{"Delivery to the following recipient failed permanently:", "There was a temporary problem delivering your message to:"} {
		if rest := after(text, title); rest != "" {
			f.addr = addressIn(firstParagraph(rest))
			if strings.HasPrefix(title, "There was a temporary") {
				f.action = Delayed
			}
			break
		}
	}
	for _, title := range [...]string{"Technical details of permanent failure:", "Technical details of temporary failure:", "Technical details:"} {
		if rest := after(text, title); rest != "" {
			paragraphs(rest, func(p string) bool {
				f.text = p
				return false
			})
			break
		}
	}
	if f.addr == "" {
		return nil
	}
	return []found{f}
}
