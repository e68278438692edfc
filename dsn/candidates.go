package dsn

import (
	"slices"
	"strings"
)

// mention is an address in prose and how surely it is meant as a recipient.
type mention struct {
	addr      string
	weight    int  // see weigh
	item      bool // it begins a line, as in a list
	paragraph int
}

// Prose is searched with many words: these bound the work.
const (
	proseBytes      = 64 << 10 // of text
	proseRecipients = 100      // of one report
	proseMentions   = 500      // of addresses, whether of others or of the same
	proseParagraphs = 8        // behind the one that names the recipient
	mentionWindow   = 1000     // bytes around an address
	addressedWindow = 40       // bytes before it, for addressedWords
)

// candidates lists the recipients that a prose report can mean, the surest source first.
// With least > 0 only the text's own count, of at least that weight.
func (m *mail) candidates(r *Report, text string, least int) []string {
	if out := headerAddresses(m.header, "X-Failed-Recipients", m.limits.Recipients); len(out) > 0 {
		return out
	}
	to := headerAddresses(r.Original.Header, "To", m.limits.Recipients)
	to = append(to, headerAddresses(r.Original.Header, "Cc", m.limits.Recipients)...)
	ms := m.mentions(r, text, to)
	if least > 0 {
		ms = slices.DeleteFunc(ms, func(c mention) bool { return c.weight < least })
	}
	if out := surest(ms); len(out) > 0 {
		return out
	}
	if a := addressIn(decodeWords(m.header.Get("Subject"))); a != "" && !isRole(a) && !slices.ContainsFunc(headerAddresses(m.header, "To", 20), func(to string) bool { return strings.EqualFold(to, a) }) {
		return []string{a}
	}
	if least > 0 {
		return nil
	}
	if len(to) == 1 {
		return to
	}
	if out := headerAddresses(m.header, "X-Original-To", 1); len(out) > 0 && len(to) == 0 && verpAddress(out[0]) == "" {
		return out
	}
	for _, name := range [...]string{"Delivered-To", "To"} {
		for _, a := range headerAddresses(m.header, name, 5) {
			if a = verpAddress(a); a != "" {
				return []string{a}
			}
		}
	}
	return nil
}

// surest picks the mentions that are recipients: the most certain ones, and where those are
// items of a list, its other items.
func surest(ms []mention) (out []string) {
	best, items, at := 0, false, -1
	for _, c := range ms {
		if c.weight > best {
			best, at = c.weight, c.paragraph
		}
		items = items || c.item && c.weight == 4
	}
	for _, c := range ms {
		switch {
		case best == 0:
		case c.weight == best && best >= 3,
			best == 5 && c.item && c.weight >= 3,
			best == 4 && c.weight == 3 && (items && c.item || c.paragraph == at), // listed together
			c.weight == best && c.paragraph == at:
			out = append(out, c.addr)
		}
	}
	if best == 1 && len(out) > 1 {
		out = out[:1]
	}
	if best == 0 && len(ms) == 1 && !isRole(ms[0].addr) { // the only address there is
		out = append(out, ms[0].addr)
	}
	return out
}

// mentions lists the addresses of the text, except those of who wrote and who is written to.
func (m *mail) mentions(r *Report, text string, to []string) (out []mention) {
	skip := map[string]bool{}
	for _, name := range [...]string{"From", "To", "Reply-To", "Return-Path", "Sender", "Delivered-To"} {
		for _, a := range headerAddresses(m.header, name, 20) {
			skip[lower(a)] = true
		}
	}
	most := min(m.limits.Recipients, proseRecipients)
	for _, name := range [...]string{"From", "Return-Path", "Sender", "Reply-To"} {
		for _, a := range headerAddresses(r.Original.Header, name, 20) {
			skip[lower(a)] = true
		}
	}
	n, looked := 0, 0
	last := ""             // the paragraph before
	at := map[string]int{} // in out
	paragraphs(text, func(p string) bool {
		above := last
		last = p
		if n++; strings.IndexByte(p, '@') < 0 {
			return true
		}
		heading := headingOf(strings.TrimSpace(above) + "\n")
		headed := 0 // up to where it was looked for in p
		low := phrased(firstBytes(p, proseBytes))
		fails := failurePhrases.in(low) || reasonWords.in(low)
		for from := 0; from < len(p) && len(out) < most && looked < proseMentions; looked++ {
			a := addressIn(p[from:])
			if a == "" {
				break
			}
			i := from + strings.Index(p[from:], a)
			from = i + len(a)
			if bare := strings.TrimLeft(a, "'`"); isAddress(bare) { // quoted
				a, i = bare, from-len(bare)
			}
			l := lower(a)
			start := max(0, i-mentionWindow)
			near := p[start:min(len(p), from+mentionWindow)]
			if skip[l] || isVirusName(l) || inURL(near, i-start, from-start) {
				continue
			}
			w, item := weigh(near, a, i-start, fails, to)
			if k := strings.LastIndex(p[headed:i], ":\n"); k >= 0 {
				heading = headingOf(p[:headed+k+2])
			}
			headed = i
			switch j, again := at[l]; {
			case w < 0, item && (accepted(p[from:]) || tellsSuccess(heading)):
			case !again:
				at[l] = len(out)
				out = append(out, mention{a, w, item, n})
			case w > out[j].weight && (out[j].weight < 2 || w == 5): // named in passing before
				out[j] = mention{a, w, item, n}
			}
		}
		return len(out) < most && looked < proseMentions
	})
	return out
}

// isVirusName knows "w32/klez.h@mm": who names viruses marks the mass mailers so.
func isVirusName(a string) bool { return strings.HasSuffix(a, "@mm") || strings.HasSuffix(a, "@m") }

// tellsSuccess reports whether the items below the heading are those that were served.
func tellsSuccess(heading string) bool {
	h := phrased(heading)
	return h != "" && successHeadings.in(h) && !failurePhrases.in(h) && !containsAny(h, notWords[:])
}

// headingOf returns the nearest line in front of the end of before that ends with a colon.
func headingOf(before string) string {
	i := strings.LastIndex(before, ":\n")
	if i < 0 {
		return ""
	}
	return before[strings.LastIndexByte(before[:i], '\n')+1 : i]
}

// accepted reports whether what follows an address on its line is a reply of success.
func accepted(rest string) bool {
	line, _ := cutLine(rest)
	line = strings.TrimLeft(line, " \t=>:-|")
	for _, w := range [...]string{"delivered", "accepted", "sent", "ok"} { // "delivered  250 2.0.0 Ok"
		if hasPrefixFold(line, w) {
			line = strings.TrimLeft(line[len(w):], " \t=>:-|")
			if line == "" {
				return true
			}
		}
	}
	code, ok := replyCode(line)
	return ok && code < 300
}

// weigh judges the address a at p[i:]: 5, it begins a line that goes on with a reply; 4, the returned
// message was sent to it; 3, it begins a line or follows a label; 2, its sentence speaks of failure
// and offers no help; 1, its paragraph speaks of failure; -1, it is no recipient.
func weigh(p, a string, i int, fails bool, to []string) (weight int, item bool) {
	if strings.HasSuffix(strings.TrimRight(p[:i], " <\n"), "from") && strings.Contains(p[max(0, i-24):i], "(") {
		return -1, false // "(expanded from <alias>)"
	}
	if line := p[strings.LastIndexByte(p[:i], '\n')+1 : i]; strings.EqualFold(strings.TrimSpace(line), "from") {
		return -1, false // "from root@localhost": who handed it in
	}
	item = beginsLine(p[:i]) && endsItem(p[i+len(a):]) || inAddressList(p, i)
	if item && repliesTo(p[i+len(a):]) {
		return 5, true
	}
	for _, t := range to {
		if strings.EqualFold(t, a) {
			return 4, item
		}
	}
	line := p[strings.LastIndexByte(p[:i], '\n')+1 : i]
	label := strings.Replace(strings.TrimRight(lower(line), " \t<\"'"), "mail from you ", "mail ", 1)
	label = strings.Replace(label, "dear sender", "", 1)
	for _, s := range [...]string{"message-id", "from:", "mail from", "sender", "von:", "de :", "de:", "da:", "van:", "od:", "от:", "发件人", "寄件者", "差出人", "送信者", "reply-to", "contact:", "e-mail:", "email:"} {
		if strings.Contains(label, s) {
			return -1, false
		}
	}
	if hasSuffixOf(strings.TrimRight(phrased(p[max(0, i-addressedWindow):i]), " <\"'"), writerWords) {
		return -1, false
	}
	label = cutListed(label)
	if i := strings.LastIndex(label, ". "); i >= 0 {
		label = label[i+2:]
	}
	if i := strings.LastIndexByte(label, '@'); containsAny(label[i+1:], insteadWords) {
		return -1, false
	}
	switch {
	case item && isRole(a):
		return 2, true
	case item:
		return 3, true
	}
	label = strings.TrimLeft(label, " \t*-")
	if named := strings.TrimRight(label, ":： \t"); named != label {
		switch {
		case isRole(a) && !slices.Contains(recipientNames[:], named):
			return -1, false
		case isRole(a), containsAny(label, recipientLabels):
			return 3, false
		}
	}
	weight = weighSentence(p, a, i, fails)
	return weight, weight == 3
}

// weighSentence is weigh for an address in the middle of prose.
func weighSentence(p, a string, i int, fails bool) int {
	s := withoutAddresses(phrased(sentence(p, i)))
	addressed := hasSuffixOf(strings.TrimRight(phrased(p[max(0, i-addressedWindow):i]), " <\"'"), addressedWords)
	if isRole(a) && !addressed {
		return -1
	}
	whole, _ := cutLine(p[strings.LastIndexByte(p[:i], '\n')+1:])
	switch reply, _ := firstReply(whole); {
	case reply != "": // the server names whom it refused
		return 2
	case !addressed && !actsItself(p, i, i+len(a)) && helpWords.in(strings.ReplaceAll(s, "trying to contact", "")):
		return -1
	case failurePhrases.in(s) || reasonWords.in(s) || retryPhrases.in(s):
		if rest, _ := cutLine(p[i+len(a):]); beginsLine(p[:i]) && len(rest) > 0 && (failurePhrases.in(phrased(rest)) || reasonWords.in(phrased(rest))) {
			return 3 // "kim@example.org could not be found"
		}
		return 2
	case fails && containsAny(s, yourMessage): // "the mail you sent to kim@example.org"
		return 2
	case fails || addressed:
		return 1
	}
	return 0
}

// actsItself reports whether the address at p[i:j] begins a line and is what the sentence is about:
// "kim@example.org has chosen to receive mail from contacts only".
func actsItself(p string, i, j int) bool {
	if !beginsLine(p[:i]) {
		return false
	}
	for _, s := range [...]string{" has ", " does ", " could ", " cannot ", " can't ", " was ", " wasn't ", " is not ", " isn't "} {
		if strings.HasPrefix(p[j:], s) {
			return true
		}
	}
	return false
}

// withoutAddresses takes the addresses out of a sentence: help@example.org offers no help.
func withoutAddresses(s string) string {
	a := addressIn(s)
	if a == "" {
		return s
	}
	var b strings.Builder
	for ; a != ""; a = addressIn(s) {
		before, rest, _ := strings.Cut(s, a)
		b.WriteString(before)
		s = rest
	}
	return b.String() + s
}

// hasSuffixOf reports whether s ends with one of words.
func hasSuffixOf(s string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.HasSuffix(s, w) })
}

// inAddressList reports whether the line around p[i] holds several addresses and nothing else.
func inAddressList(p string, i int) bool {
	line, _ := cutLine(p[strings.LastIndexByte(p[:i], '\n')+1:])
	return strings.Count(line, "@") > 1 && strings.Trim(withoutAddresses(line), " \t,;<>\"'*-") == ""
}

// endsItem reports whether what follows an address that begins a line can follow an item of a
// list: nothing, or a reason set apart.
func endsItem(rest string) bool {
	line, _ := cutLine(rest)
	line = strings.TrimLeft(line, ">\"')]")
	if t := strings.TrimSpace(line); t == "" || t == "." || t == "," || t == ";" {
		return true
	}
	if repliesTo(line) {
		return true
	}
	for _, s := range [...]string{":", " :", "  ", "\t", " (", " [", " - ", "...", " ...", " --", " failed", " =>", "：", " – "} {
		if strings.HasPrefix(line, s) {
			return true
		}
	}
	return false
}

// repliesTo reports whether what follows an address on its line is a reply.
func repliesTo(rest string) bool {
	line, _ := cutLine(rest)
	code, ok := replyCode(strings.TrimLeft(line, " \t>:)-([#"))
	return ok && code >= 400
}

// cutListed takes the addresses off that stand between a label and the address behind them:
// "recipients: a@example.org, b@example.org,".
func cutListed(label string) string {
	for n := 0; n < 100; n++ {
		t := strings.TrimRight(label, " \t<>,;\"'")
		i := strings.LastIndexAny(t, " \t<,;:\"'") + 1
		if len(t) == len(label) || !isAddress(t[i:]) {
			break
		}
		label = strings.TrimRight(t[:i], " \t<\"'")
	}
	return label
}

// sentence returns the sentence around p[i].
func sentence(p string, i int) string {
	start, end := 0, len(p)
	for _, stop := range [...]string{". ", ".\n", "! ", "? ", "。", ":\n"} {
		if j := strings.LastIndex(p[:i], stop); j >= 0 {
			start = max(start, j+len(stop))
		}
		if j := strings.Index(p[i:], stop); j >= 0 {
			end = min(end, i+j)
		}
	}
	return p[start:max(start, end)]
}

// inURL reports whether p[i:j] is part of an address of the web.
func inURL(p string, i, j int) bool {
	start := strings.LastIndexAny(p[:i], " \t\n<>\"'()") + 1
	word := p[start:j]
	return strings.Contains(word, "://") || strings.HasPrefix(word, "www.") || strings.Contains(word, "//")
}

// isRole reports whether a is where help is to be had.
func isRole(a string) bool {
	local, _, _ := strings.Cut(lower(a), "@")
	switch local {
	case "postmaster", "abuse", "support", "help", "helpdesk", "hostmaster", "noc", "webmaster", "mailer-daemon", "admin", "administrator", "noreply", "no-reply", "mailmaster", "servicedesk", "it-support", "security", "mailman", "listserv", "majordomo", "sympa":
		return true
	}
	return false
}

// verpAddress reads the recipient out of "bounces+kim=example.org@example.net".
func verpAddress(a string) string {
	local := a[:max(strings.LastIndexByte(a, '@'), 0)]
	eq := strings.LastIndexByte(local, '=')
	if eq <= 0 || strings.IndexByte(local[eq:], '.') < 0 {
		return ""
	}
	user, domain := local[:eq], local[eq+1:]
	if i := strings.LastIndexByte(user, '+'); i >= 0 {
		user = user[i+1:]
	} else if i := strings.LastIndexByte(user, '-'); i >= 0 {
		user = user[i+1:]
	}
	if a = user + "@" + domain; isAddress(a) {
		return a
	}
	return ""
}
