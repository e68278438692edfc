package dsn

import "strings"

// Sendmail, savemail.c: sections under titles between five hyphens, each optional.
const (
	sendmailFatal      = "----- The following addresses had permanent fatal errors -----"
	sendmailTransient  = "----- The following addresses had transient non-fatal errors -----"
	sendmailSuccess    = "----- The following addresses had successful delivery notifications -----"
	sendmailProblems   = "----- The following addresses had delivery problems -----"
	sendmailTranscript = "----- Transcript of session follows -----"
)

func detectSendmail(m *mail) bool {
	t := m.text()
	return titleLine(t, sendmailTranscript) >= 0 || titleLine(t, sendmailFatal) >= 0 || titleLine(t, sendmailTransient) >= 0 || titleLine(t, sendmailProblems) >= 0
}

// titleLine finds a line that holds the title alone: prose can quote it.
func titleLine(t, title string) int {
	for from := 0; ; {
		i := strings.Index(t[from:], title)
		if i < 0 {
			return -1
		}
		i += from
		start := strings.LastIndexByte(t[:i], '\n') + 1
		line, _ := cutLine(t[i+len(title):])
		if isBlank(t[start:i]) && isBlank(line) {
			return i
		}
		from = i + len(title)
	}
}

var sendmailSeparators = []string{"----- Original message follows -----", "----- Unsent message follows -----", "----- Message header follows -----", "----- Unsent Message follows -----"}

func readSendmail(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), sendmailSeparators...)
	m.setOriginal(r, original)
	var fs []found
	for _, s := range [...]struct {
		title  string
		action Action
	}{{sendmailFatal, Failed}, {sendmailTransient, Delayed}, {sendmailSuccess, Delivered}, {sendmailProblems, Failed}} {
		if i := titleLine(text, s.title); i >= 0 {
			fs = append(fs, sendmailSection(section(text[i+len(s.title):]), s.action)...)
		}
	}
	if i := titleLine(text, sendmailTranscript); i >= 0 {
		fs = sendmailVerdicts(section(text[i+len(sendmailTranscript):]), fs)
	}
	return fs
}

// section returns s up to the next title.
func section(s string) string {
	for i := 0; ; {
		n := strings.Index(s[i:], "----- ")
		if n < 0 {
			return s
		}
		n += i
		if start := strings.LastIndexByte(s[:n], '\n') + 1; isBlank(s[start:n]) {
			return s[:start]
		}
		i = n + 6
	}
}

// sendmailSection reads "<addr>", "    (reason: 550 ...)", "    (expanded from: <alias>)".
func sendmailSection(s string, action Action) []found {
	var fs []found
	lines(s, func(line string) bool {
		trimmed := strings.TrimSpace(line)
		n := len(fs)
		switch {
		case trimmed == "":
		case n > 0 && strings.HasPrefix(trimmed, "(reason: "):
			fs[n-1].text = strings.TrimSuffix(trimmed[len("(reason: "):], ")")
		case n > 0 && strings.HasPrefix(trimmed, "(expanded from: "):
			fs[n-1].orig = cleanAddress(strings.TrimSuffix(trimmed[len("(expanded from: "):], ")"))
		case n > 0 && line[0] == ' ' && fs[n-1].text != "" && fs[n-1].orig == "" && len(fs[n-1].text) < 1<<14:
			fs[n-1].text += " " + strings.TrimSuffix(trimmed, ")")
		default:
			f := found{action: action}
			word := trimmed
			if i := strings.Index(trimmed, "  ("); i > 0 {
				word, f.text = trimmed[:i], strings.Trim(trimmed[i:], " ()")
				if f.text == "unrecoverable error" || f.text == "transient failure" {
					f.text = ""
				}
			}
			if f.addr = cleanAddress(word); isAddress(f.addr) || strings.HasPrefix(word, "<") || strings.HasPrefix(word, `"|`) {
				fs = append(fs, f)
			}
		}
		return n < 10000
	})
	return fs
}

// sendmailVerdicts reads the transcript: "... while talking to HOST.:" opens a session, ">>>"
// is what was sent, "<<<" what came back, and "550 5.1.1 <addr>... text" the verdict. With
// pipelining nearness means nothing: a reply belongs to whom it names.
func sendmailVerdicts(s string, fs []found) []found {
	var host, command string
	var replies []string // of the current session, multi-line ones joined
	lines(s, func(line string) bool {
		t := strings.TrimSpace(line)
		switch {
		case t == "":
		case strings.HasPrefix(t, "... while talking to "), strings.HasPrefix(t, "While talking to "), strings.HasPrefix(t, "while talking to "):
			host = strings.TrimRight(after(t, "talking to "), ".: ")
			replies = replies[:0]
		case strings.HasPrefix(t, ">>> "):
			command = strings.TrimPrefix(strings.TrimPrefix(t, ">>> "), ">>> ")
		case strings.HasPrefix(t, "<<< "):
			replies = addReplyLine(replies, strings.TrimPrefix(t, "<<< "))
		default:
			fs = sendmailVerdict(fs, t, host, command, replies)
		}
		return len(fs) < 10000
	})
	for i := range fs {
		f := &fs[i]
		if f.reply == "" && f.text == "" && len(replies) > 0 {
			f.reply, f.host, f.command = lastFailure(replies, ""), host, command
		}
	}
	return fs
}

// addReplyLine joins "550-..." lines with the ones that follow.
func addReplyLine(replies []string, line string) []string {
	if n := len(replies); n > 0 && len(line) > 3 {
		last := replies[n-1]
		if i := strings.LastIndexByte(last, '\n') + 1; len(last)-i > 3 && last[i+3] == '-' && last[i:i+3] == line[:3] {
			replies[n-1] += "\n" + line
			return replies
		}
	}
	return append(replies, line)
}

// sendmailVerdict reads "550 5.1.1 <addr>... text" and gives its recipient the reply that
// caused it.
func sendmailVerdict(fs []found, t, host, command string, replies []string) []found {
	head, text, ok := strings.Cut(t, "... ")
	if !ok {
		// "554 5.3.0 unknown mailer error 1" names nobody: clear where there is one recipient.
		if code, ok := replyCode(t); ok && code >= 400 && len(fs) == 1 && fs[0].reply == "" {
			fs[0].reply = t
		}
		return fs
	}
	addr := cleanAddress(head[strings.LastIndexByte(head, ' ')+1:])
	if addr == "" {
		return fs
	}
	var f *found
	for i := range fs {
		if strings.EqualFold(fs[i].addr, addr) || strings.EqualFold(fs[i].orig, addr) {
			f = &fs[i]
			break
		}
	}
	if f == nil {
		if len(fs) > 0 || !isAddress(addr) {
			return fs
		}
		fs = append(fs, found{addr: addr})
		f = &fs[len(fs)-1]
		if strings.HasPrefix(text, "Deferred") {
			f.action = Delayed
		}
	}
	if reply := lastFailure(replies, addr); reply != "" {
		// The section's "(reason: 550 ...)" is of this recipient for sure; a reply that does
		// not name it may be another's.
		if code, ok := replyCode(f.text); !ok || code < 400 || containsFold(reply, lower(addr)) || strings.Contains(reply, strings.TrimSuffix(f.text[4:], ")")) {
			f.reply = reply
		}
		f.host, f.command = host, command
	}
	if f.text == "" {
		f.text = t
	} else if !strings.Contains(f.text, text) {
		f.text += "\n" + t
	}
	return fs
}

// lastFailure returns the reply that names addr, else the last that is a failure and not the
// "need RCPT" that follows one.
func lastFailure(replies []string, addr string) string {
	best := ""
	for _, r := range replies {
		code, ok := replyCode(r)
		if !ok || code < 400 {
			continue
		}
		if addr != "" && containsFold(r, lower(addr)) {
			return r
		}
		if code == 503 && best != "" {
			continue
		}
		best = r
	}
	return best
}
