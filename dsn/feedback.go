package dsn

import (
	"slices"
	"strconv"
	"strings"
)

// readFeedback reads abuse reports: RFC 5965, and mails that are one without its form.
func (m *mail) readFeedback(r *Report) bool {
	p := m.find(func(t string) bool { return t == "message/feedback-report" })
	var s string
	switch {
	case p != nil:
		s = m.transferDecoded(p)
	case m.parts[0].report == "feedback-report":
		s = m.strayFeedback()
	case hasPrefixFold(withoutTags(m.header.Get("Subject")), complaintSubject):
		return m.readJMRP(r)
	case strings.EqualFold(m.header.Get("X-Apple-Unsubscribe"), "true"):
		return m.readUnsubscribe(r)
	case m.header.Get("X-XARF") != "" || m.header.Get("X-ARF") != "":
		return m.readXARF(r)
	default:
		if s = m.strayFeedback(); s == "" {
			return m.readAbuseForward(r)
		}
	}
	r.Kind, r.Dialect = FeedbackReport, "rfc5965"
	r.Feedback = &Feedback{}
	h, _ := m.parseHeader(strings.TrimLeft(s, "\n"))
	for _, f := range h {
		m.feedbackField(r.Feedback, f.Name, f.Value)
	}
	r.Original.Header = m.original()
	m.feedbackRecipients(r)
	return true
}

// strayFeedback finds the fields of a feedback report in a text part.
func (m *mail) strayFeedback() string {
	for i := range m.parts {
		p := &m.parts[i]
		if p.inside || !strings.HasPrefix(p.value, "text/") && p.value != "" {
			continue
		}
		if hasPrefixFold(strings.TrimLeft(p.body, "\n"), "feedback-type:") {
			return p.body
		}
		if !p.fields().feedbackType {
			continue
		}
		if at := indexFold(p.body, "\nfeedback-type:"); at >= 0 && containsFold(p.body, "\nuser-agent:") {
			if start := strings.LastIndex(p.body[:at+1], "\n\n"); start >= 0 {
				return p.body[start+2:]
			}
			return p.body
		}
	}
	return ""
}

func (m *mail) feedbackField(f *Feedback, name, value string) {
	switch lower(name) {
	case "feedback-type":
		f.Type = lower(strings.TrimSpace(value))
	case "user-agent":
		f.UserAgent = value
	case "version":
		f.Version = value
	case "source-ip":
		f.SourceIP = strings.Trim(value, "[] ")
	case "original-envelope-id":
		f.OriginalEnvelopeID = value
	case "original-mail-from":
		f.OriginalMailFrom = strings.Trim(value, "<> ")
	case "original-rcpt-to", "removal-recipient":
		for _, a := range strings.Split(value, ",") {
			a = cleanAddress(a)
			same := func(b string) bool { return strings.EqualFold(a, b) }
			if a != "" && len(f.OriginalRcptTo) < m.limits.Recipients && !slices.ContainsFunc(f.OriginalRcptTo, same) {
				f.OriginalRcptTo = append(f.OriginalRcptTo, a)
			}
		}
	case "reported-domain":
		f.ReportedDomain = append(f.ReportedDomain, value)
	case "reported-uri":
		f.ReportedURI = append(f.ReportedURI, value)
	case "authentication-results":
		f.AuthenticationResults = append(f.AuthenticationResults, value)
	case "reporting-mta":
		f.ReportingMTA = typedHost(value)
	case "arrival-date", "received-date":
		f.ArrivalDate = m.date(name, value)
	case "auth-failure":
		f.AuthFailure = lower(value)
	case "incidents":
		f.Incidents, _ = strconv.Atoi(strings.TrimSpace(value))
	}
}

// feedbackRecipients says whom the complaint is about: the field where it stands, else the
// returned message's To.
func (m *mail) feedbackRecipients(r *Report) {
	addrs := r.Feedback.OriginalRcptTo
	for _, name := range [...]string{"To", "X-Apparently-To", "X-HmXmrOriginalRecipient"} {
		if len(addrs) == 0 {
			addrs = headerAddresses(r.Original.Header, name, m.limits.Recipients)
		}
	}
	for _, a := range addrs {
		if local, _, _ := strings.Cut(lower(a), "@"); local == "redacted" || strings.HasPrefix(local, "undisclosed") {
			continue // the reporter hides whom it speaks of
		}
		r.Recipients = append(r.Recipients, Recipient{FinalRecipient: Typed{"rfc822", a}})
	}
}

// headerAddresses returns the addresses in a header field.
func headerAddresses(h Header, name string, max int) []string {
	var out []string
	for i := range h {
		if !h[i].is(name) {
			continue
		}
		for v := h[i].Value; v != "" && len(out) < max; {
			a := addressIn(v)
			if a == "" {
				break
			}
			v = after(v, a)
			out = append(out, a)
		}
	}
	return out
}

const complaintSubject = "complaint about message from "

// readJMRP reads the junk mail reports of Hotmail: the complaint is the subject, the rest is
// the message itself.
func (m *mail) readJMRP(r *Report) bool {
	r.Kind, r.Dialect = FeedbackReport, "hotmail-jmrp"
	subject := withoutTags(m.header.Get("Subject"))
	r.Feedback = &Feedback{Type: "abuse", UserAgent: "Microsoft Hotmail FBL", SourceIP: strings.TrimSpace(subject[len(complaintSubject):])}
	if r.Original.Header = m.original(); len(r.Original.Header) == 0 {
		r.Original.Header, _ = m.parseHeader(stripEnvelope(m.body))
	}
	for _, h := range [...]Header{m.header, r.Original.Header} {
		if a := cleanAddress(h.Get("X-HmXmrOriginalRecipient")); isAddress(a) {
			r.Recipients = append(r.Recipients, Recipient{FinalRecipient: Typed{"rfc822", a}})
			return true
		}
	}
	m.feedbackRecipients(r)
	return true
}

// readUnsubscribe reads what Apple Mail sends to a List-Unsubscribe address.
func (m *mail) readUnsubscribe(r *Report) bool {
	a := addressIn(m.header.Get("From"))
	if a == "" {
		return false
	}
	r.Kind, r.Dialect = FeedbackReport, "apple-unsubscribe"
	r.Feedback = &Feedback{Type: "opt-out", UserAgent: "Apple Mail", OriginalRcptTo: []string{a}}
	m.feedbackRecipients(r)
	return true
}

// readAbuseForward reads complaints that say so in their first line only, AOL's oldest, and
// SpamCop's.
func (m *mail) readAbuseForward(r *Report) bool {
	if m.find(isMessageType) == nil {
		return m.readSpamCop(r)
	}
	t := m.text()
	aol := containsFold(m.header.Get("From"), "scomp@aol.")
	if !aol && !hasPrefixFold(t, "this is an email abuse report") && !hasPrefixFold(t, "this is a spam/unsolicited email report") {
		return false
	}
	r.Kind, r.Dialect = FeedbackReport, "abuse-forward"
	line := fold(t[:min(len(t), 400)])
	r.Feedback = &Feedback{Type: "abuse", SourceIP: strings.Trim(between(line+" ", " from IP ", " "), "[]().,")}
	if aol {
		r.Feedback.UserAgent = "AOL SComp"
		r.Feedback.SourceIP = strings.TrimSpace(after(m.header.Get("Subject"), " for IP "))
	}
	r.Original.Header = m.original()
	m.feedbackRecipients(r)
	return true
}

// readSpamCop reads "[SpamCop (192.0.2.1) id:N] subject": the spam stands in the text.
func (m *mail) readSpamCop(r *Report) bool {
	const mark = "[SpamCop ("
	subject := m.header.Get("Subject")
	tags, _, ok := strings.Cut(subject, mark)
	if !ok || withoutTags(tags) != "" || !strings.Contains(m.text(), "[ SpamCop V") {
		return false
	}
	r.Kind, r.Dialect = FeedbackReport, "spamcop"
	r.Feedback = &Feedback{Type: "abuse", UserAgent: "SpamCop", SourceIP: between(subject, mark, ")")}
	if _, original, ok := strings.Cut(m.text(), "[ Offending message ]"); ok {
		m.setOriginal(r, strings.TrimLeft(original, "\n"))
	}
	m.feedbackRecipients(r)
	return true
}
