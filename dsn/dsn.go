// Package dsn reads what a reporting mail server said: delivery status
// notifications (RFC 3464, RFC 6533), the many formats that are none, abuse
// reports (RFC 5965), automatic replies (RFC 3834), disposition notifications
// (RFC 8098) and challenges.
//
// It is pure: no network, no clock, no log. It invents nothing: a field that no one
// stated stays empty. Reading is lenient: a bad date costs that date, never the
// recipient, and what was off is listed in [Report.Problems].
package dsn

import "errors"

// ErrNotReport says that a message is no report: ordinary mail.
var ErrNotReport = errors.New("not a report")

// Limits bound the work that one message can cause. Zero fields mean the default.
type Limits struct {
	Bytes       int // read of one message; default 512 KiB
	Depth       int // nesting of MIME parts; default 20
	Parts       int // MIME parts; default 1,000
	HeaderLine  int // bytes of one header field, folded lines included; default 64 KiB
	HeaderLines int // header lines in all; default 10,000
	Recipients  int // default 1,000
	Work        int // bytes scanned and decoded in all; default 16 MiB
}

// Parser reads reports. The zero value works; a Parser is safe for concurrent use.
type Parser struct {
	Limits Limits
}

// Reader reads one message after the other and uses its memory again, which makes it faster than a
// Parser where each report is done with before the next is read. The zero value works; a Reader is not
// safe for concurrent use.
type Reader struct {
	Limits Limits

	m          mail
	report     Report
	recipients []Recipient
}
