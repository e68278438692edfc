package dsn

import (
	"encoding/json"
	"strings"
)

// Amazon SES can send its notifications, JSON, by mail (SNS): wrapped as a string in an outer
// object, or raw with a footer behind. Mail folds long lines, so that neither is sure to be
// valid; the objects that count are read one by one.

// notice is what is read of a notification; its names are those of the SES documentation.
type notice struct {
	Recipients []noticeRecipient

	Type, SubType, ReportingMTA, RemoteMTA, SMTPResponse, UserAgent, FeedbackType, Timestamp, ExpirationTime string
}

type noticeRecipient struct {
	EmailAddress   string `json:"emailAddress"`
	Action         string `json:"action"`
	Status         string `json:"status"`
	DiagnosticCode string `json:"diagnosticCode"`
}

// readNotification reads a bounce, complaint, delivery or delay of Amazon SES.
func (m *mail) readNotification(r *Report) bool {
	t := m.text()
	if t == "" || t[0] != '{' || !strings.Contains(t, "notificationType") && !strings.Contains(t, "eventType") {
		return false
	}
	t = strings.ReplaceAll(t, "\n", "")
	if strings.Contains(t, `\"mail\"`) || strings.Contains(t, `\"notificationType\"`) || strings.Contains(t, `\"eventType\"`) {
		t = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(t)
	}
	kind := jsonString(t, "notificationType")
	if kind == "" {
		kind = jsonString(t, "eventType")
	}
	var list string
	action := Failed
	switch kind {
	case "Bounce":
		list = "bouncedRecipients"
	case "Complaint":
		list = "complainedRecipients"
	case "Delivery":
		list, action = "recipients", Delivered
	case "DeliveryDelay":
		list, action = "delayedRecipients", Delayed
	case "Reject":
		list = "destination"
	default:
		return false
	}
	r.Kind, r.Dialect = DeliveryStatus, "amazon-sns"
	m.noticeOriginal(r, t)
	n := readNotice(t, list)
	r.ReportingMTA = typedHost(n.ReportingMTA)
	for _, a := range n.Recipients {
		if len(r.Recipients) >= m.limits.Recipients {
			m.problem("recipients_limit", "")
			break
		}
		c := Recipient{FinalRecipient: Typed{"rfc822", cleanAddress(a.EmailAddress)}, Action: action}
		if kind == "Complaint" {
			c.Action = None
		} else if stated := parseAction(a.Action); stated != None {
			c.Action = stated
		}
		c.Status, _, _ = findStatus(a.Status)
		c.DiagnosticCode = typed(a.DiagnosticCode)
		if a.DiagnosticCode == "" {
			c.DiagnosticCode = Typed{Value: n.SMTPResponse}
		}
		if c.Text = strings.TrimSpace(n.Type + " " + n.SubType); kind == "Reject" {
			c.Text = jsonString(t, "reason")
		}
		c.RemoteMTA = typedHost(n.RemoteMTA)
		c.LastAttemptDate = parseDate(n.Timestamp)
		c.WillRetryUntil = parseDate(n.ExpirationTime)
		r.Recipients = append(r.Recipients, c)
	}
	if kind == "Complaint" {
		n.complaint(r, jsonString(t, "source"))
	}
	return true
}

// complaint makes r the report of a complaint.
func (n *notice) complaint(r *Report, from string) {
	r.Kind = FeedbackReport
	if n.FeedbackType == "" {
		n.FeedbackType = "abuse"
	}
	r.Feedback = &Feedback{Type: n.FeedbackType, UserAgent: n.UserAgent, OriginalMailFrom: from, ArrivalDate: parseDate(n.Timestamp)}
	for _, c := range r.Recipients {
		r.Feedback.OriginalRcptTo = append(r.Feedback.OriginalRcptTo, c.FinalRecipient.Value)
	}
}

// readNotice reads the list and what stands beside it.
func readNotice(t, list string) (n notice) {
	var raw []json.RawMessage
	jsonValue(t, list, &raw)
	for _, v := range raw {
		var to noticeRecipient
		if json.Unmarshal(v, &to) != nil { // a bare address
			_ = json.Unmarshal(v, &to.EmailAddress)
		}
		n.Recipients = append(n.Recipients, to)
	}
	for _, f := range [...]struct {
		name string
		to   *string
	}{
		{"bounceType", &n.Type}, {"bounceSubType", &n.SubType}, {"delayType", &n.Type}, {"complaintSubType", &n.SubType}, {"complaintFeedbackType", &n.FeedbackType},
		{"reportingMTA", &n.ReportingMTA}, {"remoteMtaIp", &n.RemoteMTA}, {"smtpResponse", &n.SMTPResponse}, {"userAgent", &n.UserAgent}, {"expirationTime", &n.ExpirationTime},
	} {
		if v := jsonString(t, f.name); v != "" {
			*f.to = v
		}
	}
	if i := strings.Index(t, `"`+list+`"`); i >= 0 { // the event's own, not the mail's
		n.Timestamp = jsonString(t[i:], "timestamp")
	}
	return n
}

// noticeOriginal takes the header of the mail that the notification is about.
func (m *mail) noticeOriginal(r *Report, t string) {
	var h []struct{ Name, Value string }
	jsonValue(t, "headers", &h)
	for _, f := range h {
		if len(r.Original.Header) < 1000 {
			r.Original.Header = append(r.Original.Header, Field{f.Name, f.Value})
		}
	}
	if len(h) > 0 {
		return
	}
	var c struct {
		From, To                 []string
		Date, Subject, MessageID string
	}
	jsonValue(t, "commonHeaders", &c)
	for _, f := range [...]Field{{"From", strings.Join(c.From, ", ")}, {"To", strings.Join(c.To, ", ")}, {"Date", c.Date}, {"Subject", c.Subject}, {"Message-ID", c.MessageID}} {
		if f.Value != "" {
			r.Original.Header = append(r.Original.Header, f)
		}
	}
}

// jsonValue decodes the first value called name in s, whatever surrounds it.
func jsonValue(s, name string, to any) {
	name = `"` + name + `"`
	for {
		_, rest, ok := strings.Cut(s, name)
		if !ok {
			return
		}
		s = rest
		if rest = strings.TrimLeft(rest, " \t"); !strings.HasPrefix(rest, ":") {
			continue
		}
		_ = json.NewDecoder(strings.NewReader(rest[1:])).Decode(to) // what was decoded before an error counts
		return
	}
}

func jsonString(s, name string) (v string) {
	jsonValue(s, name, &v)
	return v
}
