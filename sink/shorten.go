package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// ErrTooLarge says that something cannot be made small enough to be stored.
var ErrTooLarge = errors.New("too large to be stored")

// ShortenedProblem is the name of the problem that marks an event which [Shorten] cut.
const ShortenedProblem = "event_shortened"

// Shorten cuts e until it is encoded in at most limit bytes: the longest texts first, addresses
// never. It notes what it did as a problem. An event that fits is left alone.
func Shorten(enc Encoder, e *Event, limit int) error {
	size, err := encodedSize(enc, e)
	if err != nil || size <= limit {
		return err
	}
	full := size
	e.Problems = append([]Problem{{Name: ShortenedProblem}}, e.Problems...)
	dropLongAddresses(e)
	for _, step := range []struct{ text, list int }{{64 << 10, 1000}, {16 << 10, 500}, {4 << 10, 100}, {1 << 10, 20}, {256, 5}, {64, 1}} {
		cut := cutLists(e, step.list) + cutTexts(e, step.text)
		e.Problems[0].Detail = strconv.Itoa(full) + " bytes were too many; texts end after " + strconv.Itoa(step.text)
		if cut == 0 {
			continue
		}
		if size, err = encodedSize(enc, e); err != nil || size <= limit {
			return err
		}
	}
	return fmt.Errorf("%w: the event %s has %d bytes at the least, %d are allowed", ErrTooLarge, e.ID, size, limit)
}

func encodedSize(enc Encoder, e *Event) (int, error) {
	b, err := enc.Append(nil, e)
	return len(b), err
}

// dropLongAddresses empties addresses beyond all reason: part of one would be another.
func dropLongAddresses(e *Event) {
	for _, s := range []*string{&e.Address, &e.Recipient, &e.RecipientDomain, &e.NewAddress} {
		if len(*s) > 1000 {
			*s = ""
		}
	}
}

// cutTexts cuts every text of e to at most n bytes, but for what identifies it.
func cutTexts(e *Event, n int) (cut int) {
	short := func(list ...*string) {
		for _, s := range list {
			if len(*s) > n {
				*s = cutText(*s, n)
				cut++
			}
		}
	}
	short(&e.Provider, &e.Action, &e.Status, &e.ReplyStatus, &e.SMTPCommand, &e.DiagnosticCode, &e.DiagnosticType,
		&e.ReportingMTA, &e.RemoteMTA, &e.ReceivedFromMTA, &e.FinalLogID, &e.OriginalEnvelopeID,
		&e.Rule, &e.Fingerprint, &e.SendingIP, &e.SendingDomain, &e.Campaign)
	if l := e.Blocklist; l != nil {
		short(&l.Zone, &l.Listed, &l.RemovalURL)
	}
	if o := e.Original; o != nil {
		short(&o.MessageID, &o.From, &o.To, &o.Subject, &o.ReturnPath, &o.ListID, &o.FeedbackID)
		for name, value := range o.Headers {
			switch {
			case len(name) > n:
				delete(o.Headers, name)
				cut++
			case len(value) > n:
				o.Headers[name] = cutText(value, n)
				cut++
			}
		}
	}
	if r := e.Report; r != nil {
		short(&r.Dialect, &r.MessageID, &r.From)
	}
	if f := e.Feedback; f != nil {
		short(&f.Type, &f.UserAgent, &f.SourceIP, &f.OriginalMailFrom, &f.ReportingMTA, &f.AuthFailure)
		for _, list := range [][]string{f.OriginalRcptTo, f.ReportedDomain, f.ReportedURI} {
			for i := range list {
				short(&list[i])
			}
		}
	}
	for i := range e.Problems {
		short(&e.Problems[i].Detail)
	}
	return cut
}

// cutLists cuts every list of e to at most n entries.
func cutLists(e *Event, n int) (cut int) {
	if len(e.Problems) > n+1 {
		e.Problems = e.Problems[:n+1]
		cut++
	}
	if f := e.Feedback; f != nil {
		for _, list := range []*[]string{&f.OriginalRcptTo, &f.ReportedDomain, &f.ReportedURI} {
			if len(*list) > n {
				*list = (*list)[:n]
				cut++
			}
		}
	}
	if o := e.Original; o != nil && len(o.Headers) > n {
		o.Headers = nil // which ones matter is not known here
		cut++
	}
	return cut
}

// cutText returns the first n bytes of s, less what would be half a character.
func cutText(s string, n int) string {
	for i := n; i > n-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i]
		}
	}
	return s[:n] // not UTF-8 anyway
}

// shortenJSON is Shorten for an event that is JSON already.
func shortenJSON(value []byte, limit int) ([]byte, error) {
	var e Event
	if err := json.Unmarshal(value, &e); err != nil {
		return nil, fmt.Errorf("%w: an event of %d bytes that is not JSON cannot be shortened", ErrTooLarge, len(value))
	}
	if err := Shorten(JSON{}, &e, limit); err != nil {
		return nil, err
	}
	return JSON{}.Append(nil, &e)
}
