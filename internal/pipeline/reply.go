package pipeline

import (
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
)

// reportOf makes a report of a logged reply, as the logging server would write it in a mail.
func reportOf(l *ingest.ReplyLine) *dsn.Report {
	r := &dsn.Report{
		Kind:    dsn.DeliveryStatus,
		Dialect: "reply-log",
		Recipients: []dsn.Recipient{{
			FinalRecipient:  dsn.Typed{Type: "rfc822", Value: l.Recipient},
			Action:          dsn.Action(l.Action),
			Status:          dsn.ParseReply([]byte(l.Status)).Status,
			DiagnosticCode:  dsn.Typed{Value: l.Reply},
			Reply:           dsn.ParseReply([]byte(l.Reply)),
			LastAttemptDate: l.Time,
			FinalLogID:      l.QueueID,
		}},
	}
	rcpt := &r.Recipients[0]
	if l.OriginalRecipient != "" {
		rcpt.OriginalRecipient = dsn.Typed{Type: "rfc822", Value: l.OriginalRecipient}
	}
	if l.RemoteMTA != "" {
		rcpt.RemoteMTA = dsn.Typed{Type: "dns", Value: l.RemoteMTA}
	}
	if l.ReportingMTA != "" {
		r.ReportingMTA = dsn.Typed{Type: "dns", Value: l.ReportingMTA}
	}
	if rcpt.Reply.Code != 0 {
		rcpt.DiagnosticCode.Type = "smtp"
	}
	if rcpt.Action == dsn.None {
		rcpt.Action = actionOf(rcpt)
	}
	if l.MessageID != "" {
		r.Original.Header = append(r.Original.Header, dsn.Field{Name: "Message-ID", Value: l.MessageID})
	}
	if l.Sender != "" {
		r.Original.Header = append(r.Original.Header, dsn.Field{Name: "Return-Path", Value: "<" + l.Sender + ">"})
	}
	return r
}

// actionOf says what a reply means to the server that got it (RFC 5321 4.2.1): it tries again
// after 4yz, and gives up after 5yz.
func actionOf(rcpt *dsn.Recipient) dsn.Action {
	class := rcpt.Reply.Code / 100
	if class == 0 {
		class = int(status(rcpt).Class)
	}
	switch class {
	case 2:
		return dsn.Relayed
	case 4:
		return dsn.Delayed
	case 5:
		return dsn.Failed
	}
	return dsn.None
}
