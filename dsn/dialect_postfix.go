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
			if strings.Contains(p.body, "-Queue-ID: ") && strings.Contains(p.body, "-Sender: rfc822;") {
				return true
			}
			break
		}
	}
	head := t[:min(len(t), 1500)]
	if strings.HasPrefix(head, "Transcript of session follows.") && strings.Contains(head, "\n Out: ") {
		return true
	}
	return strings.Contains(head, "This is the ") && (strings.Contains(head, "This is the mail system at host ") || strings.Contains(head, "This is the Postfix program at host ") ||
		strings.Contains(head, "This is the Postfix\nprogram at host "))
}

func readPostfix(m *mail, r *Report) []found {
	t := m.text()
	delayed := strings.Contains(t, "THIS IS A WARNING ONLY") || strings.Contains(lower(m.header.Get("Subject")), "still being retried")
	if len(r.Original.Header) == 0 && m.find(isMessageType) == nil {
		text, original := headerBlock(t)
		t = text
		m.setOriginal(r, original)
	}
	if strings.HasPrefix(t, "Transcript of session follows.") {
		return readPostfixTranscript(t)
	}
	return readAnglePar(t, delayed)
}

// readPostfixTranscript reads the notice that smtpd sends its postmaster: the whole session,
// "In:" what the client said, "Out:" what was answered.
func readPostfixTranscript(t string) []found {
	var fs []found
	var in string
	lines(t, func(line string) bool {
		switch {
		case strings.HasPrefix(line, " In:  "):
			in = line[len(" In:  "):]
		case strings.HasPrefix(line, "     ") && in != "":
			in += " " + strings.TrimSpace(line)
		case strings.HasPrefix(line, " Out: "):
			reply := line[len(" Out: "):]
			code, ok := replyCode(reply)
			if !ok || code >= 300 && code < 400 {
				break
			}
			rcpt := commandName(in) == "RCPT"
			if rcpt && code < 300 {
				fs = append(fs, found{addr: cleanAddress(after(in, ":")), command: "DATA"})
			} else if rcpt {
				fs = append(fs, found{addr: cleanAddress(after(in, ":")), command: "RCPT", reply: reply})
			} else if code >= 400 {
				for i := range fs {
					if fs[i].reply == "" {
						fs[i].reply = reply
					}
				}
			}
		}
		return len(fs) < 10000
	})
	failed := fs[:0]
	for _, f := range fs {
		if f.reply != "" {
			failed = append(failed, f)
		}
	}
	return failed
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
