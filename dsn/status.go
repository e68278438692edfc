package dsn

import (
	"strings"
	"time"
)

// statusReader reads the groups of a message/delivery-status part (RFC 3464 2.1) leniently:
// fields in any order, blank lines too many or missing, lines folded without white space,
// names misspelt.
type statusReader struct {
	m    *mail
	r    *Report
	cur  Recipient
	open bool   // cur holds something
	seen uint16 // fields of cur
	gap  bool   // a blank line since the last field
	ext  statusExt
}

// statusExt is what extension fields say that the report has no place for.
type statusExt struct {
	actual string // Sendmail's X-Actual-Recipient
	code   string // a Status field that is a reply code, as Zoho writes
}

const (
	sawFinal = 1 << iota
	sawOriginal
	sawAction
	sawStatus
	sawDiagnostic
)

// readStatus appends the recipients of a machine part to r.
func (m *mail) readStatus(r *Report, s string) {
	rd := statusReader{m: m, r: r}
	s = m.toUTF8(s, "")
	for s != "" {
		line, rest := cutLine(s)
		s = rest
		if isBlank(line) {
			rd.gap = true
			continue
		}
		line = strings.TrimLeft(line, "> \t")
		name, value, ok := splitField(line)
		if !ok || !isFieldName(name) {
			continue
		}
		value, s = rd.value(name, value, s)
		rd.field(name, value)
		if len(r.Recipients) >= m.limits.Recipients {
			m.problem("recipients_limit", "")
			return
		}
	}
	rd.close()
}

// value joins continuation lines, those without leading white space too.
func (rd *statusReader) value(name, value, s string) (string, string) {
	value, s = rd.m.unfold(value, s)
	if !strings.EqualFold(name, "Diagnostic-Code") {
		return value, s
	}
	var more strings.Builder
	for s != "" && len(value)+more.Len() <= rd.m.limits.HeaderLine {
		line, rest := cutLine(s)
		if n, _, ok := splitField(line); ok && isFieldName(n) || isBlank(line) || strings.HasPrefix(line, "--") {
			break
		}
		line, s = rd.m.unfold(line, rest)
		more.WriteByte(' ')
		more.WriteString(line)
	}
	if more.Len() > 0 {
		value += more.String()
	}
	return value, s
}

// isFieldName tells the names that can stand in a delivery-status part from the first word
// of a line of text.
func isFieldName(s string) bool {
	return strings.EqualFold(s, "Action") || strings.EqualFold(s, "Status") || strings.IndexByte(s, '-') > 0 && isAlpha(s[0])
}

func (rd *statusReader) field(name, value string) {
	r := rd.r
	var buf [24]byte
	switch string(lowerInto(buf[:0], name)) {
	case "reporting-mta":
		r.ReportingMTA = typedHost(value)
	case "original-envelope-id":
		r.OriginalEnvelopeID = decodeXtext(value)
	case "received-from-mta":
		r.ReceivedFromMTA = typedHost(value)
	case "arrival-date":
		r.ArrivalDate = rd.m.date(name, value)
	case "final-recipient", "final-receipient":
		rd.start(sawFinal)
		rd.cur.FinalRecipient = typedAddress(value)
	case "original-recipient":
		rd.start(sawOriginal)
		rd.cur.OriginalRecipient = typedAddress(value)
		rd.cur.OriginalRecipient.Value = decodeORCPT(rd.cur.OriginalRecipient.Value)
	case "x-actual-recipient":
		rd.open = true
		rd.ext.actual = typedAddress(value).Value
	case "action":
		rd.start(sawAction)
		rd.cur.Action = parseAction(value)
	case "status":
		rd.start(sawStatus)
		rd.cur.Status, _, _ = findStatus(value)
		if rd.cur.Status.IsZero() {
			rd.cur.Status = shortStatus(value)
			rd.ext.code = bareCode(value)
		}
		if _, n, ok := statusAt(value); (!ok || n < len(value)) && rd.cur.Text == "" {
			rd.cur.Text = statusComment(value)
		}
	case "diagnostic-code":
		rd.start(sawDiagnostic)
		rd.cur.DiagnosticCode = typed(value)
	case "remote-mta":
		rd.open = true
		rd.cur.RemoteMTA = typedHost(value)
	case "last-attempt-date":
		rd.cur.LastAttemptDate = rd.m.date(name, value)
	case "will-retry-until":
		rd.cur.WillRetryUntil = rd.m.date(name, value)
	case "final-log-id":
		rd.cur.FinalLogID = value
	}
}

// start notes a per-recipient field and opens a new group where the field cannot belong to
// the current one: it is there already, or it is one that begins groups, and a blank line and
// an address came before. Some write a blank line behind every field.
func (rd *statusReader) start(field uint16) {
	again := rd.seen&field != 0
	next := rd.gap && rd.seen&(sawFinal|sawOriginal) != 0 && (rd.seen&(sawAction|sawStatus) != 0 && field == sawAction || field&(sawFinal|sawOriginal) != 0)
	if rd.open && (again || next) {
		rd.close()
	}
	rd.gap, rd.open = false, true
	rd.seen |= field
}

// close ends the current group.
func (rd *statusReader) close() {
	if !rd.open {
		return
	}
	c := rd.cur
	if c.FinalRecipient.Value == "" && rd.ext.actual != "" {
		c.FinalRecipient = Typed{"rfc822", rd.ext.actual}
	}
	if d := &c.DiagnosticCode; rd.ext.code != "" && diagnosticReply(*d).Code == 0 {
		d.Value = strings.TrimSpace(rd.ext.code + " " + d.Value)
	}
	if rd.seen != 0 {
		list := splitAddresses(c.FinalRecipient.Value)
		if list == nil {
			rd.r.Recipients = append(rd.r.Recipients, c)
		}
		for _, a := range list {
			one := c
			one.FinalRecipient.Value = a
			rd.r.Recipients = append(rd.r.Recipients, one)
		}
	}
	rd.cur, rd.open, rd.seen, rd.ext = Recipient{}, false, 0, statusExt{}
}

// splitAddresses splits the comma-joined list that some servers write into one group. It returns nil
// where there is no list.
func splitAddresses(s string) []string {
	if strings.IndexByte(s, ',') < 0 || strings.Count(s, "@") < 2 || strings.HasPrefix(s, `"`) {
		return nil
	}
	var out []string
	for _, a := range strings.Split(s, ",") {
		if a = cleanAddress(a); isAddress(a) {
			out = append(out, a)
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// date parses a date field; a bad one costs itself and a Problem.
func (m *mail) date(name, value string) (t time.Time) {
	if t = parseDate(value); t.IsZero() && value != "" {
		m.problem("bad_date", name+": "+value)
	}
	return t
}

// typed splits "type; value" (RFC 3464 2.1.2). Without a type the value is all.
func typed(s string) Typed {
	i := strings.IndexByte(s, ';')
	if i < 0 || i > 40 {
		return Typed{Value: s}
	}
	t := trimSpace(s[:i])
	for j := 0; j < len(t); j++ {
		if c := t[j]; !isAlpha(c) && !isDigit(c) && c != '-' && c != '_' && c != '.' {
			return Typed{Value: s}
		}
	}
	if t != "" && isDigit(t[0]) {
		return Typed{Value: s}
	}
	return Typed{Type: lowerType(t), Value: strings.TrimSpace(s[i+1:])}
}

// lowerType is lower for the usual types, without a copy.
func lowerType(t string) string {
	var buf [8]byte
	switch string(lowerInto(buf[:0], t)) {
	case "rfc822":
		return "rfc822"
	case "dns":
		return "dns"
	case "smtp":
		return "smtp"
	}
	return lower(t)
}

// typedAddress reads a recipient field. The value of an SMTP-like type is a bare address.
func typedAddress(s string) Typed {
	t := typed(s)
	switch t.Type {
	case "rfc822", "", "utf-8", "utf8", "smtp":
		v := t.Value
		if hasPrefixFold(v, "rfc822;") {
			v = strings.TrimSpace(v[7:])
		}
		if a := cleanAddress(v); a != "" {
			v = a
		}
		if strings.IndexByte(v, '@') < 0 && strings.Contains(lower(v), "+40") {
			v = decodeXtext(v)
		}
		t.Value = strings.Trim(v, "<>")
	default: // "SYSTEM; <kim@example.org>"
		if v := strings.Trim(t.Value, "<>"); len(v) < len(t.Value) && isAddress(v) {
			t.Value = v
		}
	}
	return t
}

// typedHost reads an MTA name; comments and the final dot go.
func typedHost(s string) Typed {
	t := typed(s)
	v := t.Value
	if i := strings.IndexByte(v, '('); i > 0 {
		v = v[:i]
	}
	v = strings.TrimSpace(v)
	if i := strings.IndexByte(v, ' '); i > 0 {
		v = v[:i]
	}
	t.Value = strings.TrimRight(v, ".")
	return t
}

// parseAction reads the first word of an Action field and what servers write instead.
func parseAction(s string) Action {
	switch {
	case hasPrefixFold(s, "fail"), hasPrefixFold(s, "error"), hasPrefixFold(s, "bounce"), hasPrefixFold(s, "expired"), hasPrefixFold(s, "permanent"), hasPrefixFold(s, "undeliver"):
		return Failed
	case hasPrefixFold(s, "delay"), hasPrefixFold(s, "temporary"), hasPrefixFold(s, "deferred"):
		return Delayed
	case hasPrefixFold(s, "deliver"):
		return Delivered
	case hasPrefixFold(s, "relay"):
		return Relayed
	case hasPrefixFold(s, "expand"):
		return Expanded
	}
	return None
}

// shortStatus reads a status of two numbers ("5.1").
func shortStatus(s string) Status {
	if len(s) >= 3 && (s[0] == '2' || s[0] == '4' || s[0] == '5') && s[1] == '.' && isDigit(s[2]) {
		v, n := number(s[2:])
		if 2+n == len(s) || s[2+n] == ' ' {
			return Status{Class: s[0] - '0', Subject: v}
		}
	}
	return Status{}
}

// bareCode returns s where it is the code of an SMTP refusal.
func bareCode(s string) string {
	if n, l := number(s); l == 3 && len(s) == 3 && n >= 400 && n < 600 {
		return s
	}
	return ""
}

// statusComment returns the words behind a status: "5.1.1 (bad destination mailbox address)".
func statusComment(s string) string {
	_, _, end := findStatus(s)
	if end < 0 {
		return ""
	}
	return strings.Trim(s[end:], " ()")
}
