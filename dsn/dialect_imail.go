package dsn

import "strings"

// IMail (Ipswitch) begins with "REASON: addr", perhaps "undeliverable to addr" with the reply
// below "RCPT TO generated following response:". Its X-Mailer is <SMTP32 v...>.
func detectIMail(m *mail) bool {
	if strings.Contains(m.header.Get("X-Mailer"), "SMTP32 ") && m.has(markIMail) {
		return true
	}
	return m.opens(markIMail) && m.marks.top.has(markIMail) && strings.Contains(m.text(), "Original message follows")
}

func readIMail(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "Original message follows")
	m.setOriginal(r, original)
	var fs []found
	for s := text; s != "" && len(fs) < 10000; {
		line, rest := cutLine(s)
		s = rest
		t := strings.TrimSpace(line)
		if what, ok := strings.CutSuffix(t, "response:"); ok && strings.Contains(what, " generated ") {
			fs, s = imailResponse(fs, what, s)
			continue
		}
		if f, ok := imailLine(t); ok {
			fs = append(fs, f)
		}
	}
	return fs
}

// imailLine reads "Unknown user: addr" and its kin.
func imailLine(t string) (found, bool) {
	if a, ok := strings.CutPrefix(t, "undeliverable to "); ok {
		a = cleanAddress(a)
		return found{addr: a}, isAddress(a)
	}
	for _, p := range [...]string{"Unknown user: ", "Unknown host: ", "Invalid final delivery userid: ", "User mailbox exceeds allowed size: ", "Delivery failed "} {
		if !strings.HasPrefix(t, p) {
			continue
		}
		i := strings.LastIndex(t, ": ")
		if i < 0 {
			return found{}, false
		}
		a := cleanAddress(t[i+2:])
		return found{addr: a, text: t[:i]}, isAddress(a)
	}
	return found{}, false
}

// imailResponse gives the last recipient the reply that follows.
func imailResponse(fs []found, what, s string) ([]found, string) {
	var lines gathered
	for s != "" {
		line, rest := cutLine(s)
		t := strings.TrimSpace(line)
		if t == "" && len(lines) == 0 {
			s = rest
			continue
		}
		if _, ok := imailLine(t); t == "" || ok {
			break
		}
		lines.add("\n", t)
		s = rest
	}
	reply := lines.take()
	if n := len(fs); n > 0 && reply != "" {
		f := &fs[n-1]
		f.reply, f.command = reply, what
		if hasPrefixFold(what, "body of message") {
			f.command = "."
		}
		if f.text == "" {
			f.text = reply
		}
	}
	return fs, s
}
