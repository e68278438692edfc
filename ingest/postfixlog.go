package ingest

import (
	"strings"
	"time"
)

// logEntry is a line of a system log, taken apart.
type logEntry struct {
	time          time.Time
	host, program string // program without its number: "postfix/smtp"
	text          string
}

// split takes a line of a system log apart, in the traditional form (RFC 3164 4.1.2) or with
// an RFC 3339 time:
//
//	Jan  2 15:04:05 mail postfix/smtp[123]: 4F1A22: to=<...
//	2006-01-02T15:04:05.123456+01:00 mail postfix/smtp[123]: 4F1A22: to=<...
func (l *ReplyLog) split(line string) (e logEntry, ok bool) {
	if line[0] == '<' { // RFC 3164 4.1.1: the priority
		if n := strings.IndexByte(line, '>'); n > 0 && n < 5 {
			line = line[n+1:]
		}
	}
	var rest string
	if len(line) > 0 && isDigit(line[0]) {
		var stamp string
		if stamp, rest, ok = strings.Cut(line, " "); !ok {
			return e, false
		}
		e.time = parseStamp(stamp)
	} else {
		if len(line) < len(time.Stamp)+1 || line[len(time.Stamp)] != ' ' {
			return e, false
		}
		rest = line[len(time.Stamp)+1:]
		e.time = l.yearless(line[:len(time.Stamp)])
	}
	if e.host, rest, ok = strings.Cut(rest, " "); !ok {
		return e, false
	}
	if e.program, e.text, ok = strings.Cut(rest, ": "); !ok {
		return e, false
	}
	e.program, _, _ = strings.Cut(e.program, "[")
	return e, !strings.Contains(e.program, " ")
}

func parseStamp(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// yearless reads a time without a year: the last one that is not after Until.
func (l *ReplyLog) yearless(s string) time.Time {
	until, zone := l.Until, l.Zone
	if until.IsZero() {
		until = time.Now()
	}
	if zone == nil {
		zone = time.Local
	}
	until = until.Add(24 * time.Hour).In(zone)
	for year := until.Year(); year > until.Year()-5; year-- { // February 29 may be four years ago
		t, err := time.ParseInLocation("2006 "+time.Stamp, time.Date(year, 1, 1, 0, 0, 0, 0, zone).Format("2006 ")+s, zone)
		if err == nil && !t.After(until) {
			return t.UTC()
		}
	}
	return time.Time{}
}

// entry reads what a delivery agent of Postfix logs of a recipient:
//
//	QUEUEID: to=<a@b>, orig_to=<c>, relay=mx.b[192.0.2.1]:25, delay=1, delays=..., dsn=5.1.1, status=bounced (host mx.b[192.0.2.1] said: 550 5.1.1 ... (in reply to RCPT TO command))
func (l *ReplyLog) entry(e logEntry) (ReplyLine, error) {
	id, text, ok := strings.Cut(e.text, ": ")
	if !ok || !isQueueID(id) {
		return ReplyLine{}, ErrNoReply
	}
	switch {
	case text == "removed":
		l.forget(id)
		return ReplyLine{}, ErrNoReply
	case strings.HasPrefix(text, "message-id="):
		l.remember(id, func(q *queued) { q.messageID = strings.Clone(text[len("message-id="):]) })
		return ReplyLine{}, ErrNoReply
	case strings.HasPrefix(text, "from=<"):
		if sender, rest, ok := strings.Cut(text[len("from=<"):], ">, "); ok && !strings.HasPrefix(rest, "to=<") {
			l.remember(id, func(q *queued) { q.sender = strings.Clone(sender) })
		}
		return ReplyLine{}, ErrNoReply
	case !strings.HasPrefix(text, "to=<"):
		return ReplyLine{}, ErrNoReply
	}
	r := ReplyLine{Time: e.time, ReportingMTA: e.host, QueueID: id}
	q := l.queued[id]
	r.MessageID, r.Sender = q.messageID, q.sender
	var rest string
	if r.Recipient, rest, ok = strings.Cut(text[len("to=<"):], ">, "); !ok {
		return ReplyLine{}, ErrReplyLine
	}
	fields, outcome, ok := strings.Cut(rest, "status=")
	if !ok {
		return ReplyLine{}, ErrReplyLine
	}
	if orig, ok := strings.CutPrefix(fields, "orig_to=<"); ok {
		if r.OriginalRecipient, fields, ok = strings.Cut(orig, ">, "); !ok {
			return ReplyLine{}, ErrReplyLine
		}
	}
	relay := ""
	for field := range strings.SplitSeq(fields, ", ") {
		switch key, value, _ := strings.Cut(field, "="); key {
		case "relay":
			relay = value
		case "dsn":
			r.Status = value
		}
	}
	word, reason, _ := strings.Cut(outcome, " ")
	switch word {
	case "bounced", "expired":
		r.Action = "failed"
	case "deferred", "SOFTBOUNCE":
		r.Action = "delayed"
	case "sent":
		r.Action = "delivered"
		if strings.HasSuffix(e.program, "/smtp") {
			r.Action = "relayed"
		}
	default:
		return ReplyLine{}, ErrNoReply // deliverable, undeliverable: a probe, not a mail
	}
	r.Reply = strings.TrimSuffix(strings.TrimPrefix(reason, "("), ")")
	r.RemoteMTA = remoteMTA(relay, r.Reply)
	return r, nil
}

// isQueueID knows short and long queue IDs, and not NOQUEUE.
func isQueueID(s string) bool {
	if len(s) < 5 || len(s) > 32 || s == "NOQUEUE" {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(isDigit(c) || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z') {
			return false
		}
	}
	return true
}

// remoteMTA is the host that the reply is from, or that could not be talked to; empty where
// none was asked.
func remoteMTA(relay, reply string) string {
	for _, before := range []string{"host ", "connect to ", "lost connection with ", "conversation with "} {
		if n := strings.Index(reply, before); n >= 0 && (n == 0 || strings.HasSuffix(reply[:n], ": ")) {
			if host := hostName(reply[n+len(before):]); host != "" {
				return host
			}
		}
	}
	return hostName(relay)
}

// hostName reads "mx.example.net[192.0.2.1]:25"; an unknown host is named by its address.
func hostName(s string) string {
	name, rest, ok := strings.Cut(s, "[")
	if !ok || strings.ContainsAny(name, " ,:") {
		return ""
	}
	address, _, ok := strings.Cut(rest, "]")
	if !ok {
		return ""
	}
	if name == "" || name == "unknown" {
		return address
	}
	return name
}
