package dsn

import "strings"

// KDDI's EZweb: a reason in Japanese and English, then the recipients in angle brackets, some
// with the reply behind a colon; or a transcript:
//
//	Each of the following recipients was rejected by a remote mail server.
//	    Recipient: <kim@example.org>
//	    >>> RCPT TO:<kim@example.org>
//	    <<< 550 <kim@example.org>: User unknown
//
// Its addresses may hold dots that RFC 5321 does not allow.
func detectEzweb(m *mail) bool { return m.opens(markEzweb) }

func readEzweb(m *mail, r *Report) []found {
	text, original := headerBlock(m.text())
	m.setOriginal(r, original)
	var fs []found
	reason := ""
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		switch {
		case strings.HasPrefix(t, ">>> ") || strings.HasPrefix(t, "<<< "):
			fs = ezwebTranscript(fs, t)
		case hasPrefixFold(t, "recipient:"):
			if a := addressIn(t); a != "" {
				fs = append(fs, found{addr: a})
			}
		case strings.HasPrefix(t, "<"):
			addr, rest, ok := strings.Cut(t, ">")
			if a := cleanAddress(addr + ">"); ok && isAddress(a) {
				fs = append(fs, found{addr: a, text: strings.TrimLeft(rest, " :")})
			}
		case hasPrefixFold(t, "reason:") && n > 0:
			fs[n-1].text = strings.TrimSpace(t[len("reason:"):])
		case t != "" && isASCII(t) && n == 0 && len(reason) < 1000 && !strings.HasPrefix(t, "The following recipients did") && !strings.HasPrefix(t, "Each of the following"):
			reason += " " + t
		}
		return n < 10000
	})
	for i := range fs {
		f := &fs[i]
		if f.text == "" && f.reply == "" {
			f.text = strings.TrimSpace(reason)
		} else if f.text != "" {
			f.reply, f.command = cutInReplyTo(f.text)
		}
	}
	return fs
}

// ezwebTranscript reads ">>> RCPT TO:<addr>" and "<<< 550 ...".
func ezwebTranscript(fs []found, t string) []found {
	s := strings.TrimSpace(t[4:])
	if t[0] == '>' {
		if a := addressIn(s); a != "" && hasPrefixFold(s, "rcpt") && (len(fs) == 0 || !strings.EqualFold(fs[len(fs)-1].addr, a)) {
			fs = append(fs, found{addr: a})
		}
		if n := len(fs); n > 0 {
			fs[n-1].command = s
		}
		return fs
	}
	if n := len(fs); n > 0 {
		if code, ok := replyCode(s); ok && code >= 400 {
			fs[n-1].reply = addLine(fs[n-1].reply, "\n", s)
		}
	}
	return fs
}
