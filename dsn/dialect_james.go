package dsn

import "strings"

// Apache James. DSNBounce lists recipients and one error for all; the older Bouncer speaks like
// qmail; NotifySender and its kin show "Message details".
func detectJames(m *mail) bool {
	if m.has(markJamesNotice) && strings.Contains(m.text(), "Message details:") && strings.Contains(m.text(), "RCPT TO: ") {
		return true
	}
	return m.opens(markJames)
}

func readJames(m *mail, r *Report) []found {
	text := m.text()
	switch {
	case m.has(markJamesNotice) && strings.Contains(text, "Message details:"):
		return readJamesNotice(text)
	case strings.Contains(text, "ecipient(s):"):
		return readJamesList(text)
	}
	return readJamesBounce(m, r, text)
}

// readJamesNotice reads NotifySender: the error, then details of the message.
func readJamesNotice(text string) []found {
	var fs []found
	head, details, _ := strings.Cut(text, "Message details:")
	_, reason, _ := strings.Cut(head, "Error message below:")
	reason = clip(strings.TrimSpace(reason))
	reply := javaReply(reason)
	open := false
	lines(details, func(line string) bool {
		t := strings.TrimSpace(line)
		if v, ok := strings.CutPrefix(t, "RCPT TO:"); ok {
			open, t = true, strings.TrimSpace(v)
		} else if !isAddress(cleanAddress(t)) || strings.IndexByte(t, ' ') >= 0 {
			open = false
		}
		if a := cleanAddress(t); open && isAddress(a) {
			fs = append(fs, found{addr: a, text: reason, reply: reply})
		}
		return len(fs) < 10000
	})
	return fs
}

// readJamesList reads DSNBounce: a comma list, then the error.
func readJamesList(text string) []found {
	var fs []found
	action, reason := Failed, ""
	list := false
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(t, "Error message:"):
			list = false
			reason = clip(strings.TrimSpace(after(text, "Error message:")))
			return false
		case strings.HasSuffix(t, "ecipient(s):"):
			list = true
			switch {
			case strings.HasPrefix(t, "Delayed"):
				action = Delayed
			case strings.HasPrefix(t, "Delivered"):
				action = Delivered
			case strings.HasPrefix(t, "Relayed"):
				action = Relayed
			}
		case list:
			for _, w := range strings.Split(t, ",") {
				if a := cleanAddress(w); isAddress(a) {
					fs = append(fs, found{addr: a, action: action})
				}
			}
		}
		return len(fs) < 10000
	})
	reply := javaReply(reason)
	for i := range fs {
		fs[i].text, fs[i].reply = reason, reply
	}
	return fs
}

// readJamesBounce reads the Bouncer: recipients one a line, then the reason.
func readJamesBounce(m *mail, r *Report, text string) []found {
	if i := strings.Index(text, "This is a permanent error"); i >= 0 {
		text = text[i:]
	}
	text, original := headerBlock(text)
	m.setOriginal(r, original)
	var fs []found
	reason := ""
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		a := cleanAddress(t)
		switch {
		case isAddress(a) && strings.IndexByte(t, ' ') < 0 && reason == "":
			fs = append(fs, found{addr: a})
		case len(fs) > 0:
			reason = addLine(reason, "\n", t)
		}
		return len(fs) < 10000
	})
	reply := javaReply(reason)
	if v, ok := strings.CutPrefix(reason, "Remote mail server told me:"); ok {
		reply = strings.TrimSpace(v)
	}
	for i := range fs {
		fs[i].text, fs[i].reply = reason, reply
	}
	return fs
}

// javaReply finds the reply behind the names of exceptions; "" where the text is one itself.
func javaReply(s string) string {
	at := strings.LastIndex(s, "nested exception is:")
	if at < 0 {
		return ""
	}
	for rest := s[at:]; rest != ""; {
		line, more := cutLine(rest)
		t := strings.TrimSpace(line)
		if i := strings.LastIndex(t, "Exception: "); i >= 0 {
			t = t[i+len("Exception: "):]
		}
		if _, ok := replyCode(t); ok {
			return strings.TrimSpace(t + "\n" + more)
		}
		rest = more
	}
	return ""
}
