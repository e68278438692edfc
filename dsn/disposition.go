package dsn

import "strings"

// readDisposition reads message disposition notifications (RFC 8098). One that says a filter
// refused the message (RFC 5429 2.2: Sieve reject) is a failure in another dress.
func (m *mail) readDisposition(r *Report) bool {
	p := m.find(func(t string) bool {
		return t == "message/disposition-notification" || t == "message/global-disposition-notification"
	})
	if p == nil {
		return false
	}
	r.Kind, r.Dialect = DispositionNotification, "rfc8098"
	r.Original.Header = m.original()
	var c Recipient
	var failure string
	h, _ := m.parseHeader(strings.TrimLeft(m.transferDecoded(p), "\n"))
	for _, f := range h {
		switch lower(f.Name) {
		case "final-recipient":
			c.FinalRecipient = typedAddress(f.Value)
		case "original-recipient":
			c.OriginalRecipient = typedAddress(f.Value)
		case "reporting-ua":
			name, _, _ := strings.Cut(f.Value, ";")
			r.ReportingMTA = Typed{"dns", strings.TrimSpace(name)}
		case "disposition":
			r.Disposition = f.Value
		case "failure", "error":
			failure = f.Value
		}
	}
	if m.isRejection(r, failure) {
		r.Kind, r.Dialect = DeliveryStatus, "sieve"
		c.Action = Failed
		f := found{addr: c.FinalRecipient.Value, text: rejectReason(m.text()), reply: failure}
		f.complete(&c)
	}
	r.Recipients = append(r.Recipients, c)
	return true
}

// isRejection tells a refusal in MDN form from a receipt.
func (m *mail) isRejection(r *Report, failure string) bool {
	if failure != "" || strings.Contains(lower(r.Disposition), "deleted/error") {
		return true
	}
	if !containsFold(r.Disposition, "mdn-sent-automatically") || !containsFold(r.Disposition, "deleted") {
		return false
	}
	return containsFold(m.header.Get("Auto-Submitted"), "rejected") || m.header.Get("X-Sieve") != "" ||
		containsFold(m.text(), "automatically rejected") || containsFold(m.text(), "by sieve") ||
		containsFold(m.text(), "refused by the recipient's mail filtering program") // RFC 5429's example
}

// rejectReason returns what follows the opening of Sieve's texts.
func rejectReason(s string) string {
	for _, mark := range [...]string{"automatically rejected:", "reason was given:", "reason given was as follows:"} {
		if i := strings.Index(s, mark); i >= 0 {
			return strings.TrimSpace(s[i+len(mark):])
		}
	}
	return strings.TrimSpace(s)
}
