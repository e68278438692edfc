package dsn

import "strings"

// mention is an address in prose and how surely it is meant as a recipient.
type mention struct {
	addr      string
	weight    int // see weigh
	paragraph int
}

// Prose is searched with many words: these bound the work.
const (
	proseBytes      = 64 << 10 // of text
	proseRecipients = 100      // of one report
	proseParagraphs = 8        // behind the one that names the recipient
	mentionWindow   = 1000     // bytes around an address
)

// candidates lists the recipients that a prose report can mean, the surest source first.
func (m *mail) candidates(r *Report, text string) []string {
	if out := headerAddresses(m.header, "X-Failed-Recipients", m.limits.Recipients); len(out) > 0 {
		return out
	}
	to := headerAddresses(r.Original.Header, "To", m.limits.Recipients)
	to = append(to, headerAddresses(r.Original.Header, "Cc", m.limits.Recipients)...)
	if out := surest(m.mentions(r, text, to)); len(out) > 0 {
		return out
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

// surest picks the mentions that are recipients.
func surest(ms []mention) (out []string) {
	best := 0
	for _, c := range ms {
		best = max(best, c.weight)
	}
	if best == 0 {
		return nil
	}
	at := -1
	for _, c := range ms {
		switch {
		case c.weight == best && (best >= 3 || at < 0 || at == c.paragraph):
			at = c.paragraph
			out = append(out, c.addr)
		case best == 4 && c.weight == 3 && at == c.paragraph: // listed together
			out = append(out, c.addr)
		}
		if best < 2 && len(out) == 1 {
			return out
		}
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
	n := 0
	paragraphs(text, func(p string) bool {
		n++
		low := lower(firstBytes(p, proseBytes))
		fails := containsAny(low, failurePhrases) || containsAny(low, reasonWords)
		for from := 0; from < len(p) && len(out) < most; {
			a := addressIn(p[from:])
			if a == "" {
				break
			}
			i := from + strings.Index(p[from:], a)
			from = i + len(a)
			l := lower(a)
			start := max(0, i-mentionWindow)
			near := p[start:min(len(p), from+mentionWindow)]
			if skip[l] || inURL(near, i-start, from-start) {
				continue
			}
			if w := weigh(near, a, i-start, fails, to); w >= 0 {
				skip[l] = true
				out = append(out, mention{a, w, n})
			}
		}
		return len(out) < most
	})
	return out
}

// weigh judges the address a at p[i:]: 4, the returned message was sent to it; 3, it begins a
// line or follows a label; 2, its sentence speaks of failure and offers no help; 1, its
// paragraph speaks of failure; -1, it is no recipient.
func weigh(p, a string, i int, fails bool, to []string) int {
	if strings.HasSuffix(strings.TrimRight(p[:i], " <\n"), "from") && strings.Contains(p[max(0, i-24):i], "(") {
		return -1 // "(expanded from <alias>)"
	}
	for _, t := range to {
		if strings.EqualFold(t, a) {
			return 4
		}
	}
	line := p[strings.LastIndexByte(p[:i], '\n')+1 : i]
	label := strings.TrimRight(lower(line), " \t<\"'")
	for _, s := range [...]string{"message-id", "from:", "mail from", "sender", "von:", "de :", "de:", "da:", "van:", "od:", "от:", "发件人", "寄件者", "差出人", "送信者", "reply-to", "contact:", "e-mail:", "email:"} {
		if strings.Contains(label, s) {
			return -1
		}
	}
	rest := p[i+len(a):]
	item := beginsLine(p[:i]) && endsItem(rest)
	switch {
	case item && isRole(a):
		return 2
	case item:
		return 3
	case isRole(a):
		return -1
	}
	if strings.HasSuffix(label, ":") || strings.HasSuffix(label, "：") {
		if containsAny(label, recipientLabels) {
			return 3
		}
	}
	s := lower(sentence(p, i))
	switch {
	case containsAny(s, helpWords):
		return 0
	case containsAny(s, failurePhrases) || containsAny(s, reasonWords):
		return 2
	case fails:
		return 1
	}
	return 0
}

// endsItem reports whether what follows an address that begins a line can follow an item of a
// list: nothing, or a reason set apart.
func endsItem(rest string) bool {
	line, _ := cutLine(rest)
	line = strings.TrimLeft(line, ">\"')]")
	if t := strings.TrimSpace(line); t == "" || t == "." || t == "," || t == ";" {
		return true
	}
	for _, s := range [...]string{":", " :", "  ", "\t", " (", " [", " - ", "...", " ...", " --", " failed", " =>", "：", " – "} {
		if strings.HasPrefix(line, s) {
			return true
		}
	}
	return false
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
	case "postmaster", "abuse", "support", "help", "helpdesk", "hostmaster", "noc", "webmaster", "mailer-daemon", "admin", "administrator", "noreply", "no-reply", "mailmaster", "servicedesk", "it-support", "security":
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
