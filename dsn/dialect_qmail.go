package dsn

import "strings"

// qmail and its family write QSBMF (D. J. Bernstein, 1997): a greeting, a paragraph a
// recipient that begins "<addr>:", a paragraph that begins with "-", the original.
func detectQmail(m *mail) bool {
	t := m.text()
	if len(t) > 2000 {
		t = t[:2000]
	}
	return strings.Contains(t, "Hi. This is the qmail-send program at") || strings.Contains(t, "Hi. This is the ") && strings.Contains(t, "qmail") ||
		strings.Contains(t, "Sorry, we were unable to deliver your message to the following address") ||
		strings.Contains(t, ">:\n") && (strings.Contains(t, "\n--- Below this line is a copy of the message.") ||
			strings.Contains(t, "Remote host said: ") && strings.Contains(t, "\nGiving up on ")) // the greeting translated
}

func readQmail(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "--- Below this line is ", "--- Enclosed are the original headers", "--- Original message follows", "--- Enclosed is a copy of the message", "--- Undelivered message follows")
	m.setOriginal(r, original)
	return readQSBMF(text)
}

// readQSBMF reads the recipient paragraphs "<addr>:\nreason". Relays lose the blank line
// before them; a program's output may hold blank lines of its own.
func readQSBMF(text string) []found {
	var fs []found
	blank := true
	lines(text, func(line string) bool {
		line = strings.TrimRight(line, " \t")
		t := strings.TrimLeft(line, " \t")
		n := len(fs)
		switch i := strings.LastIndex(t, ">:"); {
		case t == "":
			blank = true
			return true
		case t[0] == '<' && i > 0 && (blank || i+2 == len(t)):
			fs = append(fs, found{addr: cleanAddress(t[:i+1]), text: strings.TrimSpace(t[i+2:])})
		case n > 0 && t[0] == '-' && blank:
		case n > 0 && len(fs[n-1].text) < maxReason:
			fs[n-1].text += "\n" + line
		}
		blank = false
		return n < 10000
	})
	for i := range fs {
		fs[i].text = strings.TrimSpace(fs[i].text)
		qmailReason(&fs[i])
		fs[i].text = withoutGivingUp(fs[i].text)
	}
	return fs
}

// qmailReason takes the remote's reply and the stage out of qmail-remote's texts.
func qmailReason(f *found) {
	if i := strings.Index(f.text, "Remote host said: "); i >= 0 {
		f.reply = f.text[i+len("Remote host said: "):]
		if j := strings.Index(f.reply, "Giving up on "); j >= 0 {
			f.reply = f.reply[:j]
		}
		if j := strings.LastIndex(f.reply, "I'm not going to try again"); j > 0 {
			f.reply = f.reply[:j]
		}
	}
	for _, s := range [...]struct{ mark, command string }{
		{"does not like recipient", "RCPT"},
		{"but sender was rejected", "MAIL"},
		{"but greeting failed", "CONNECT"},
		{"but my name was rejected", "HELO"},
		{"failed on DATA command", "DATA"},
		{"failed after I sent the message", "."},
		{"[RCPT_TO]", "RCPT"}, {"[MAIL_FROM]", "MAIL"}, {"[CONNECT]", "CONNECT"}, {"[HELO]", "HELO"}, {"[DATA]", "DATA"}, {"[BODY]", "."},
	} {
		if strings.Contains(f.text, s.mark) {
			f.command = s.command
			break
		}
	}
	if line, _ := cutLine(f.text); strings.Contains(line, "does not like recipient") || strings.Contains(line, "failed ") || strings.HasPrefix(line, "Connected to ") {
		line = strings.TrimPrefix(line, "Connected to ")
		if i := strings.IndexByte(line, ' '); i > 0 && strings.Count(line[:i], ".") >= 1 {
			f.host = line[:i]
		}
	}
}

// withoutGivingUp takes "Giving up on 192.0.2.1." off: qmail-remote ends every refusal so, the
// first as well as the last.
func withoutGivingUp(text string) string {
	i := strings.LastIndex(text, "\nGiving up on ")
	if i < 0 {
		return text
	}
	_, rest := cutLine(text[i+1:])
	return strings.TrimSpace(text[:i+1] + rest)
}
