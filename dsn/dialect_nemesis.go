package dsn

import "strings"

// Nemesis, the server of GMX, WEB.DE and IONOS, opens like Exim; the address ends in a colon,
// and the reply stands behind "reason:", broken anywhere at column 70.
//
//	kim@example.org:
//	SMTP error from remote server for RCPT TO command, host: mx.example.org (192.0.2.25) reason: 550 unknown
//
//	--- The header of the original message is following. ---
func detectNemesis(m *mail) bool { return m.has(markNemesis) && m.opens(markZoho) }

func readNemesis(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "--- The header of the original message is following")
	m.setOriginal(r, original)
	var fs []found
	blank := true
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		switch a := cleanAddress(t); {
		case t == "":
			blank = true
			return true
		case strings.IndexByte(t, ' ') < 0 && isAddress(a) && (strings.HasSuffix(t, ":") || blank):
			fs = append(fs, found{addr: a})
		case n == 0 && strings.HasPrefix(t, "SMTP error from remote server"):
			fs = append(fs, found{text: line})
		case n > 0 && t == "For the following reason:":
		case n > 0 && len(fs[n-1].text) < maxReason:
			fs[n-1].text = joinWrapped(fs[n-1].text, line)
		}
		blank = false
		return n < 10000
	})
	if len(fs) == 1 && fs[0].addr == "" {
		if to := headerAddresses(r.Original.Header, "To", 2); len(to) == 1 {
			fs[0].addr = to[0]
		}
	}
	for i := range fs {
		nemesisReason(&fs[i])
	}
	return fs
}

// joinWrapped joins two lines; one of exactly 70 columns was cut wherever it was.
func joinWrapped(s, line string) string {
	if last := s[strings.LastIndexByte(s, '\n')+1:]; len(last)%70 == 0 {
		return s + line
	}
	return s + "\n" + line
}

func nemesisReason(f *found) {
	flat := fold(f.text)
	f.text = flat
	head, reply, ok := strings.Cut(flat, " reason: ")
	if !strings.HasPrefix(flat, "SMTP error from remote server") {
		return
	}
	if _, stage, ok := strings.Cut(head, "server for "); ok {
		f.command = stage
	} else if _, stage, ok := strings.Cut(head, "server after "); ok {
		f.command = stage
	} else if strings.Contains(head, "greeting") {
		f.command = "CONNECT"
	}
	_, host, named := strings.Cut(head, "host: ")
	f.host = hostName(host)
	switch {
	case ok:
		f.reply = reply
	case named: // the reply stands behind the host
		if _, reply, ok := strings.Cut(host, " "); ok {
			if strings.HasPrefix(reply, "(") {
				_, reply, _ = strings.Cut(reply, ") ")
			}
			f.reply = reply
		}
	}
}
