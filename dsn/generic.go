package dsn

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// readGeneric is the last resort: a mail that has the signs of a bounce and words of failure,
// in no format that has a name. Subject and From alone never suffice.
func (m *mail) readGeneric(r *Report) bool {
	if m.isRobotNews() || m.isConversation() {
		return false
	}
	signs := m.signs()
	r.Original.Header = m.original()
	if signs == 1 && len(r.Original.Header) == 0 {
		m.prose(r) // notes the original
	}
	returns := len(r.Original.Header) > 0 && m.header.Get("Return-Path") == "" && m.fromRobot()
	if signs < 2 && (signs < 1 || !returns && (!m.nullPath() || len(r.Original.Header) == 0 && !m.speaksOfYours() && !m.showsSession() && !m.quotesRefusal())) {
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

// nullPath reports whether the mail has the return path of reports (RFC 5321 4.5.5).
func (m *mail) nullPath() bool { return strings.TrimSpace(m.header.Get("Return-Path")) == "<>" }

// speaksOfYours reports whether a sentence says that the reader's own message failed.
func (m *mail) speaksOfYours() bool {
	text := phrased(m.textHead())
	for _, w := range yourMessage {
		if i := strings.Index(text, w); i >= 0 {
			if s := sentence(text, i); failurePhrases.in(s) || retryPhrases.in(s) || delayPhrases.in(s) || strings.Contains(s, "virus") {
				return true
			}
		}
	}
	return false
}

// showsSession reports whether the text holds a dialogue in which a recipient was refused.
func (m *mail) showsSession() bool {
	_, rest, ok := strings.Cut(firstBytes(m.text(), proseBytes), "RCPT TO:<")
	_, rest, _ = strings.Cut(rest, "\n")
	for ok && rest != "" {
		var line string
		line, rest = cutLine(rest)
		if reply, heard := strings.CutPrefix(strings.TrimSpace(line), "<<< "); heard {
			code, ok := replyCode(reply)
			return ok && code >= 400
		}
	}
	return false
}

// quotesRefusal reports whether the text quotes a full reply of a server that refused.
func (m *mail) quotesRefusal() bool {
	reply, _ := firstReply(firstBytes(m.text(), proseBytes))
	return isFullReply(reply)
}

// isFullReply reports whether s begins with the code of a failure and an enhanced status: what
// nothing but a mail server writes.
func isFullReply(s string) bool {
	code, ok := replyCode(s)
	if !ok || code < 400 || len(s) < 9 {
		return false
	}
	_, n, ok := statusAt(s[4:])
	return ok && n > 0
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
	if m.fromRobot() {
		n++
	}
	subject := m.subject()
	if m.subjectFails(subject) {
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
	if isAnswer(subject) && !(m.nullPath() && m.fromRobot()) || containsFold(h.Get("From"), "quarantine") || digestSubjects.in(subject) {
		n -= 2
	}
	if h.Get("User-Agent") != "" && h.Get("Auto-Submitted") == "" { // a person's program
		n -= 2
	}
	return n
}

// subjectFails reports whether the subject, in lower case, speaks of a failure or delay.
func (m *mail) subjectFails(subject string) bool {
	return bounceSubjects.in(subject) || failurePhrases.in(subject) || m.fromRobot() && (troubleSubjects.in(subject) || delaySubjects.in(subject))
}

// signsEnough is how many signs a text must have that gives neither a reply nor the returned
// message, and wants the reader to follow a link.
const signsEnough = 3

// genericRecipients finds recipients and reasons in prose. A mail that claims to be a report
// (many signs, or a multipart/report) need not say so in words.
func (m *mail) genericRecipients(r *Report, signs int) []found {
	text := m.prose(r)
	low := phrased(text)
	reply, line := firstReply(text)
	reported := m.parts[0].value == "multipart/report"
	claimed := reported || m.claimsInHeader() && !m.isNews(low)
	if !reported && inboundPhrases.in(low) || containsAny(low, logWords[:]) { // a server's log about mail that came in
		return nil
	}
	if !claimed && !failurePhrases.in(low) && !retryPhrases.in(low) && !m.givesReason(low, reply, signs) {
		return nil
	}
	least, action := 0, m.proseAction(low)
	if !claimed && reply == "" && len(r.Original.Header) == 0 && signs < signsEnough && strings.Contains(low, "http") {
		if action == Delayed || !reasonWords.in(low) || !m.speaksOfYours() || containsAny(low, wantsAnswer[:]) {
			return nil
		}
		least = 2
	}
	if !claimed && reply == "" && signs < signsEnough && (!failurePhrases.in(low) || len(r.Original.Header) == 0 && !m.subjectFails(m.subject()) && !m.speaksOfYours()) {
		least = 2
	}
	addrs := m.candidates(r, text, least)
	var fs []found
	said := newReasonText(text, addrs)
	for _, a := range addrs {
		f := found{addr: a, action: action}
		f.text, f.reply = said.reasonFor(a)
		fs = append(fs, f)
	}
	taken := func(f found) bool { return f.reply != "" && strings.Contains(f.reply, reply) }
	general := !slices.ContainsFunc(fs, taken) // the reply is about all of them
	for i := range fs {
		f, a := &fs[i], fs[i].addr
		if other := addressIn(reply); f.reply == "" && (len(addrs) == 1 || general && other == "" || strings.EqualFold(other, a)) {
			f.reply = reply
		}
		if f.text == "" && (len(addrs) == 1 || f.reply == reply) {
			f.text = line
		}
		if len(addrs) == 1 && f.reply == "" && !reasonWords.in(phrased(f.text)) {
			f.text = m.elsewhere(r, text, f.text)
		}
	}
	return fs
}

// logWords stand in the log lines of Postfix and Exim about mail that came in.
var logWords = [...]string{"noqueue: reject", "reject: rcpt from ", "reject: mail from ", "> rejected rcpt <", "> rejected after data"}

// wantsAnswer stands in what wants the reader to follow a link, as challenges and phishing do.
var wantsAnswer = [...]string{"confirm", "verif", "click", "release", "authenticat", "log in", "login", "sign in", "upgrade", "bestätig", "klick", "cliqu", "clic", "нажмите", "点击", "クリック"}

// elsewhere finds the reason of the only recipient where the text near its address gives none:
// behind a label anywhere, or behind the colon of the subject.
func (m *mail) elsewhere(r *Report, text, reason string) string {
	if labelled := labelledReason(text); labelled != "" {
		return labelled
	}
	subject := decodeWords(m.header.Get("Subject"))
	original := fold(decodeWords(r.Original.Header.Get("Subject")))
	if original == "" || strings.Contains(fold(subject), original) {
		return reason // "Undeliverable: Unknown user in our shop" repeats what was sent
	}
	if _, s, ok := strings.Cut(subject, ": "); ok && reasonWords.in(phrased(s)) && bounceSubjects.in(lower(subject)) {
		return strings.TrimSpace(reason + "\n" + fold(s))
	}
	return reason
}

// isNews reports whether a mail system tells about accounts or itself, or that a message arrived.
func (m *mail) isNews(low string) bool {
	return arrivedPhrases.in(low) || newsWords.in(low) || newsWords.in(m.subject())
}

// claimsInHeader reports whether return path, sender and subject all say that this is a report.
func (m *mail) claimsInHeader() bool {
	return m.nullPath() && m.fromRobot() && bounceSubjects.in(m.subject())
}

// givesReason reports whether a text without words of failure still tells one: a reply, or a
// reason in a mail whose header leaves no doubt.
func (m *mail) givesReason(low, reply string, signs int) bool {
	subject := m.subject()
	if newsWords.in(subject) || reply == "" && (newsWords.in(low) || arrivedPhrases.in(low)) {
		return false
	}
	sure := m.nullPath() && (bounceSubjects.in(subject) || m.fromRobot() && troubleSubjects.in(subject))
	if m.nullPath() && isFullReply(reply) {
		return true
	}
	return (reply != "" || sure) && (reply != "" && signs > signsEnough || reasonWords.in(low))
}

// proseAction tells a delay from a failure; low is the text as [phrased] returns it.
func (m *mail) proseAction(low string) Action {
	switch {
	case finalPhrases.in(low):
		return Failed
	case retryPhrases.in(low):
		return Delayed
	case failedPhrases.in(low), failedSubjects.in(m.subject()):
		return Failed
	case delayPhrases.in(low), delaySubjects.in(m.subject()):
		return Delayed
	}
	return Failed
}

// phrased returns s as phrases are looked for in it: in lower case, its lines joined (without a
// blank between two characters of a script that has none), curly quotes straight.
func phrased(s string) string {
	s = lower(s)
	if strings.Contains(s, "\u2019") {
		s = strings.ReplaceAll(s, "\u2019", "'")
	}
	if strings.IndexByte(s, '\n') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	lines(s, func(line string) bool {
		line = strings.TrimSpace(line)
		if n := b.Len(); n > 0 && (line == "" || line[0] < utf8.RuneSelf || !endsWide(b.String()) || isHangul(line)) {
			b.WriteByte(' ')
		}
		b.WriteString(line)
		return true
	})
	return b.String()
}

// isHangul reports whether s begins with a character of the one script of East Asia that has
// blanks between its words.
func isHangul(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return 0xac00 <= r && r <= 0xd7a3
}

// prose returns the text without the returned message, which it notes in r.
func (m *mail) prose(r *Report) string {
	text, original := cutOriginal(m.text(), genericSeparators...)
	if original == "" {
		whole := text
		if text, original = headerBlock(text); !isBlank(text) && isSummary(original) && !failurePhrases.in(phrased(firstBytes(text, mentionWindow))) {
			text = whole
			original, _, _ = strings.Cut(original, "\n\n")
		}
	}
	if head, rest, ok := strings.Cut(original, "\n\n"); ok && isBlank(text) && failurePhrases.in(phrased(firstBytes(rest, mentionWindow))) {
		text, original = rest, head // what it is about stands first
	}
	if isBlank(text) && isSummary(original) {
		head, rest, _ := strings.Cut(original, "\n\n")
		if reply, _ := firstReply(head); reply != "" || looksLikeHeader(rest) {
			text, original = head, rest // labels alone
		}
	}
	m.setOriginal(r, original)
	return firstBytes(text, proseBytes)
}

// isSummary tells the table in which a gateway says what it stopped ("Sender:", "Subject:",
// "Action:") from the header of a returned message.
func isSummary(block string) bool {
	block, _, _ = strings.Cut(block, "\n\n")
	for _, name := range [...]string{"received:", "message-id:", "mime-version:", "content-type:", "return-path:"} {
		if containsFold(block, name) {
			return false
		}
	}
	return block != ""
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
			if strings.Trim(reply[3:], " .)]\"'") == "" && strings.LastIndexAny(t[:at], "([") >= 0 {
				reply = t // "the reason (reply code 550)"
				return false
			}
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
