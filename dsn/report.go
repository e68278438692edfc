package dsn

import (
	"strconv"
	"strings"
	"time"
)

// Kind says what a report is.
type Kind string

// The kinds of report.
const (
	DeliveryStatus          Kind = "delivery-status"          // RFC 3464, RFC 6533, and what MTAs wrote before
	FeedbackReport          Kind = "feedback-report"          // RFC 5965
	AutoReply               Kind = "auto-reply"               // RFC 3834
	Challenge               Kind = "challenge"                // challenge/response
	DispositionNotification Kind = "disposition-notification" // RFC 8098
)

// Action is RFC 3464 2.3.3.
type Action string

// The actions. None means that neither field nor text says.
const (
	None      Action = ""
	Failed    Action = "failed"
	Delayed   Action = "delayed"
	Delivered Action = "delivered"
	Relayed   Action = "relayed"
	Expanded  Action = "expanded"
)

// Report is what a reporting MTA said, in the words of RFC 3464.
type Report struct {
	Kind     Kind
	Dialect  string    // who could read it: "rfc3464", "qmail", "exim", ...
	Header   Header    // the report's own header, in order
	Received time.Time // its topmost Received; zero if none

	OriginalEnvelopeID            string
	ReportingMTA, ReceivedFromMTA Typed
	ArrivalDate                   time.Time // when the original reached the reporting MTA: not when it failed

	Recipients  []Recipient
	Original    Original
	Feedback    *Feedback // RFC 5965; nil unless Kind is FeedbackReport
	Disposition string    // RFC 8098 3.2.6; empty unless Kind is DispositionNotification
	Problems    []Problem // what was off, and how it was read all the same
}

// Recipient is what a report says of one recipient.
type Recipient struct {
	FinalRecipient, OriginalRecipient Typed
	NewAddress                        string // where a 551 or x.1.6 says it moved
	Action                            Action // as stated, else from the text, else None
	Status                            Status // enhanced status code as stated; zero if none was
	DiagnosticCode                    Typed  // the field, or the reason as the text gives it (then without type)
	Reply                             Reply  // of the server that refused, wherever the report quotes it
	Text                              string // what the human part says of this recipient beyond the reply
	RemoteMTA                         Typed
	LastAttemptDate, WillRetryUntil   time.Time
	FinalLogID                        string
	GaveUp                            bool // nothing will be tried again, although Action says delayed
}

// Reply is an SMTP reply (RFC 5321 4.2) and the command it answered.
type Reply struct {
	Code    int    // 0 if none, else 200..599
	Status  Status // enhanced status code inside the reply; zero if none
	Text    string // the lines joined by a blank, codes removed
	Command string // "CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "." (end of data), "STARTTLS", ...; empty if unknown
}

// Status is an enhanced status code (RFC 3463). The zero value is none.
type Status struct {
	Class           uint8
	Subject, Detail uint16
}

// IsZero reports whether s is none.
func (s Status) IsZero() bool { return s.Class == 0 }

// IsGeneric reports whether s says no more than its class: x.0.0.
func (s Status) IsGeneric() bool { return s.Subject == 0 && s.Detail == 0 }

// String returns "5.1.1", or "" for none.
func (s Status) String() string {
	if s.IsZero() {
		return ""
	}
	if int(s.Class) < len(usualStatus) && int(s.Subject) < len(usualStatus[0]) && int(s.Detail) < len(usualStatus[0][0]) {
		return usualStatus[s.Class][s.Subject][s.Detail]
	}
	var buf [16]byte
	return string(s.appendTo(buf[:0]))
}

// usualStatus has the strings of the codes that servers give.
var usualStatus = func() (t [6][8][32]string) {
	for class := range t {
		for subject := range t[class] {
			for detail := range t[class][subject] {
				var buf [16]byte
				t[class][subject][detail] = string(Status{uint8(class), uint16(subject), uint16(detail)}.appendTo(buf[:0]))
			}
		}
	}
	return t
}()

func (s Status) appendTo(b []byte) []byte {
	b = strconv.AppendUint(b, uint64(s.Class), 10)
	b = append(b, '.')
	b = strconv.AppendUint(b, uint64(s.Subject), 10)
	b = append(b, '.')
	return strconv.AppendUint(b, uint64(s.Detail), 10)
}

// Typed is a value with its type: "rfc822; a@example.org", "dns; mx.example.org", "smtp; 550 ..."
// (RFC 3464 2.1.2). Type is in lower case and may be empty.
type Typed struct{ Type, Value string }

// Original is what is left of the returned message.
type Original struct {
	Header Header
}

// Feedback is the second part of an abuse report (RFC 5965, RFC 6591).
type Feedback struct {
	Type                  string // "abuse", "fraud", "not-spam", "auth-failure", ...
	UserAgent, Version    string
	SourceIP              string
	OriginalEnvelopeID    string
	OriginalMailFrom      string
	OriginalRcptTo        []string
	ReportedDomain        []string
	ReportedURI           []string
	AuthenticationResults []string
	ReportingMTA          Typed
	ArrivalDate           time.Time // Arrival-Date or Received-Date
	AuthFailure           string    // RFC 6591 3.2.3
	Incidents             int
}

// Problem is one thing that was off in a report.
type Problem struct {
	Name   string // stable, snake_case: "depth_limit", "missing_boundary", ...
	Detail string
}

// Field is one header field. Value is unfolded; encoded words stay as they are.
type Field struct{ Name, Value string }

// Header is a list of fields in their order; names may repeat.
type Header []Field

// Get returns the value of the first field called name, whatever its case, or "".
func (h Header) Get(name string) string {
	for i := range h {
		if len(h[i].Name) == len(name) && h[i].is(name) {
			return h[i].Value
		}
	}
	return ""
}

// is reports whether f is called name, whatever its case.
func (f *Field) is(name string) bool {
	if len(f.Name) != len(name) || name == "" || (f.Name[0]^name[0])&^0x20 != 0 { // most
		return false
	}
	return f.Name == name || strings.EqualFold(f.Name, name)
}
