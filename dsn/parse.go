package dsn

import (
	"strings"
	"sync"
	"time"
)

// Parse reads one message. raw may be any bytes, with any line ends, cut anywhere; at most
// Limits.Bytes of it are read, and it is not kept. The error is nil or [ErrNotReport];
// whatever claims to be a report gives one, perhaps with Problems, perhaps without
// recipients.
func (p *Parser) Parse(raw []byte) (*Report, error) {
	m := mails.Get().(*mail)
	defer m.release()
	m.limits = p.Limits.withDefaults()
	r := new(Report)
	if !m.parse(normalize(m.head(raw)), r) {
		return nil, ErrNotReport
	}
	return r, nil
}

// Read is [Parser.Parse] without copies: the report is valid until the next call, and as long as raw is
// not changed.
func (rd *Reader) Read(raw []byte) (*Report, error) {
	rd.m.reset()
	rd.m.limits = rd.Limits.withDefaults()
	r := &rd.report
	*r = Report{Recipients: rd.recipients[:0]}
	if !rd.m.parse(rd.m.plain(rd.m.head(raw)), r) {
		return nil, ErrNotReport
	}
	if rd.recipients = r.Recipients; len(r.Recipients) == 0 {
		r.Recipients = nil
	}
	return r, nil
}

// head returns what of raw is read.
func (m *mail) head(raw []byte) []byte {
	if len(raw) > m.limits.Bytes {
		m.problem("bytes_limit", "")
		return raw[:m.limits.Bytes]
	}
	return raw
}

// parse reads a message with plain line ends into r, and reports whether it is a report.
func (m *mail) parse(s string, r *Report) bool {
	m.header, m.body = m.parseHeader(stripEnvelope(s))
	m.walk(m.header, m.body, 0, -1, false)
	r.Header = m.header
	if !m.read(r) {
		return false
	}
	r.Received = m.received()
	m.finish(r)
	return true
}

// mails keeps what a mail needs while it is read and no report holds on to: its parts.
var mails = sync.Pool{New: func() any { return new(mail) }}

func (m *mail) release() {
	m.fields, m.arena = nil, arena{} // the report's
	m.reset()
	mails.Put(m)
}

// reset makes m ready for another message. Memory is kept where it is of the usual size.
func (m *mail) reset() {
	clear(m.parts)
	*m = mail{parts: keep(m.parts, 64), fields: keep(m.fields, 256), raw: keep(m.raw, 64<<10), lineEnds: keep(m.lineEnds, mostLines), arena: arena{buf: keep(m.arena.buf, 64<<10)}}
}

// keep returns s, emptied, unless it is larger than most.
func keep[E any](s []E, most int) []E {
	if cap(s) > most {
		return nil
	}
	return s[:0]
}

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&l.Bytes, 512<<10)
	def(&l.Depth, 20)
	def(&l.Parts, 1000)
	def(&l.HeaderLine, 64<<10)
	def(&l.HeaderLines, 10000)
	def(&l.Recipients, 1000)
	def(&l.Work, 16<<20)
	return l
}

// read tries the readers in order, the surest first, and reports whether one took the mail.
func (m *mail) read(r *Report) bool {
	// Complaints come first, but looking for those that lack their form is work, and a mail
	// with a machine part is none of them.
	feedback := m.parts[0].report == "feedback-report" || m.find(isStatusType) == nil
	switch {
	case feedback && m.readFeedback(r):
	case isChallenger(m.header.Get("From")) && m.readChallenge(r, byField): // some dress as a report
	case m.readDeliveryStatus(r):
	case m.readDisposition(r):
	case m.readNotification(r):
	case m.readChallenge(r, byField):
	case m.readDialect(r):
	case m.readAttached(r):
	case m.readChallenge(r, byText):
	case m.signs() >= signsEnough && m.readGeneric(r): // reports say Auto-Submitted too
	case m.readAutoReply(r):
	case m.readGeneric(r):
	default:
		return false
	}
	if len(r.Original.Header) == 0 {
		r.Original.Header = m.original()
	}
	return true
}

// readDeliveryStatus reads a mail that has a machine part, wherever it hangs and whatever
// the outer type says, and completes it from the human part.
func (m *mail) readDeliveryStatus(r *Report) bool {
	claimed := (m.parts[0].value == "multipart/report" || m.parts[0].report != "") && (m.parts[0].report == "" || m.parts[0].report == "delivery-status")
	n := 0
	for i := range m.parts {
		if p := &m.parts[i]; !p.inside && isStatusType(p.value) {
			m.readStatus(r, m.transferDecoded(p))
			n++
		}
	}
	if n == 0 || len(r.Recipients) == 0 {
		if s := m.strayStatus(); s != "" {
			m.readStatus(r, s)
			m.problem("stray_delivery_status", "")
			n++
		}
	}
	if n == 0 && !claimed {
		return false
	}
	r.Kind = DeliveryStatus
	r.Dialect = "rfc3464"
	r.Original.Header = m.original()
	if d := m.dialect(); d != nil {
		r.Dialect = d.name
		m.merge(r, d.read(m, r))
	}
	if len(r.Recipients) == 0 {
		m.merge(r, m.genericRecipients(r, signsEnough))
	}
	m.fillReasons(r)
	return true
}

// strayStatus finds the fields of a machine part where no part says so: under a wrong type,
// in plain text, quoted by a person who forwarded it.
func (m *mail) strayStatus() string {
	for i := range m.parts {
		p := &m.parts[i]
		if p.inside || strings.HasPrefix(p.value, "multipart/") || isMessageType(p.value) || strings.HasSuffix(p.value, "disposition-notification") {
			continue
		}
		named := p.fields().finalRecipient
		if strings.HasPrefix(p.value, "text/") && p.header.Get("Content-Transfer-Encoding") != "" {
			if decoded := m.transferDecoded(p); named || decoded != p.body {
				if s := m.pastedStatus(decoded, p); s != "" {
					return s
				}
			}
		}
		if named {
			if s := m.pastedStatus(p.body, p); s != "" {
				return s
			}
		}
	}
	return ""
}

// namedFields are the fields that make a report of a text that has them.
type namedFields struct{ finalRecipient, feedbackType bool }

// fields returns which of them the body of p names, wherever on a line. All end in a colon, and so are
// found in one pass.
func (p *part) fields() *namedFields {
	if p.colons {
		return &p.named
	}
	p.colons = true
	for i := 0; ; i++ {
		if i = indexByteFrom(p.body, ':', i); i == len(p.body) {
			return &p.named
		}
		switch before := p.body[:i]; {
		case hasSuffixFold(before, "final-recipient"):
			p.named.finalRecipient = true
		case hasSuffixFold(before, "feedback-type"):
			p.named.feedbackType = true
		}
	}
}

// pastedStatus finds the machine part in body, the text of p. A person's answer to a report is
// ordinary mail.
func (m *mail) pastedStatus(body string, p *part) (s string) {
	if !containsFold(body, "final-recipient:") || hasPrefixFold(m.header.Get("Subject"), "re:") && !isRobot(m.header.Get("From")) {
		return ""
	}
	if p.value == "text/html" && m.spend(len(body)) {
		body = htmlText(body)
	}
	if at := indexFold(body, "\nfinal-recipient:"); at >= 0 {
		s = statusBlock(body, at+1)
	} else if s = quotedStatus(body); s != "" {
		return s
	} else if s = body; !hasPrefixFold(body, "final-recipient:") {
		s = m.indentedStatus(body)
	}
	if isReceipt(s) {
		return ""
	}
	return s
}

// isReceipt tells the fields of a disposition notification (RFC 8098) that lost its form.
func isReceipt(s string) bool {
	return containsFold(s, "\ndisposition:") && !containsFold(s, "\naction:")
}

// quotedStatus finds the machine part in a report that a person forwarded: quoted with "> ".
func quotedStatus(body string) string {
	at := indexFold(body, "\n> final-recipient:")
	if at < 0 || !containsFold(body, "\n> action:") || !containsFold(body, "\n> status:") {
		return ""
	}
	s := body[at+1:]
	if i := strings.Index(s, "\n> Return-Path:"); i > 0 {
		s = s[:i+1]
	}
	return s
}

// indentedStatus finds the machine part that a program pasted into its own text, set in.
func (m *mail) indentedStatus(body string) string {
	if m.signs() < 1 {
		return ""
	}
	at := indexFold(body, " final-recipient:")
	if at < 0 {
		return ""
	}
	start := strings.LastIndexByte(body[:at], '\n') + 1
	indent := body[start : at+1]
	if !isBlank(indent) || !containsFold(body[at:], " status:") {
		return ""
	}
	return strings.ReplaceAll("\n"+statusBlock(body, start), "\n"+indent, "\n")
}

// statusBlock returns s from the first field of the block around at.
func statusBlock(s string, at int) string {
	if i := indexFold(s[:at], "reporting-mta:"); i >= 0 {
		at = i
	} else if i := strings.LastIndex(s[:at], "\n\n"); i >= 0 {
		at = i + 2
	}
	s = s[at:]
	if i := strings.Index(s, "\n--"); i > 0 {
		s = s[:i+1]
	}
	return s
}

// readDialect reads a report that is text alone.
func (m *mail) readDialect(r *Report) bool {
	if m.isConversation() {
		return false
	}
	d := m.dialect()
	if d == nil {
		return false
	}
	mark := len(m.problems)
	fs := d.read(m, r)
	if len(fs) == 0 && !d.sure {
		m.problems = m.problems[:mark]
		*r = Report{Header: m.header}
		return false
	}
	if len(fs) == 0 {
		fs = m.genericRecipients(r, signsEnough)
	}
	if len(fs) == 1 {
		m.fillFound(r, &fs[0])
	}
	r.Kind, r.Dialect = DeliveryStatus, d.name
	m.merge(r, fs)
	return true
}

// fillFound looks for what a dialect did not see of the only recipient, as in a variant of its
// layout: the address, the reason.
func (m *mail) fillFound(r *Report, f *found) {
	reason := f.text == "" && f.reply == "" && f.status.IsZero() && (f.action == None || f.action == Failed)
	if f.addr != "" && !reason && len(r.Original.Header) > 0 {
		return
	}
	text := m.prose(r)
	if f.addr == "" {
		if len(r.Original.Header) == 0 {
			r.Original.Header = m.original()
		}
		if as := m.candidates(r, text, 0); len(as) == 1 {
			f.addr = as[0]
		}
	}
	if f.addr == "" || !reason {
		return
	}
	if reason, reply := newReasonText(text, []string{f.addr}).reasonFor(f.addr); reply != "" || isReason(reason) {
		f.text, f.reply = reason, reply
	}
}

// received returns the date of the topmost Received field.
func (m *mail) received() (t time.Time) {
	v := m.header.Get("Received")
	if i := strings.LastIndexByte(v, ';'); i >= 0 {
		return parseDate(v[i+1:])
	}
	return t
}

// finish completes each recipient from what was found: the reply out of the diagnostic, the
// new address out of the reply.
func (m *mail) finish(r *Report) {
	for i := range r.Recipients {
		c := &r.Recipients[i]
		if c.FinalRecipient.Value == "" && isAddress(c.OriginalRecipient.Value) {
			m.problem("missing_final_recipient", "")
			c.FinalRecipient = c.OriginalRecipient
		}
		if c.Reply.Code == 0 && c.DiagnosticCode.Value != "" {
			command := c.Reply.Command
			if rep := diagnosticReply(c.DiagnosticCode); rep.Code != 0 || c.Reply.Text == "" {
				if rep.Status.IsZero() {
					rep.Status = c.Reply.Status
				}
				c.Reply = rep
			}
			if c.Reply.Command == "" {
				c.Reply.Command = command
			}
		}
		if c.NewAddress == "" && (c.Reply.Code == 551 || c.Status.Class == 5 && c.Status.Subject == 1 && c.Status.Detail == 6 || c.Reply.Status.Subject == 1 && c.Reply.Status.Detail == 6) {
			c.NewAddress = newAddress(c)
		}
	}
	r.Problems = m.problems
}

// diagnosticReply reads the reply in a Diagnostic-Code. Types such as X-Unix hold the output
// of a program, no reply.
func diagnosticReply(d Typed) Reply {
	if d.Type == "x-unix" || d.Type == "x-notes" {
		if at, _ := findCode(d.Value); at != 0 {
			return Reply{Text: fold(d.Value)}
		}
	}
	return parseReply(d.Value)
}

// newAddress finds where a 551 or x.1.6 says that the mailbox moved.
func newAddress(c *Recipient) string {
	for _, s := range [...]string{c.Reply.Text, c.DiagnosticCode.Value} {
		for s != "" {
			a := addressIn(s)
			if a == "" {
				break
			}
			if !strings.EqualFold(a, c.FinalRecipient.Value) && !strings.EqualFold(a, c.OriginalRecipient.Value) {
				return a
			}
			s = after(s, a)
		}
	}
	return ""
}
