package dsn

import "strings"

// readGeneric is the last resort: a mail that has the signs of a bounce and words of failure,
// in no format that has a name. Subject and From alone never suffice.
func (m *mail) readGeneric(r *Report) bool {
	if m.isRobotNews() || m.isConversation() {
		return false
	}
	signs := m.signs()
	r.Original.Header = m.original()
	if signs < 2 && (signs < 1 || len(r.Original.Header) == 0 || strings.TrimSpace(m.header.Get("Return-Path")) != "<>") {
		*r = Report{Header: m.header}
		return false
	}
	fs := m.genericRecipients(r, signs)
	if len(fs) == 0 {
		*r = Report{Header: m.header}
		return false
	}
	r.Kind, r.Dialect = DeliveryStatus, "generic"
	m.merge(r, fs)
	return true
}

// signs counts what speaks for a bounce, less what speaks against it.
func (m *mail) signs() int {
	if !m.signsDone {
		m.signsDone, m.signCount = true, m.countSigns()
	}
	return m.signCount
}

func (m *mail) countSigns() int {
	n := 0
	h := m.header
	switch rp := strings.TrimSpace(h.Get("Return-Path")); {
	case rp == "<>" || hasPrefixFold(rp, "<mailer-daemon"):
		n++
	case rp != "" && !isRobot(rp):
		n-- // a report has no return path, and robots name themselves
	}
	if isRobot(h.Get("From")) {
		n++
	}
	subject := lower(decodeWords(h.Get("Subject")))
	if bounceSubjects.in(subject) {
		n++
	}
	if hasPrefixFold(h.Get("Auto-Submitted"), "auto-") {
		n++
	}
	if h.Get("X-Failed-Recipients") != "" {
		n += 2
	}
	if m.parts[0].value == "multipart/report" {
		n++
	}
	if isAnswer(subject) {
		n -= 2
	}
	if h.Get("User-Agent") != "" && h.Get("Auto-Submitted") == "" { // a person's program
		n -= 2
	}
	return n
}

// signsEnough is how many signs a text must have that gives neither a reply nor the returned
// message, and wants the reader to follow a link.
const signsEnough = 3

// genericRecipients finds recipients and reasons in prose. A mail that claims to be a report
// (many signs, or a multipart/report) need not say so in words.
func (m *mail) genericRecipients(r *Report, signs int) []found {
	text := m.prose(r)
	low := lower(text)
	reply, line := firstReply(text)
	claimed := m.parts[0].value == "multipart/report"
	if !claimed && !failurePhrases.in(low) && (reply == "" || signs <= signsEnough && !reasonWords.in(low)) {
		return nil
	}
	if !claimed && reply == "" && len(r.Original.Header) == 0 && signs < signsEnough && strings.Contains(low, "http") {
		return nil
	}
	action := Failed
	if delayPhrases.in(low) && !finalPhrases.in(low) {
		action = Delayed
	}
	addrs := m.candidates(r, text)
	var fs []found
	for _, a := range addrs {
		f := found{addr: a, action: action}
		f.text, f.reply = reasonFor(text, a, addrs)
		if other := addressIn(reply); f.reply == "" && (len(addrs) == 1 || other == "" || strings.EqualFold(other, a)) {
			f.reply = reply
		}
		if f.text == "" && (len(addrs) == 1 || f.reply == reply) {
			f.text = line
		}
		fs = append(fs, f)
	}
	return fs
}

// prose returns the text without the returned message, which it notes in r.
func (m *mail) prose(r *Report) string {
	text, original := cutOriginal(m.text(), genericSeparators...)
	if original == "" {
		text, original = headerBlock(text)
	}
	m.setOriginal(r, original)
	return firstBytes(text, proseBytes)
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// firstReply finds the first line of text that holds an SMTP reply of a failure.
func firstReply(text string) (reply, line string) {
	lines(text, func(l string) bool {
		t := strings.TrimSpace(l)
		if at, _ := findCode(t); at >= 0 && t[at] >= '4' && (at < 200 || strings.HasSuffix(t[:at], ": ")) {
			reply, line = t[at:], t
			if at > 0 { // a reply in brackets or quotes
				if i := strings.IndexByte("[(\"", t[at-1]); i >= 0 {
					reply = strings.TrimRight(strings.TrimRight(reply, "."), "])\""[i:i+1])
				}
			}
			return false
		}
		if st, _, _ := findStatus(t); !st.IsZero() && st.Class >= 4 && line == "" {
			line = t
		}
		return true
	})
	if reply == "" {
		reply = line
	}
	return reply, line
}

// reasonFor returns what the text says of addr, and the reply in there: what stands behind
// the address on a line that begins with it, else its paragraph; then the paragraphs behind
// it, up to the next recipient; then the one before it.
func reasonFor(text, addr string, addrs []string) (reason, reply string) {
	before, behind := "", -1 // paragraphs behind the one with the address
	paragraphs(text, func(p string) bool {
		if behind < 0 {
			i := indexFold(p, lower(addr))
			if i < 0 {
				before = p
				return true
			}
			if start := max(0, i-mentionWindow); len(p) > 4*mentionWindow {
				start = strings.LastIndexByte(p[:start], '\n') + 1
				p, i = firstBytes(p[start:], i-start+3*mentionWindow), i-start
			}
			behind = 0
			if labelled := labelledReason(p); labelled != "" && len(addrs) == 1 {
				reason = labelled
			} else if reason = p; beginsLine(p[:i]) {
				reason = cutAtOthers(firstBytes(p[i+len(addr):], 4*mentionWindow), addrs)
				reason = strings.TrimRight(strings.TrimLeft(reason, " >:)\n\"'.,;-"), " \n,;")
			}
			// The reply stands on the address's line or behind it; failing that, before it.
			line := p[strings.LastIndexByte(p[:i], '\n')+1:]
			if beginsLine(p[:i]) {
				line = p[i+len(addr):]
			}
			for _, s := range [...]string{strings.TrimLeft(cutAtOthers(line, addrs), " >:)\n"), strings.TrimLeft(reason, " >:)\n")} {
				if rp, _ := firstReply(s); rp != "" {
					reply = joinFrom(s, rp)
					return false
				}
			}
			return true
		}
		if behind++; behind > proseParagraphs {
			return false
		}
		p = firstBytes(p, 4*mentionWindow)
		if rest := cutAtOthers("\n"+p, addrs); len(rest) < len(p) && strings.TrimSpace(rest) == "" {
			return false // the next recipient
		}
		if labelled := labelledReason(p); reason == "" && labelled != "" {
			reason = labelled
		} else if low := lower(p); reasonWords.in(low) && !helpWords.in(low) && !reasonWords.in(lower(reason)) {
			reason = strings.TrimSpace(reason + " " + p)
		}
		if rp, _ := firstReply(p); rp != "" {
			if reason == "" {
				reason = p
			}
			reply = joinFrom(p, rp)
			return false
		}
		return true
	})
	if reason == "" {
		reason = before
	}
	return reason, reply
}

// labelledReason returns the value of the first line of p such as "Reason: mailbox full".
func labelledReason(p string) (reason string) {
	lines(p, func(line string) bool {
		label, value, ok := strings.Cut(line, ":")
		if l, v, wide := strings.Cut(line, "："); wide && (!ok || len(l) < len(label)) {
			label, value, ok = l, v, true
		}
		if !ok || strings.TrimSpace(value) == "" {
			return true
		}
		label = strings.Trim(lower(label), " \t*-")
		for _, l := range reasonLabels {
			if label == l {
				reason = strings.TrimSpace(value)
				return false
			}
		}
		return true
	})
	return reason
}

// beginsLine reports whether what precedes an address on its line is decoration alone.
func beginsLine(before string) bool {
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return strings.Trim(line, " \t<>*-\"'[(|") == "" || strings.Trim(line, " \t\u2022\u00b7\u30fb") == ""
}

// cutAtOthers returns s up to a line that begins with one of addrs.
func cutAtOthers(s string, addrs []string) string {
	end := len(s)
	for _, a := range addrs {
		if i := indexFold(s, lower(a)); i >= 0 && i < end && strings.IndexByte(s[:i], '\n') >= 0 && beginsLine(s[:i]) {
			end = strings.LastIndexByte(s[:i], '\n')
		}
	}
	return s[:end]
}

// joinFrom returns the reply with its further lines: those of the same code, and what prose
// wraps; not the next command, label, item or reply.
func joinFrom(p, reply string) string {
	i := strings.Index(p, reply)
	if i < 0 {
		return reply
	}
	end := i + len(reply)
	for end < len(p) && end-i < 4*mentionWindow {
		line, _ := cutLine(p[end+1:])
		if !continuesReply(reply, line) {
			break
		}
		end += 1 + len(line)
	}
	return p[i:min(end, len(p))]
}

// continuesReply reports whether line can go on with a reply.
func continuesReply(reply, line string) bool {
	t := strings.TrimSpace(line)
	if code, ok := replyCode(t); ok && code >= 200 {
		at, _ := findCode(reply)
		return at >= 0 && t[:3] == reply[at:at+3]
	}
	if t == "" || strings.HasPrefix(t, ">>>") || strings.HasPrefix(t, "<<<") || strings.HasPrefix(t, "- ") || strings.HasPrefix(t, "* ") || strings.HasPrefix(t, "Sent ") || strings.HasPrefix(t, "-->") || strings.HasPrefix(t, "<--") {
		return false
	}
	if a := addressIn(t); a != "" {
		if j := strings.Index(t, a); beginsLine(t[:j]) && (endsItem(t[j+len(a):]) || t[0] == '<') {
			return false
		}
	}
	if label, _, ok := strings.Cut(t, ":"); ok && len(label) < 30 && strings.IndexByte(label, '<') < 0 && strings.Count(label, " ") < 3 && label != "" && 'A' <= label[0] && label[0] <= 'Z' && !strings.Contains(lower(label), "http") {
		return false
	}
	return true
}
