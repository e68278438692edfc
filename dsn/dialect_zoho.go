package dsn

import "strings"

// Zoho opens like Exim and writes codes of its own:
//
//	kim@example.org Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 unknown
//	kim@example.org, ERROR CODE :550 - 5.1.1 unknown
//	[Status: Error, Address: <kim@example.org>, ResponseCode 421, , Host not reachable.]
func detectZoho(m *mail) bool {
	if !m.opens(markZoho) {
		return false
	}
	t := m.text()
	return strings.Contains(t, "ERROR_CODE :") || strings.Contains(t, "ERROR CODE :") || strings.Contains(t, "[Status: ") || m.header.Get("X-ZohoMail") != "" && !strings.Contains(t, "\n    ")
}

func readZoho(m *mail, r *Report) []found {
	text, original := headerBlock(m.text())
	m.setOriginal(r, original)
	action := Failed
	if strings.Contains(text, "THIS IS A WARNING MESSAGE ONLY") {
		action = Delayed
	}
	var fs []found
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		a := addressIn(t)
		n := len(fs)
		switch {
		case a == "" || strings.HasPrefix(t, "from "):
		case strings.HasPrefix(t, "[Status:"):
			_, rest, _ := strings.Cut(t, "ResponseCode ")
			rest = strings.Trim(rest, " ]")
			fs = append(fs, found{addr: a, text: fold(strings.ReplaceAll(rest, ",", " ")), action: action})
		case strings.HasPrefix(strings.TrimLeft(t, "<"), a):
			rest := strings.Trim(t[strings.Index(t, a)+len(a):], " >:,")
			fs = append(fs, found{addr: a, text: rest, reply: zohoReply(rest), action: action})
		}
		return n < 10000
	})
	return fs
}

// zohoReply returns the codes and what follows them: "ERROR_CODE :550, ERROR_CODE :text" or
// "ERROR CODE :550 - text".
func zohoReply(s string) string {
	if _, reply, ok := strings.Cut(s, "ERROR CODE :"); ok {
		return strings.Replace(reply, " - ", " ", 1)
	}
	_, codes, _ := strings.Cut(s, "ERROR_CODE")
	var parts []string
	for _, p := range strings.Split(strings.ReplaceAll(codes, "ERROR_CODE", ""), ", ") {
		if p = strings.TrimLeft(p, " :"); p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " ")
}
