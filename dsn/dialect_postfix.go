package dsn

import "strings"

// Postfix, src/bounce: one paragraph a recipient,
//
//	<kim@example.org> (expanded from <team@example.net>): host mx.example.org[192.0.2.7]
//	    said: 550 5.1.1 no such user (in reply to RCPT TO command)
//
// The boilerplate around it is a template (bounce(5)), so its words say little.
func detectPostfix(m *mail) bool {
	t := m.text()
	for i := range m.parts {
		if p := &m.parts[i]; !p.inside && isStatusType(p.value) {
			if containsFold(p.body, "-queue-id:") && containsFold(p.body, "-sender: rfc822;") {
				return true
			}
			break
		}
	}
	head := t[:min(len(t), 1500)]
	return strings.Contains(head, "This is the mail system at host ") || strings.Contains(head, "This is the Postfix program at host ") ||
		strings.Contains(head, "This is the Postfix\nprogram at host ")
}

func readPostfix(m *mail, r *Report) []found {
	t := m.text()
	delayed := strings.Contains(t, "THIS IS A WARNING ONLY") || strings.Contains(lower(m.header.Get("Subject")), "still being retried")
	if len(r.Original.Header) == 0 && m.find(isMessageType) == nil {
		text, original := headerBlock(t)
		t = text
		m.setOriginal(r, original)
	}
	return readAnglePar(t, delayed)
}

// readAnglePar reads the paragraphs "<addr>: reason" and "<addr> (expanded from <orig>): reason".
func readAnglePar(t string, delayed bool) []found {
	var fs []found
	paragraphs(t, func(p string) bool {
		p = strings.TrimLeft(p, " \t")
		if p[0] != '<' {
			return true
		}
		end := strings.IndexByte(p, '>')
		if end < 0 {
			return true
		}
		f := found{addr: cleanAddress(p[:end+1])}
		rest := strings.TrimLeft(p[end+1:], " \n")
		if strings.HasPrefix(rest, "(expanded from") {
			i := strings.Index(rest, ")")
			if i < 0 {
				return true
			}
			f.orig = cleanAddress(rest[len("(expanded from"):i])
			rest = rest[i+1:]
		}
		reason, ok := strings.CutPrefix(strings.TrimLeft(rest, " \n"), ":")
		if !ok || f.addr == "" {
			return true
		}
		f.text = fold(reason)
		if delayed {
			f.action = Delayed
		}
		postfixReason(&f)
		fs = append(fs, f)
		return len(fs) < 10000
	})
	return fs
}

// postfixReason takes host, stage and reply out of a reason.
func postfixReason(f *found) {
	if rest, ok := strings.CutPrefix(f.text, "host "); ok {
		if i := strings.IndexAny(rest, "[ "); i > 0 {
			f.host = rest[:i]
		}
	}
	if i := strings.Index(f.text, "refused to talk to me: "); i >= 0 {
		f.command = "CONNECT"
	}
	if _, stage, ok := strings.Cut(f.text, " while "); ok && f.command == "" {
		switch {
		case strings.HasPrefix(stage, "receiving the initial server greeting"), strings.HasPrefix(stage, "performing the"):
			f.command = "CONNECT"
		case strings.HasPrefix(stage, "sending "):
			f.command = strings.TrimPrefix(stage, "sending ")
		}
	}
}
