package main

import (
	"strconv"
	"time"

	"github.com/bouncepipe/bouncepipe/sink"
)

// column is a field of the event in a table, the names of nested ones joined by a dot.
type column struct {
	name   string
	kind   columnKind
	append func(b []byte, e *sink.Event) []byte // the value as text; nothing where it is unknown
}

type columnKind uint8

const (
	wordColumn columnKind = iota // text of which there are few
	textColumn
	intColumn
	boolColumn
	timeColumn
)

// eventColumns returns the columns of a table of events. The names of the original's header fields
// are known beforehand: they are configured.
func eventColumns(headers []string) []column {
	text := func(name string, get func(*sink.Event) string) column {
		return column{name, textColumn, func(b []byte, e *sink.Event) []byte { return append(b, get(e)...) }}
	}
	word := func(name string, get func(*sink.Event) string) column {
		c := text(name, get)
		c.kind = wordColumn
		return c
	}
	number := func(name string, get func(*sink.Event) int64) column {
		return column{name, intColumn, func(b []byte, e *sink.Event) []byte {
			if n := get(e); n != 0 {
				b = strconv.AppendInt(b, n, 10)
			}
			return b
		}}
	}
	date := func(name string, get func(*sink.Event) time.Time) column {
		return column{name, timeColumn, func(b []byte, e *sink.Event) []byte {
			if t := get(e).UTC(); !t.IsZero() && t.Year() >= 0 && t.Year() <= 9999 {
				b = t.AppendFormat(b, time.RFC3339)
			}
			return b
		}}
	}
	// What the event has only where it applies is empty elsewhere.
	list := func(e *sink.Event) *sink.Blocklist { return orEmpty(e.Blocklist) }
	original := func(e *sink.Event) *sink.Original { return orEmpty(e.Original) }
	report := func(e *sink.Event) *sink.Report { return orEmpty(e.Report) }
	feedback := func(e *sink.Event) *sink.Feedback { return orEmpty(e.Feedback) }

	cols := []column{
		text("id", func(e *sink.Event) string { return e.ID }),
		word("type", func(e *sink.Event) string { return e.Type }),
		date("time", func(e *sink.Event) time.Time { return e.Time }),
		text("source", func(e *sink.Event) string { return e.Source }),
		text("address", func(e *sink.Event) string { return e.Address }),
		text("recipient", func(e *sink.Event) string { return e.Recipient }),
		word("recipient_domain", func(e *sink.Event) string { return e.RecipientDomain }),
		text("new_address", func(e *sink.Event) string { return e.NewAddress }),
		word("provider", func(e *sink.Event) string { return e.Provider }),
		word("action", func(e *sink.Event) string { return e.Action }),
		word("status", func(e *sink.Event) string { return e.Status }),
		number("reply_code", func(e *sink.Event) int64 { return int64(e.ReplyCode) }),
		word("reply_status", func(e *sink.Event) string { return e.ReplyStatus }),
		word("smtp_command", func(e *sink.Event) string { return e.SMTPCommand }),
		text("diagnostic_code", func(e *sink.Event) string { return e.DiagnosticCode }),
		word("diagnostic_type", func(e *sink.Event) string { return e.DiagnosticType }),
		word("reporting_mta", func(e *sink.Event) string { return e.ReportingMTA }),
		word("remote_mta", func(e *sink.Event) string { return e.RemoteMTA }),
		word("received_from_mta", func(e *sink.Event) string { return e.ReceivedFromMTA }),
		date("arrival_date", func(e *sink.Event) time.Time { return e.ArrivalDate }),
		date("last_attempt_date", func(e *sink.Event) time.Time { return e.LastAttemptDate }),
		date("will_retry_until", func(e *sink.Event) time.Time { return e.WillRetryUntil }),
		text("final_log_id", func(e *sink.Event) string { return e.FinalLogID }),
		text("original_envelope_id", func(e *sink.Event) string { return e.OriginalEnvelopeID }),
		word("category", func(e *sink.Event) string { return e.Category }),
		word("class", func(e *sink.Event) string { return e.Class }),
		word("permanence", func(e *sink.Event) string { return e.Permanence }),
		word("fault", func(e *sink.Event) string { return e.Fault }),
		word("advice", func(e *sink.Event) string { return e.Advice }),
		number("retry_after_s", func(e *sink.Event) int64 { return e.RetryAfterS }),
		word("blocklist.zone", func(e *sink.Event) string { return list(e).Zone }),
		text("blocklist.listed", func(e *sink.Event) string { return list(e).Listed }),
		text("blocklist.removal_url", func(e *sink.Event) string { return list(e).RemovalURL }),
		word("rule", func(e *sink.Event) string { return e.Rule }),
		word("fingerprint", func(e *sink.Event) string { return e.Fingerprint }),
		word("sending_ip", func(e *sink.Event) string { return e.SendingIP }),
		word("sending_domain", func(e *sink.Event) string { return e.SendingDomain }),
		word("campaign", func(e *sink.Event) string { return e.Campaign }),
		{"out_of_band", boolColumn, func(b []byte, e *sink.Event) []byte {
			if e.OutOfBand != nil {
				b = strconv.AppendBool(b, *e.OutOfBand)
			}
			return b
		}},
		word("verified", func(e *sink.Event) string { return e.Verified }),
		text("original.message_id", func(e *sink.Event) string { return original(e).MessageID }),
		text("original.from", func(e *sink.Event) string { return original(e).From }),
		text("original.to", func(e *sink.Event) string { return original(e).To }),
		text("original.subject", func(e *sink.Event) string { return original(e).Subject }),
		date("original.date", func(e *sink.Event) time.Time { return original(e).Date }),
		text("original.return_path", func(e *sink.Event) string { return original(e).ReturnPath }),
		word("original.list_id", func(e *sink.Event) string { return original(e).ListID }),
		text("original.feedback_id", func(e *sink.Event) string { return original(e).FeedbackID }),
	}
	for _, h := range headers {
		cols = append(cols, text("original.headers."+h, func(e *sink.Event) string { return original(e).Headers[h] }))
	}
	return append(cols,
		word("report.dialect", func(e *sink.Event) string { return report(e).Dialect }),
		text("report.message_id", func(e *sink.Event) string { return report(e).MessageID }),
		text("report.from", func(e *sink.Event) string { return report(e).From }),
		date("report.date", func(e *sink.Event) time.Time { return report(e).Date }),
		word("feedback.type", func(e *sink.Event) string { return feedback(e).Type }),
		word("feedback.user_agent", func(e *sink.Event) string { return feedback(e).UserAgent }),
		text("feedback.source_ip", func(e *sink.Event) string { return feedback(e).SourceIP }),
		text("feedback.original_mail_from", func(e *sink.Event) string { return feedback(e).OriginalMailFrom }),
		text("feedback.original_rcpt_to", func(e *sink.Event) string { return join(" ", feedback(e).OriginalRcptTo...) }),
		text("feedback.reported_domain", func(e *sink.Event) string { return join(" ", feedback(e).ReportedDomain...) }),
		text("feedback.reported_uri", func(e *sink.Event) string { return join(" ", feedback(e).ReportedURI...) }),
		word("feedback.reporting_mta", func(e *sink.Event) string { return feedback(e).ReportingMTA }),
		date("feedback.arrival_date", func(e *sink.Event) time.Time { return feedback(e).ArrivalDate }),
		word("feedback.auth_failure", func(e *sink.Event) string { return feedback(e).AuthFailure }),
		number("feedback.incidents", func(e *sink.Event) int64 { return int64(feedback(e).Incidents) }),
		column{"problems", textColumn, func(b []byte, e *sink.Event) []byte {
			for i, p := range e.Problems {
				if i > 0 {
					b = append(b, "; "...)
				}
				b = append(append(b, p.Name...), after(": ", p.Detail)...)
			}
			return b
		}},
	)
}

func orEmpty[T any](p *T) *T {
	if p == nil {
		p = new(T)
	}
	return p
}
