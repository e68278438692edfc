package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ReplyLine is one SMTP reply as a mail server's log holds it. Most failures of a large
// sender never become mail: the reply in the log is all there is.
type ReplyLine struct {
	Recipient         string    // the address in RCPT TO
	OriginalRecipient string    // before aliases, where the log tells
	Action            string    // failed, delayed, delivered, relayed (RFC 3464 2.3.3); empty where the line does not say
	Status            string    // enhanced status code as the log states it, perhaps the log's own
	Reply             string    // as the log holds it, for dsn.ParseReply; perhaps only the sender's words
	RemoteMTA         string    // who replied; empty if nobody did
	ReportingMTA      string    // whose log it is
	Time              time.Time // zero if unknown
	Sender            string    // envelope sender, where the log told before
	MessageID         string    // with its brackets, where the log told before
	QueueID           string
}

var (
	// ErrNoReply says that a log line reports no delivery attempt: most do not.
	ErrNoReply = errors.New("reports no delivery attempt")
	// ErrReplyLine says that a line cannot be read though it should report one.
	ErrReplyLine = errors.New("cannot be read as a reply")
)

// replyJSON is the NDJSON form. The names in the second column are those that other logs of
// this kind use.
type replyJSON struct {
	Recipient         string          `json:"recipient"`
	OriginalRecipient string          `json:"original_recipient"`
	Action            string          `json:"action"`
	Status            string          `json:"status"`
	Reply             string          `json:"reply"`
	RemoteMTA         string          `json:"remote_mta"`
	ReportingMTA      string          `json:"reporting_mta"`
	Time              json.RawMessage `json:"time"`
	Sender            string          `json:"sender"`
	MessageID         string          `json:"message_id"`
	QueueID           string          `json:"queue_id"`

	// As journalctl -o json writes what Postfix logs.
	JournalMessage json.RawMessage `json:"MESSAGE"`
	JournalProgram string          `json:"SYSLOG_IDENTIFIER"`
	JournalHost    string          `json:"_HOSTNAME"`
	JournalTime    string          `json:"__REALTIME_TIMESTAMP"`
}

// parseJSON reads a line of NDJSON. The journal's lines are handed on as the log's.
func (l *ReplyLog) parseJSON(line []byte) (ReplyLine, error) {
	var j replyJSON
	if err := json.Unmarshal(line, &j); err != nil {
		return ReplyLine{}, fmt.Errorf("%w: %v", ErrReplyLine, err)
	}
	if j.JournalProgram != "" {
		return l.journal(&j)
	}
	if j.Recipient == "" || j.Reply == "" {
		return ReplyLine{}, fmt.Errorf("%w: recipient or reply is missing", ErrReplyLine)
	}
	switch j.Action {
	case "", "failed", "delayed", "delivered", "relayed", "expanded":
	default:
		return ReplyLine{}, fmt.Errorf("%w: action %q is none of RFC 3464", ErrReplyLine, j.Action)
	}
	t, err := jsonTime(j.Time)
	if err != nil {
		return ReplyLine{}, err
	}
	return ReplyLine{
		Recipient: j.Recipient, OriginalRecipient: j.OriginalRecipient, Action: j.Action, Status: j.Status,
		Reply: j.Reply, RemoteMTA: j.RemoteMTA, ReportingMTA: j.ReportingMTA, Time: t,
		Sender: j.Sender, MessageID: j.MessageID, QueueID: j.QueueID,
	}, nil
}

func (l *ReplyLog) journal(j *replyJSON) (ReplyLine, error) {
	var text string
	if err := json.Unmarshal(j.JournalMessage, &text); err != nil {
		return ReplyLine{}, ErrNoReply // the journal writes what is not UTF-8 as numbers
	}
	var t time.Time
	if us, err := strconv.ParseInt(j.JournalTime, 10, 64); err == nil {
		t = time.UnixMicro(us).UTC()
	}
	return l.entry(logEntry{time: t, host: j.JournalHost, program: j.JournalProgram, text: text})
}

// jsonTime reads RFC 3339, or seconds since 1970.
func jsonTime(raw json.RawMessage) (time.Time, error) {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == `""` {
		return time.Time{}, nil
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			return time.Time{}, fmt.Errorf("%w: time %q is not RFC 3339", ErrReplyLine, s)
		}
		return t.UTC(), nil
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f < 0 || f > 1<<40 {
		return time.Time{}, fmt.Errorf("%w: time %s", ErrReplyLine, raw)
	}
	return time.UnixMicro(int64(f * 1e6)).UTC(), nil
}

// ReplyLog reads the lines of one log, in order: NDJSON with the fields recipient, reply,
// remote_mta, time and message_id (also original_recipient, action, status, reporting_mta,
// sender and queue_id), what Postfix logs, or that as journalctl -o json exports it. It
// remembers what earlier lines told of a message. The zero value is ready.
type ReplyLog struct {
	// Until settles the year of times that have none: none is after it by more than a day.
	// Default: the present, as each line is read.
	Until time.Time
	// Zone is the zone of times that have none; default time.Local.
	Zone *time.Location

	queued map[string]queued
	order  []string // of queue IDs, a ring
	at     int
}

// queued is what is known of a message in the queue.
type queued struct {
	slot              int
	messageID, sender string
}

// maxQueued is how many messages are remembered; the oldest are forgotten first.
const maxQueued = 64 << 10

// Parse reads a line. The error wraps ErrNoReply or ErrReplyLine.
func (l *ReplyLog) Parse(line []byte) (ReplyLine, error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return ReplyLine{}, ErrNoReply
	}
	if line[0] == '{' {
		return l.parseJSON(line)
	}
	// Most lines are of no interest, and need not be taken apart to tell.
	if !bytes.Contains(line, []byte(": to=<")) && !bytes.Contains(line, []byte(": message-id=")) &&
		!bytes.Contains(line, []byte(": from=<")) && !bytes.HasSuffix(line, []byte(": removed")) {
		return ReplyLine{}, ErrNoReply
	}
	e, ok := l.split(string(line))
	if !ok {
		return ReplyLine{}, ErrNoReply
	}
	return l.entry(e)
}

func (l *ReplyLog) remember(queueID string, note func(*queued)) {
	q, ok := l.queued[queueID]
	if !ok {
		if l.queued == nil {
			l.queued = make(map[string]queued)
		}
		if len(l.order) < maxQueued {
			l.order = append(l.order, "")
		}
		if l.at == maxQueued {
			l.at = 0
		}
		if old := l.order[l.at]; old != "" {
			delete(l.queued, old)
		}
		q.slot = l.at
		l.order[l.at] = strings.Clone(queueID)
		l.at++
	}
	note(&q)
	l.queued[l.order[q.slot]] = q
}

func (l *ReplyLog) forget(queueID string) {
	if q, ok := l.queued[queueID]; ok {
		l.order[q.slot] = ""
		delete(l.queued, queueID)
	}
}
