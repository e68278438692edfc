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
	hyphens := len("----- ")
	for from := hyphens; ; {
		i := strings.Index(t[min(from, len(t)):], title[hyphens:]) // hyphens are everywhere
		if i < 0 {
			return -1
		}
		if i += from - hyphens; t[i:i+hyphens] != title[:hyphens] {
			from = i + hyphens + 1
			continue
		}
		before, behind := strings.TrimRight(t[:i], " \t"), trimIndent(t[i+len(title):])
		if (before == "" || before[len(before)-1] == '\n') && (behind == "" || behind[0] == '\n') {
			return i
		}
		from = i + len(title) + hyphens
	}
}

var sendmailSeparators = []string{"----- Original message follows -----", "----- Unsent message follows -----", "----- Message header follows -----", "----- Unsent Message follows -----"}

func readSendmail(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), sendmailSeparators...)
	m.setOriginal(r, original)
	h := r.Original.Header
	if len(h) == 0 {
		h = m.original()
	}
	users := &users{original: h}
	var fs []found
	for _, s := range [...]struct {
		title  string
		action Action
	}{{sendmailFatal, Failed}, {sendmailTransient, Delayed}, {sendmailSuccess, Delivered}, {sendmailProblems, Failed}} {
		if i := titleLine(text, s.title); i >= 0 {
			fs = append(fs, sendmailSection(section(text[i+len(s.title):]), s.action, users)...)
		}
	}
	if i := titleLine(text, sendmailTranscript); i >= 0 {
		fs = sendmailVerdicts(section(text[i+len(sendmailTranscript):]), fs)
	}
	for i := range fs {
		if f := &fs[i]; !isAddress(f.addr) && isAddress(f.orig) && strings.ContainsAny(f.addr, "|/ ") {
			f.addr, f.orig = f.orig, "" // a program or a file: its owner is the recipient
		}
	}
	if len(fs) == 1 && fs[0].addr == "" && len(r.Recipients) != 1 {
		return nil // a verdict that names nobody
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

// sendmailSection reads "<addr>", "    (reason: 550 ...)", "    (expanded from: <alias>)". A local
// user stands there by the name alone: users has the addresses of the original.
func sendmailSection(s string, action Action, users *users) []found {
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
		case n > 0 && line[0] == ' ' && fs[n-1].text != "" && fs[n-1].orig == "" && len(fs[n-1].text) < maxReason:
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
			if a := users.address(word); a != "" {
				word = a
			}
			if f.addr = cleanAddress(word); isAddress(f.addr) || strings.HasPrefix(word, "<") || strings.HasPrefix(word, `"|`) {
				fs = append(fs, f)
			}
		}
		return n < 10000
	})
	return fs
}

// exchange is one reply of a transcript: who gave it, and what it followed.
type exchange struct {
	reply, host, command string
	names                [2]*found // the first recipients that the reply names
}

// span is a part of a transcript.
type span struct{ start, end int }

// Each recipient's verdict and cause are looked for in the whole transcript.
const (
	mostExchanges = 2000
	mostCauses    = 1000
)

// sendmailVerdicts reads the transcript: "... while talking to HOST.:" opens a session, ">>>"
// is what was sent, "<<<" what came back, and "550 5.1.1 <addr>... text" the verdict. With
// pipelining nearness means little: a reply belongs to whom it names, then to whose reason
// it is, then to the verdict behind it.
func sendmailVerdicts(s string, fs []found) []found {
	var host, command, local string
	var output gathered
	var all []exchange
	session := 0                       // where the current session begins in all
	near := make([]span, len(fs))      // by recipient: what of all stood before its verdict
	outputs := make([]string, len(fs)) // and what its mailer or program printed
	lines(s, func(line string) bool {
		t := strings.TrimSpace(line)
		switch {
		case t == "":
		case strings.HasPrefix(t, "... while talking to "), strings.HasPrefix(t, "While talking to "), strings.HasPrefix(t, "while talking to "):
			host, command, session = strings.TrimRight(after(t, "talking to "), ".: "), "CONNECT", len(all)
		case strings.HasPrefix(t, ">>> "):
			command = strings.TrimPrefix(strings.TrimPrefix(t, ">>> "), ">>> ")
		case strings.HasPrefix(t, "<<< "):
			all = addExchange(all, exchange{reply: strings.TrimPrefix(t, "<<< "), host: host, command: command}, session)
		default:
			var i int
			if fs, i = sendmailVerdict(fs, t); i >= 0 {
				for len(near) < len(fs) {
					near, outputs = append(near, span{}), append(outputs, "")
				}
				near[i] = span{session, len(all)}
				outputs[i] = addLine(outputs[i], "\n", output.take())
			} else if code, ok := replyCode(t); ok && code >= 400 {
				local = t
			} else if !isQueueNote(t) {
				output.add("\n", t)
			}
		}
		return len(fs) < 10000 && len(all) < mostExchanges
	})
	if len(fs) == 0 && local != "" {
		return []found{{text: addLine(output.take(), "\n", local), reply: local}} // of the only recipient of the machine part
	}
	if len(fs) == 1 {
		outputs[0] = addLine(outputs[0], "\n", output.take())
	}
	giveCauses(fs, all, near, outputs, local)
	return fs
}

// giveCauses completes the recipients from the transcript.
func giveCauses(fs []found, all []exchange, near []span, outputs []string, local string) {
	causes := fs[:min(len(fs), mostCauses)]
	for i := range all {
		all[i].findNames(causes)
	}
	for i := range causes {
		f := &fs[i]
		e := causeOf(f, fs, all, near[i])
		switch {
		case e.reply != "":
			f.reply, f.host, f.command = e.reply, e.host, e.command
			f.text = withoutVerdict(f.text)
		case len(fs) == 1 && local != "":
			if code, ok := replyCode(f.text); !ok || code < 400 {
				f.reply = local
			}
		}
		if e.reply == "" {
			f.text = addLine(outputs[i], "\n", f.text)
		}
	}
}

// isQueueNote reports whether a line of a transcript is Sendmail's own, about the queue.
func isQueueNote(t string) bool {
	return strings.HasPrefix(t, "Message ") || strings.HasPrefix(t, "Warning: ") || strings.HasPrefix(t, "Will keep ")
}

// withoutVerdict takes Sendmail's own "550 5.1.1 <addr>... User unknown" off a reason: it says
// so of every 550, 551 and 553 to RCPT, whatever the words of the server that refused.
func withoutVerdict(text string) string {
	const words = "... User unknown"
	kept := ""
	lines(text, func(line string) bool {
		if !strings.HasSuffix(line, words) {
			kept = addLine(kept, "\n", line)
		}
		return true
	})
	return kept
}

// causeOf returns the exchange that refused f, one of fs.
func causeOf(f *found, fs []found, all []exchange, near span) exchange {
	reason := f.text
	if i := strings.IndexByte(reason, '\n'); i >= 0 {
		reason = reason[:i]
	}
	code, stated := replyCode(reason)
	stated = stated && code >= 400
	var byReason exchange
	for _, e := range all {
		if !isFailure(e.reply) {
			continue
		}
		if f.addr != "" && containsFold(e.reply, lower(f.addr)) {
			return e
		}
		if stated && byReason.reply == "" && strings.HasPrefix(e.reply, reason) {
			byReason = e
		}
	}
	if byReason.reply != "" || stated && !strings.Contains(reason, "... ") { // a verdict is no reason
		return byReason
	}
	if near == (span{}) && len(fs) == 1 {
		near.end = len(all)
	}
	var best exchange
	for _, e := range all[near.start:near.end] {
		// "503 Need RCPT" follows from the refusals before it.
		if isFailure(e.reply) && (best.reply == "" || !strings.HasPrefix(e.reply, "503")) && !e.namesOther(f) {
			best = e
		}
	}
	return best
}

// findNames notes whom the reply of a failure names.
func (e *exchange) findNames(fs []found) {
	if !isFailure(e.reply) {
		return
	}
	n := 0
	for i := range fs {
		if f := &fs[i]; len(f.addr) > 3 && containsFold(e.reply, lower(f.addr)) {
			e.names[n] = f
			if n++; n == len(e.names) {
				return
			}
		}
	}
}

// namesOther reports whether the reply is about another recipient than f.
func (e *exchange) namesOther(f *found) bool {
	return e.names[0] != nil && (e.names[0] != f || e.names[1] != nil)
}

func isFailure(reply string) bool {
	code, ok := replyCode(reply)
	return ok && code >= 400
}

// addExchange adds a reply, joined to the one before it in the session where that goes on.
func addExchange(all []exchange, e exchange, session int) []exchange {
	if n := len(all); n > session && goesOn(all[n-1].reply, e.reply) {
		all[n-1].reply += "\n" + e.reply
		return all
	}
	return append(all, e)
}

// goesOn says whether line is the next line of a reply whose last line was "550-...".
func goesOn(reply, line string) bool {
	last := reply[strings.LastIndexByte(reply, '\n')+1:]
	return len(line) >= 3 && len(last) > 3 && last[3] == '-' && last[:3] == line[:3] && len(reply) < maxReason
}

// addReplyLine joins "550-..." lines with the ones that follow.
func addReplyLine(replies []string, line string) []string {
	if n := len(replies); n > 0 && goesOn(replies[n-1], line) {
		replies[n-1] = addLine(replies[n-1], "\n", line)
		return replies
	}
	return append(replies, line)
}

// lastFailure returns the reply that names addr, else the last that is a failure and not the
// "need RCPT" that follows one.
func lastFailure(replies []string, addr string) string {
	best := ""
	for _, r := range replies {
		if !isFailure(r) {
			continue
		}
		if addr != "" && containsFold(r, lower(addr)) {
			return r
		}
		if best == "" || !strings.HasPrefix(r, "503") {
			best = r
		}
	}
	return best
}

// sendmailVerdict reads "550 5.1.1 <addr>... text" into its recipient and returns which that
// is, -1 for none.
func sendmailVerdict(fs []found, t string) ([]found, int) {
	head, text, ok := strings.Cut(t, "... ")
	if !ok {
		return fs, -1
	}
	addr := cleanAddress(head[strings.LastIndexByte(head, ' ')+1:])
	if addr == "" {
		return fs, -1
	}
	at := -1
	for i := range fs[:min(len(fs), mostCauses)] {
		if strings.EqualFold(fs[i].addr, addr) || strings.EqualFold(fs[i].orig, addr) || strings.IndexByte(addr, '@') < 0 && hasPrefixFold(fs[i].addr, lower(addr)+"@") {
			at = i
			break
		}
	}
	if at < 0 {
		if len(fs) > 0 || !isAddress(addr) {
			return fs, -1
		}
		fs = append(fs, found{addr: addr})
		at = len(fs) - 1
		if strings.HasPrefix(text, "Deferred") {
			fs[at].action = Delayed
		}
	}
	if f := &fs[at]; f.text == "" {
		f.text = t
	} else if !strings.Contains(f.text, text) {
		f.text += "\n" + t
	}
	return fs, at
}
