package dsn

import "strings"

// reasonText is a text in which the reasons of several recipients are looked for. What does not depend on
// the recipient is found out once.
type reasonText struct {
	addrs      []string // all that the text may be about
	paragraphs []paragraph
}

type paragraph struct {
	text  string
	heard *heard // nil until somebody asks
}

// heard is what a paragraph behind the one with the address tells.
type heard struct {
	said                        string // without titles and guesses
	labelled                    string
	reply                       string
	next                        bool      // it begins with an address
	names                       [2]string // the first of the addresses in there
	moved, goesOn, reason, help bool
}

func newReasonText(text string, addrs []string) *reasonText {
	t := &reasonText{addrs: addrs}
	paragraphs(text, func(p string) bool {
		t.paragraphs = append(t.paragraphs, paragraph{text: p})
		return true
	})
	return t
}

// reasonFor returns what the text says of addr, and the reply in there: what stands behind
// the address on a line that begins with it, else its paragraph; then the paragraphs behind
// it, up to the next recipient; then the one before it.
func (t *reasonText) reasonFor(addr string) (reason, reply string) {
	before, at, i := "", 0, -1
	for at = range t.paragraphs {
		if i = indexAddress(t.paragraphs[at].text, addr); i >= 0 {
			break
		}
		before = t.paragraphs[at].text
	}
	announced := false // the paragraph with the address ends with a colon
	if i >= 0 {
		p := t.paragraphs[at].text
		if start := max(0, i-mentionWindow); len(p) > 4*mentionWindow {
			start = strings.LastIndexByte(p[:start], '\n') + 1
			p, i = firstBytes(p[start:], i-start+3*mentionWindow), i-start
		}
		announced = strings.HasSuffix(strings.TrimRight(p, " \n"), ":")
		reason, reply = reasonAt(p, i, addr, t.addrs)
		if reply == "" {
			reason, reply = t.reasonBehind(at, addr, reason, announced)
		}
	}
	if reason == "" || before != "" && reply == "" && !reasonWords.in(phrased(reason)) {
		before = withoutTitle(firstBytes(before, 4*mentionWindow))
		if i < 0 && !reasonWords.in(phrased(before)) {
			before = t.reasonAnywhere(before)
		}
		if reason == "" || reasonWords.in(phrased(before)) {
			reason = before
		}
	}
	return reason, reply
}

// reasonBehind adds what the paragraphs behind that at at say to the reason of addr.
func (t *reasonText) reasonBehind(at int, addr, reason string, announced bool) (string, string) {
	labels := false // a label gave the reason
	for n := range t.paragraphs[at+1 : min(len(t.paragraphs), at+1+proseParagraphs)] {
		h := t.hear(at + 1 + n)
		if h.next || h.names[0] != "" && (h.names[0] != addr || h.names[1] != "") {
			break // the next recipient
		}
		switch {
		case h.labelled != "" && (reason == "" || !labels):
			reason, labels = addLine(reason, " ", h.labelled), true
		case len(t.addrs) == 1 && h.moved, n == 0 && h.goesOn,
			h.reason && (n == 0 && announced || !h.help && !reasonWords.in(phrased(reason))):
			reason = addLine(reason, " ", h.said)
		}
		if h.reply != "" {
			if reason == "" {
				reason = firstBytes(t.paragraphs[at+1+n].text, 4*mentionWindow)
			}
			return reason, h.reply
		}
	}
	return reason, ""
}

// reasonAnywhere returns the first paragraph of a text that does not name the recipient in which
// a reason stands, else last.
func (t *reasonText) reasonAnywhere(last string) string {
	left := 4 * mentionWindow
	for i := range t.paragraphs {
		p := firstBytes(t.paragraphs[i].text, left)
		said := withoutGuess(withoutTitle(p))
		if isReason(said) && !helpWords.in(phrased(said)) {
			return said
		}
		if left -= len(p); left <= 0 {
			break
		}
	}
	return last
}

// hear reads a paragraph, once.
func (t *reasonText) hear(at int) *heard {
	if h := t.paragraphs[at].heard; h != nil {
		return h
	}
	p := firstBytes(t.paragraphs[at].text, 4*mentionWindow)
	h := &heard{said: withoutGuess(withoutTitle(p))}
	t.paragraphs[at].heard = h
	if rest := cutAtOthers("\n"+p, t.addrs); len(rest) < len(p) && strings.TrimSpace(rest) == "" {
		h.next = true
		return h
	}
	if n := 0; len(t.addrs) > 1 {
		for _, a := range t.addrs {
			if n < len(h.names) && a != h.names[0] && indexAddress(p, a) >= 0 {
				h.names[n] = a
				n++
			}
		}
	}
	low := phrased(h.said)
	h.labelled = labelledReason(h.said)
	h.moved = movedWords.in(low) && addressIn(h.said) != ""
	h.goesOn = goesOnBelow(h.said)
	h.reason, h.help = reasonWords.in(low), helpWords.in(low)
	if rp, _ := firstReply(p); rp != "" {
		h.reply = joinFrom(p, rp)
	}
	return h
}

// goesOnBelow reports whether a paragraph goes on with the sentence in front of an address that
// has a paragraph for itself: "because the message contained a virus".
func goesOnBelow(p string) bool {
	t := strings.TrimSpace(p)
	return t != "" && 'a' <= t[0] && t[0] <= 'z' && !strings.HasSuffix(t, ":") && addressIn(t) == ""
}

// reasonAt returns what the paragraph p says of addr at p[i:], and the reply in there.
func reasonAt(p string, i int, addr string, addrs []string) (reason, reply string) {
	own := ownLines(p, i, addrs)
	line := p[strings.LastIndexByte(p[:i], '\n')+1:]
	switch labelled := labelledReason(p); {
	case labelled != "" && len(addrs) == 1:
		reason = labelled
	case beginsLine(p[:i]):
		rest := p[i+len(addr):]
		line = rest
		rest = firstBytes(rest, 4*mentionWindow)
		reason = cutAtOthers(rest, addrs)
		last := len(reason) == len(rest)
		reason = strings.TrimPrefix(reason, "<mailto:"+addr+">")
		reason = strings.TrimRight(strings.TrimLeft(reason, " >:)\n\"'.,;-"), " \n,;")
		if len(addrs) == 1 && inSentence(p[:i]) {
			reason = p // a sentence that wrapped before the address
		}
		if !last {
			reason = underHeading(reason, headingOf(p[:i]))
		}
	case own != "":
		reason, line = own, own
	default:
		reason = p
	}
	said := withoutGuess(withoutTitle(reason))
	// The reply stands on the address's line or behind it; failing that, before it.
	for _, s := range [...]string{strings.TrimLeft(cutAtOthers(line, addrs), " >:)\n"), strings.TrimLeft(reason, " >:)\n")} {
		if rp, _ := firstReply(s); rp != "" {
			return said, joinFrom(s, rp)
		}
	}
	return said, ""
}

// indexAddress finds addr in p where it is not part of another: kim@example.org is not in
// joakim@example.org.. One that a machine part does not have, "", is nowhere.
func indexAddress(p, addr string) int {
	if addr == "" {
		return -1
	}
	addr = lower(addr)
	for from := 0; ; {
		i := indexFold(p[from:], addr)
		if i < 0 {
			return -1
		}
		i += from
		from = i + len(addr)
		if i > 0 && (isAtomByte(p[i-1]) || p[i-1] == '.') || from < len(p) && (isAtomByte(p[from]) || p[from] == '.' && from+1 < len(p) && isAtomByte(p[from+1])) {
			continue
		}
		return i
	}
}

// isAtomByte knows the bytes that go on with a name in an address.
func isAtomByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '+'
}

// underHeading returns what stands behind an item of a list, without the heading of the next list,
// else the heading over its own: "Invalid recipients:".
func underHeading(reason, heading string) string {
	if strings.HasSuffix(reason, ":") {
		reason = strings.TrimSpace(reason[:strings.LastIndexByte(reason, '\n')+1])
	}
	if reason == "" && reasonWords.in(phrased(heading)) {
		return heading
	}
	return reason
}

// ownLines returns the lines of p that are about the address at p[i:] alone, where its line and
// those up to the next recipient's hold a reason: "Kim (kim@example.org)", "Mailbox is full".
func ownLines(p string, i int, addrs []string) string {
	if len(addrs) < 2 {
		return ""
	}
	p = p[strings.LastIndexByte(p[:i], '\n')+1:]
	own, named := 0, 0
	lines(p, func(line string) bool {
		for _, a := range addrs {
			if indexAddress(line, a) >= 0 {
				named++
			}
		}
		if named > 1 {
			return false
		}
		own += len(line) + 1
		return true
	})
	own = min(own, len(p))
	if own == 0 || !reasonWords.in(withoutAddresses(phrased(p[:own]))) {
		return ""
	}
	return p[:own]
}

// isReason tells a reason from a greeting: those say that they have given up.
func isReason(s string) bool {
	s = phrased(s)
	return reasonWords.in(s) && !strings.Contains(s, "given up") && !strings.Contains(s, "permanent error")
}

// fillReasons looks in the human part for the reason that the machine part does not give.
func (m *mail) fillReasons(r *Report) {
	var addrs []string
	text := ""
	var said *reasonText
	for i := range r.Recipients {
		c := &r.Recipients[i]
		if c.DiagnosticCode.Value != "" || c.Action != Failed && c.Action != Delayed || i >= proseRecipients || !isAddress(c.FinalRecipient.Value) {
			continue
		}
		if addrs == nil {
			text = m.prose(r)
			for j := range r.Recipients[:min(len(r.Recipients), proseRecipients)] {
				addrs = append(addrs, r.Recipients[j].FinalRecipient.Value)
			}
			said = newReasonText(text, addrs)
		}
		if indexFold(text, lower(c.FinalRecipient.Value)) < 0 {
			continue
		}
		if reason, reply := said.reasonFor(c.FinalRecipient.Value); reply != "" || isReason(reason) {
			if other := addressIn(reply); other != "" && len(addrs) > 1 && !strings.EqualFold(other, c.FinalRecipient.Value) {
				continue
			}
			f := found{text: clip(reason), reply: clip(reply)}
			f.complete(c)
		}
	}
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
	line := withoutNumber(before[strings.LastIndexByte(before, '\n')+1:])
	return strings.Trim(line, " \t<>*-\"'[(|") == "" || strings.Trim(line, " \t\u2022\u00b7\u30fb") == ""
}

// inSentence reports whether the line before the one that ends before ends amid a sentence.
func inSentence(before string) bool {
	above := strings.TrimRight(before[:strings.LastIndexByte(before, '\n')+1], " \t\n")
	if above == "" {
		return false
	}
	c := above[len(above)-1]
	return 'a' <= c && c <= 'z' || c == ','
}

// withoutNumber takes "[1] ", "1. ", "#1 " and "1) " off: the number of an item.
func withoutNumber(line string) string {
	t := strings.TrimLeft(line, " \t[(#")
	_, n := number(t)
	switch {
	case n == 0 || n == len(t):
		return line
	case t[n] == ' ' && strings.HasSuffix(line[:len(line)-len(t)], "#"):
	case strings.IndexByte(".)]:", t[n]) < 0 || n+1 < len(t) && t[n+1] != ' ':
		return line
	}
	return t[n+1:]
}

// cutAtOthers returns s up to a line that begins with one of addrs. A machine part can lack an
// address: "".
func cutAtOthers(s string, addrs []string) string {
	end := len(s)
	for _, a := range addrs {
		if a == "" {
			continue
		}
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
	if t == "" || strings.HasPrefix(t, "Giving up on ") || strings.HasPrefix(t, ">>>") || strings.HasPrefix(t, "<<<") || strings.HasPrefix(t, "- ") || strings.HasPrefix(t, "* ") || strings.HasPrefix(t, "Sent ") || strings.HasPrefix(t, "-->") || strings.HasPrefix(t, "<--") {
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
