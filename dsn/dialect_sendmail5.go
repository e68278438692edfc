package dsn

import "strings"

// Sendmail 4 and 5 and what the Unix vendors made of them: a transcript and the unsent message,
// no list of recipients, no enhanced codes. Each verdict names its recipient:
//
//	While talking to mx.example.org:
//	>>> RCPT To:<kim@example.org>
//	<<< 550 no such user
//	550 <kim@example.org>... User unknown
//
// One command was in flight at a time, so nearness does mean something here.
const (
	sendmail5Recipients = "----- Recipients of this delivery -----"
	sendmail5Unsent     = "----- Unsent message follows -----"
)

func detectSendmail5(m *mail) bool {
	t := m.text()
	if !strings.Contains(t, "----- ") {
		return false
	}
	if titleLine(t, sendmail5Recipients) >= 0 {
		return true
	}
	return titleLine(t, sendmailTranscript) >= 0 && (titleLine(t, sendmail5Unsent) >= 0 || strings.Contains(t, "\nWhile talking to ")) &&
		titleLine(t, sendmailFatal) < 0 && titleLine(t, sendmailTransient) < 0 && titleLine(t, sendmailProblems) < 0 && m.find(isStatusType) == nil
}

func readSendmail5(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), sendmailSeparators...)
	m.setOriginal(r, original)
	var fs []found
	general := ""
	if i := titleLine(text, sendmailTranscript); i >= 0 {
		fs, general = sendmail5Transcript(section(text[i+len(sendmailTranscript):]))
	}
	if i := titleLine(text, sendmail5Recipients); i >= 0 {
		fs = sendmail5List(section(text[i+len(sendmail5Recipients):]), fs)
	}
	users := users{original: r.Original.Header}
	for i := range fs {
		if fs[i].text == "" {
			fs[i].text = general
		}
		if !isAddress(fs[i].addr) {
			fs[i].addr = users.address(fs[i].addr)
		}
	}
	if len(fs) == 0 && general != "" {
		fs = deferredTo(general, r.Original.Header)
	}
	return fs
}

// deferredTo returns the recipients of the original at the host that a verdict names, or the
// only one there is: "421 example.org (smtp)... Deferred: Connection timed out".
func deferredTo(verdict string, original Header) (fs []found) {
	all := append(headerAddresses(original, "To", 100), headerAddresses(original, "Cc", 100)...)
	head, _, _ := strings.Cut(lower(verdict), "... ")
	for _, a := range all {
		if _, domain, _ := strings.Cut(lower(a), "@"); len(all) == 1 || strings.Contains(head+" ", domain+" ") {
			fs = append(fs, found{addr: a, text: verdict})
		}
	}
	return fs
}

// users finds what a bare user name in a report stands for: a recipient of the original with that
// local part.
type users struct {
	original Header
	all      map[string]string // nil until somebody asks
}

// address returns the address of a user, or "".
func (u *users) address(name string) string {
	if strings.IndexByte(name, '@') >= 0 {
		return ""
	}
	if u.all == nil {
		u.all = map[string]string{}
		for _, field := range [...]string{"Cc", "To"} {
			for _, a := range headerAddresses(u.original, field, 100) {
				local, _, _ := strings.Cut(lower(a), "@")
				u.all[local] = a
			}
		}
	}
	return u.all[lower(name)]
}

// sendmail5Transcript reads the verdicts in their order. general is the last one that names a
// host alone.
func sendmail5Transcript(s string) (fs []found, general string) {
	var host, command string
	var replies []string
	lines(s, func(line string) bool {
		t := strings.TrimSpace(line)
		switch {
		case t == "":
		case hasPrefixFold(t, "while talking to "), strings.HasPrefix(t, "... while talking to "):
			host = strings.TrimRight(after(t, "alking to "), ".: ")
			command, replies = "", replies[:0]
		case strings.HasPrefix(t, ">>> "):
			command, replies = t[4:], replies[:0]
		case strings.HasPrefix(t, "<<< "):
			replies = addReplyLine(replies, t[4:])
		default:
			head, text, ok := strings.Cut(t, "... ")
			if !ok {
				if code, coded := replyCode(t); coded && code >= 400 { // "421 example.org: Host example.org is down"
					general = t
				}
				return true
			}
			if strings.HasSuffix(head, ")") { // "550 example.org (smtp)... Host unknown": a host, perhaps another than before
				general = t
				if host == "" || !strings.Contains(head, host) {
					host, command, replies = "", "", replies[:0]
				}
				return true
			}
			if f, ok := sendmail5Verdict(t, head, text); ok && isHost(f.addr) {
				general = t
			} else if ok {
				if reply := lastFailure(replies, f.addr); reply != "" {
					f.reply, f.host, f.command = reply, host, command
				}
				fs = addVerdict(fs, f)
			}
		}
		return len(fs) < 1000
	})
	return fs, general
}

// sendmail5Verdict reads "550 <addr>... text", or "addr... text" of version 4.
func sendmail5Verdict(t, head, text string) (found, bool) {
	code, coded := replyCode(head)
	word := head
	if coded {
		if code < 400 {
			return found{}, false
		}
		word = strings.TrimSpace(head[3:])
	}
	addr := cleanAddress(word)
	if addr == "" || strings.IndexByte(word, ' ') >= 0 && !strings.HasPrefix(word, "<") {
		return found{}, false
	}
	if strings.HasPrefix(text, "Connecting to ") || strings.HasPrefix(text, "Sent") {
		return found{}, false
	}
	f := found{addr: addr, text: t}
	if c, ok := replyCode(text); ok && c >= 400 {
		f.reply = text
	}
	if strings.HasPrefix(text, "Deferred") {
		f.action = Delayed
	}
	return f, true
}

// addVerdict adds a recipient; of two verdicts on one the later is final.
func addVerdict(fs []found, f found) []found {
	for i := range fs {
		if strings.EqualFold(fs[i].addr, f.addr) {
			if f.reply == "" {
				f.reply, f.host, f.command = fs[i].reply, fs[i].host, fs[i].command
			}
			fs[i] = f
			return fs
		}
	}
	return append(fs, f)
}

// sendmail5List reads the list of recipients: "Bounced, cannot deliver:" and the addresses
// below it.
func sendmail5List(s string, fs []found) []found {
	action := None
	lines(s, func(line string) bool {
		t := strings.TrimSpace(line)
		if strings.HasSuffix(t, ":") && strings.IndexByte(t, '@') < 0 {
			low := lower(t)
			switch {
			case strings.Contains(low, "cannot deliver"), strings.HasPrefix(low, "bounced"):
				action = Failed
			case strings.Contains(low, "not yet"), strings.Contains(low, "deferred"), strings.Contains(low, "queued"):
				action = Delayed
			case strings.Contains(low, "delivered"), strings.Contains(low, "sent"):
				action = Delivered
			}
			return true
		}
		if a := cleanAddress(t); isAddress(a) && action != None {
			for i := range fs {
				if strings.EqualFold(fs[i].addr, a) {
					fs[i].action = action
					return true
				}
			}
			fs = append(fs, found{addr: a, action: action})
		}
		return len(fs) < 1000
	})
	return fs
}
