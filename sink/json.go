package sink

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// JSON encodes events as JSON objects, one line each and without the newline, as
// [EventSchema] describes them. Keys stand in the order of [Event]'s fields; times are RFC 3339
// in UTC, to the second. Whatever bytes a report held, the result is valid JSON: invalid UTF-8
// becomes U+FFFD, and so does NUL, which many databases refuse even where it is escaped.
type JSON struct{}

var _ Encoder = JSON{}

// Append implements [Encoder]. It never fails.
func (JSON) Append(dst []byte, e *Event) ([]byte, error) {
	b := append(dst, '{')
	b = str(b, `"id":`, e.ID)
	b = str(b, `"type":`, e.Type)
	b = date(b, `"time":`, e.Time)
	b = str(b, `"source":`, e.Source)

	b = optStr(b, `"address":`, e.Address)
	b = optStr(b, `"recipient":`, e.Recipient)
	b = optStr(b, `"recipient_domain":`, e.RecipientDomain)
	b = optStr(b, `"new_address":`, e.NewAddress)
	b = optStr(b, `"provider":`, e.Provider)

	b = optStr(b, `"action":`, e.Action)
	b = optStr(b, `"status":`, e.Status)
	b = optInt(b, `"reply_code":`, int64(e.ReplyCode))
	b = optStr(b, `"reply_status":`, e.ReplyStatus)
	b = optStr(b, `"smtp_command":`, e.SMTPCommand)
	b = optStr(b, `"diagnostic_code":`, e.DiagnosticCode)
	b = optStr(b, `"diagnostic_type":`, e.DiagnosticType)

	b = optStr(b, `"reporting_mta":`, e.ReportingMTA)
	b = optStr(b, `"remote_mta":`, e.RemoteMTA)
	b = optStr(b, `"received_from_mta":`, e.ReceivedFromMTA)
	b = optDate(b, `"arrival_date":`, e.ArrivalDate)
	b = optDate(b, `"last_attempt_date":`, e.LastAttemptDate)
	b = optDate(b, `"will_retry_until":`, e.WillRetryUntil)
	b = optStr(b, `"final_log_id":`, e.FinalLogID)
	b = optStr(b, `"original_envelope_id":`, e.OriginalEnvelopeID)

	b = optStr(b, `"category":`, e.Category)
	b = optStr(b, `"class":`, e.Class)
	b = optStr(b, `"permanence":`, e.Permanence)
	b = optStr(b, `"fault":`, e.Fault)
	b = optStr(b, `"advice":`, e.Advice)
	b = optInt(b, `"retry_after_s":`, e.RetryAfterS)
	if e.Blocklist != nil {
		b = appendBlocklist(append(b, `"blocklist":`...), e.Blocklist)
	}
	b = optStr(b, `"rule":`, e.Rule)
	b = optStr(b, `"fingerprint":`, e.Fingerprint)

	b = optStr(b, `"sending_ip":`, e.SendingIP)
	b = optStr(b, `"sending_domain":`, e.SendingDomain)
	b = optStr(b, `"campaign":`, e.Campaign)
	if e.OutOfBand != nil {
		b = append(b, `"out_of_band":`...)
		b = append(strconv.AppendBool(b, *e.OutOfBand), ',')
	}
	b = optStr(b, `"verified":`, e.Verified)

	if e.Original != nil {
		b = appendOriginal(append(b, `"original":`...), e.Original)
	}
	if e.Report != nil {
		b = appendReport(append(b, `"report":`...), e.Report)
	}
	if e.Feedback != nil {
		b = appendFeedback(append(b, `"feedback":`...), e.Feedback)
	}
	if len(e.Problems) > 0 {
		b = append(b, `"problems":[`...)
		for i := range e.Problems {
			b = append(b, '{')
			b = str(b, `"name":`, e.Problems[i].Name)
			b = optStr(b, `"detail":`, e.Problems[i].Detail)
			b = end(b, '}')
		}
		b = end(b, ']')
	}
	b[len(b)-1] = '}'
	return b, nil
}

func appendBlocklist(b []byte, l *Blocklist) []byte {
	b = append(b, '{')
	b = optStr(b, `"zone":`, l.Zone)
	b = optStr(b, `"listed":`, l.Listed)
	b = optStr(b, `"removal_url":`, l.RemovalURL)
	return end(b, '}')
}

func appendOriginal(b []byte, o *Original) []byte {
	b = append(b, '{')
	b = optStr(b, `"message_id":`, o.MessageID)
	b = optStr(b, `"from":`, o.From)
	b = optStr(b, `"to":`, o.To)
	b = optStr(b, `"subject":`, o.Subject)
	b = optDate(b, `"date":`, o.Date)
	b = optStr(b, `"return_path":`, o.ReturnPath)
	b = optStr(b, `"list_id":`, o.ListID)
	b = optStr(b, `"feedback_id":`, o.FeedbackID)
	if len(o.Headers) > 0 {
		b = append(b, `"headers":{`...)
		var few [16]string // keeps the names off the heap
		names := few[:0]
		for name := range o.Headers {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			b = append(quote(b, name), ':')
			b = append(quote(b, o.Headers[name]), ',')
		}
		b = end(b, '}')
	}
	return end(b, '}')
}

func appendReport(b []byte, r *Report) []byte {
	b = append(b, '{')
	b = optStr(b, `"dialect":`, r.Dialect)
	b = optStr(b, `"message_id":`, r.MessageID)
	b = optStr(b, `"from":`, r.From)
	b = optDate(b, `"date":`, r.Date)
	return end(b, '}')
}

func appendFeedback(b []byte, f *Feedback) []byte {
	b = append(b, '{')
	b = optStr(b, `"type":`, f.Type)
	b = optStr(b, `"user_agent":`, f.UserAgent)
	b = optStr(b, `"source_ip":`, f.SourceIP)
	b = optStr(b, `"original_mail_from":`, f.OriginalMailFrom)
	b = optStrs(b, `"original_rcpt_to":`, f.OriginalRcptTo)
	b = optStrs(b, `"reported_domain":`, f.ReportedDomain)
	b = optStrs(b, `"reported_uri":`, f.ReportedURI)
	b = optStr(b, `"reporting_mta":`, f.ReportingMTA)
	b = optDate(b, `"arrival_date":`, f.ArrivalDate)
	b = optStr(b, `"auth_failure":`, f.AuthFailure)
	b = optInt(b, `"incidents":`, int64(f.Incidents))
	return end(b, '}')
}

// Every member is written with a comma after it; end turns the last one into the closing
// bracket (and then adds the comma of the member that the bracket ends).

func end(b []byte, bracket byte) []byte {
	if b[len(b)-1] == ',' {
		b[len(b)-1] = bracket
		return append(b, ',')
	}
	return append(b, bracket, ',') // was empty
}

func str(b []byte, key, s string) []byte {
	return append(quote(append(b, key...), s), ',')
}

func optStr(b []byte, key, s string) []byte {
	if s == "" {
		return b
	}
	return str(b, key, s)
}

func optStrs(b []byte, key string, list []string) []byte {
	if len(list) == 0 {
		return b
	}
	b = append(append(b, key...), '[')
	for _, s := range list {
		b = append(quote(b, s), ',')
	}
	return end(b, ']')
}

func optInt(b []byte, key string, n int64) []byte {
	if n == 0 {
		return b
	}
	return append(strconv.AppendInt(append(b, key...), n, 10), ',')
}

func date(b []byte, key string, t time.Time) []byte {
	b = append(append(b, key...), '"')
	t = t.UTC()
	if y := t.Year(); y < 0 || y > 9999 { // RFC 3339 has four digits
		t = time.Time{}
	}
	return append(t.AppendFormat(b, time.RFC3339), '"', ',')
}

func optDate(b []byte, key string, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return date(b, key, t)
}

const hexDigits = "0123456789abcdef"

// plain marks the bytes that stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// quote appends s as a JSON string.
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && size == 1:
				b = append(append(b, s[start:i]...), `\ufffd`...)
			case r == '\u2028' || r == '\u2029': // valid JSON, but not inside JavaScript
				b = append(append(b, s[start:i]...), `\u202`...)
				b = append(b, hexDigits[r&0xf])
			default:
				i += size
				continue
			}
			i += size
			start = i
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case 0:
			b = append(b, `\ufffd`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
