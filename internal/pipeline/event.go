package pipeline

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

// maxField bounds what is published of a field that a person wrote.
const maxField = 1000

// eventMaker puts a report and a verdict together. What it returns is valid until the next call.
type eventMaker struct {
	sender *Sender
	now    func() time.Time

	rep      *dsn.Report
	shared   sink.Event // what all recipients of the report have in common
	event    sink.Event
	original sink.Original
	report   sink.Report
	feedback sink.Feedback
	list     sink.Blocklist
	oob      bool
	mailed   string // by VERP
	lastTime time.Time
}

// NewEvents returns the events of one message, as Run publishes them.
func NewEvents(s *Sender, m *ingest.Message, rep *dsn.Report, judge func(*dsn.Report, *dsn.Recipient) classify.Verdict) []*sink.Event {
	if s == nil {
		s = &Sender{}
	}
	id := sink.NewIdentity(m.Raw)
	rcpts := rep.Recipients
	if len(rcpts) == 0 {
		rcpts = []dsn.Recipient{{}}
	}
	var out []*sink.Event
	for i := range rcpts {
		mk := &eventMaker{sender: s, now: time.Now}
		mk.begin(m, rep)
		e := mk.recipient(&rcpts[i], judge(rep, &rcpts[i]))
		e.ID = id.ID(e.Type, e.Recipient)
		out = append(out, e)
	}
	return out
}

// begin takes what all recipients of rep share.
func (mk *eventMaker) begin(m *ingest.Message, rep *dsn.Report) {
	mk.rep = rep
	mk.shared = sink.Event{
		Source:             m.Source,
		ReportingMTA:       rep.ReportingMTA.Value,
		ReceivedFromMTA:    rep.ReceivedFromMTA.Value,
		ArrivalDate:        rep.ArrivalDate,
		OriginalEnvelopeID: rep.OriginalEnvelopeID,
		Problems:           mk.shared.Problems[:0],
	}
	e := &mk.shared
	if m.Cut {
		e.Problems = append(e.Problems, sink.Problem{Name: "archive_cut", Detail: "the archive seems to end within this message"})
	}
	if m.Size > int64(len(m.Raw)) {
		e.Problems = append(e.Problems, sink.Problem{Name: "head_only", Detail: fmt.Sprintf("%d of %d bytes were read", len(m.Raw), m.Size)})
	}
	for _, p := range rep.Problems {
		e.Problems = append(e.Problems, sink.Problem(p))
	}

	mk.report = sink.Report{
		Dialect:   rep.Dialect,
		MessageID: rep.Header.Get("Message-ID"),
		From:      text(rep.Header.Get("From")),
		Date:      dsn.ParseDate(rep.Header.Get("Date")),
	}
	e.Report = &mk.report
	if h := rep.Original.Header; len(h) > 0 {
		mk.original = sink.Original{
			MessageID:  h.Get("Message-ID"),
			From:       text(h.Get("From")),
			To:         text(h.Get("To")),
			Subject:    text(h.Get("Subject")),
			ReturnPath: bare(h.Get("Return-Path")),
			ListID:     text(h.Get("List-ID")),
			FeedbackID: h.Get("Feedback-ID"),
			Headers:    mk.sender.headers(h),
		}
		if d := h.Get("Date"); d != "" {
			mk.original.Date = dsn.ParseDate(d)
		}
		e.Original = &mk.original
	}
	if f := rep.Feedback; f != nil {
		mk.feedback = sink.Feedback{
			Type: f.Type, UserAgent: f.UserAgent, SourceIP: f.SourceIP, OriginalMailFrom: f.OriginalMailFrom,
			OriginalRcptTo: f.OriginalRcptTo, ReportedDomain: f.ReportedDomain, ReportedURI: f.ReportedURI,
			ReportingMTA: f.ReportingMTA.Value, ArrivalDate: f.ArrivalDate, AuthFailure: f.AuthFailure, Incidents: f.Incidents,
		}
		e.Feedback = &mk.feedback
		if e.OriginalEnvelopeID == "" {
			e.OriginalEnvelopeID = f.OriginalEnvelopeID
		}
	}

	mk.lastTime = time.Time{}
	if oob, known := mk.sender.outOfBand(rep); known {
		mk.oob = oob
		e.OutOfBand = &mk.oob
	}
	mk.mailed, e.Verified = mk.sender.prove(rep)
	if m.Reply != nil { // from the log of a server of ours, which nobody else can write
		mk.oob = false
		if e.Verified != "" {
			e.Verified = "yes"
		}
	}
	e.SendingDomain = mk.sender.sendingDomain(rep)
	e.Campaign = mk.sender.campaign(rep.Original.Header)
}

// recipient returns the event of one recipient, without its ID.
func (mk *eventMaker) recipient(rcpt *dsn.Recipient, v classify.Verdict) *sink.Event {
	mk.event = mk.shared
	e, rep := &mk.event, mk.rep
	e.Type = eventType(rep, rcpt)
	e.Time = mk.time(e, rcpt)
	e.Recipient = rcpt.FinalRecipient.Value
	e.RecipientDomain = domainOf(e.Recipient)
	e.NewAddress = rcpt.NewAddress
	e.Address = mk.address(rcpt)

	e.Action = string(rcpt.Action)
	e.Status = status(rcpt).String()
	e.ReplyCode = rcpt.Reply.Code
	e.ReplyStatus = rcpt.Reply.Status.String()
	e.SMTPCommand = rcpt.Reply.Command
	e.DiagnosticCode = rcpt.DiagnosticCode.Value
	e.DiagnosticType = rcpt.DiagnosticCode.Type
	e.RemoteMTA = rcpt.RemoteMTA.Value
	e.LastAttemptDate = rcpt.LastAttemptDate
	e.WillRetryUntil = rcpt.WillRetryUntil
	e.FinalLogID = rcpt.FinalLogID

	e.Category = string(v.Category)
	e.Class = string(v.Class)
	e.Permanence = string(v.Permanence)
	e.Fault = string(v.Fault)
	e.Advice = string(v.Advice)
	e.RetryAfterS = int64(v.RetryAfter / time.Second)
	e.Rule = v.Rule
	e.Fingerprint = v.Fingerprint
	e.Provider = v.Provider
	if v.Blocklist != (classify.Blocklist{}) {
		mk.list = sink.Blocklist(v.Blocklist)
		e.Blocklist = &mk.list
	}
	e.SendingIP = mk.sender.sendingIP(rep, rcpt, v, e.OutOfBand)

	if v.Advice == classify.AdviceSuppress || v.Advice == classify.AdviceUpdateAddress {
		// A report that is not proven ours must not get an address suppressed: anyone can write one.
		// Nor must one member of an alias take the alias down.
		if e.Verified == "no" || len(rep.Recipients) > 1 && !strings.EqualFold(e.Address, e.Recipient) {
			e.Advice = string(classify.AdviceReview)
		}
	}
	return e
}

// status prefers what says more than its class: the Status field, else the code in the reply.
func status(rcpt *dsn.Recipient) dsn.Status {
	switch {
	case !rcpt.Status.IsZero() && !rcpt.Status.IsGeneric():
		return rcpt.Status
	case !rcpt.Reply.Status.IsZero():
		return rcpt.Reply.Status
	}
	return rcpt.Status
}

// address returns what was mailed and what a list would hold: by VERP, else Original-Recipient,
// else the returned message's only To, else the final recipient.
func (mk *eventMaker) address(rcpt *dsn.Recipient) string {
	if mk.mailed != "" {
		return mk.mailed
	}
	if a := rcpt.OriginalRecipient.Value; strings.IndexByte(a, '@') > 0 {
		return a
	}
	// A forwarded address fails under another name than it was mailed. With several recipients,
	// or a To that only names the sender, the field does not tell who was mailed.
	if mk.rep.Kind == dsn.DeliveryStatus && len(mk.rep.Recipients) <= 1 {
		h := mk.rep.Original.Header
		if a := onlyAddress(h, "To"); a != "" && !strings.EqualFold(a, onlyAddress(h, "From")) && !mk.sender.owns(a) {
			return a
		}
	}
	return rcpt.FinalRecipient.Value
}

const (
	beforeReport = 7 * 24 * time.Hour
	afterReport  = time.Hour
)

// time says when it happened: Last-Attempt-Date where that is near the report's topmost Received,
// else that Received, else Date. It falls back on what is left before it gives the time of reading.
func (mk *eventMaker) time(e *sink.Event, rcpt *dsn.Recipient) time.Time {
	rep, last := mk.rep, rcpt.LastAttemptDate
	arrived := rep.Received
	if !mk.plausible(arrived) {
		arrived = mk.report.Date
	}
	if !mk.plausible(arrived) {
		for _, t := range [...]time.Time{last, rep.ArrivalDate} {
			if mk.plausible(t) {
				return t.UTC()
			}
		}
		e.Problems = append(e.Problems, sink.Problem{Name: "no_date", Detail: "time is when the report was read"})
		return mk.now().UTC()
	}
	if last.IsZero() {
		return arrived.UTC()
	}
	if last.Before(arrived.Add(-beforeReport)) || last.After(arrived.Add(afterReport)) {
		e.Problems = append(e.Problems, sink.Problem{Name: "implausible_last_attempt_date", Detail: "time is when the report arrived"})
		return arrived.UTC()
	}
	return last.UTC()
}

// plausible reports whether t is a time at which mail by SMTP existed and that is not to come.
func (mk *eventMaker) plausible(t time.Time) bool {
	if t.Year() < 1982 {
		return false
	}
	// The clock is read once a message, and only as a bound.
	if mk.lastTime.IsZero() {
		mk.lastTime = mk.now().Add(48 * time.Hour)
	}
	return t.Before(mk.lastTime)
}

// text decodes a header field and keeps it to a size that fits an event.
func text(s string) string {
	s = dsn.DecodeWords(s)
	if len(s) <= maxField {
		return s
	}
	cut := maxField
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
