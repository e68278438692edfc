package sink

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Privacy says what of the people who were mailed may leave. The zero value lets all of it.
//
// With a Key, recipients are pseudonyms: each of their addresses is the HMAC-SHA-256, in hex, of
// the address in lower case, so that whoever holds the key can still find events of an address
// they know. In texts addresses are blanked. A domain stays readable, and so does whatever a
// subject or a header field says about a person without naming an address: leave those out by
// Original. Raw mail, as [StreamUnrecognized] takes it, cannot be treated this way.
//
// Apply it after [Identity.ID], before [Key] and encoding. It is safe for concurrent use.
type Privacy struct {
	Key      []byte   // nil: addresses are clear
	Original []string // the parts of original that leave, by their JSON names; nil: all
}

// MinPrivacyKey is the shortest key: addresses are guessable, so the key must not be.
const MinPrivacyKey = 16

// originalParts are the parts of [Original].
var originalParts = []string{"message_id", "from", "to", "subject", "date", "return_path", "list_id", "feedback_id", "headers"}

// NewPrivacy returns the Privacy for a configuration: recipient is "clear", "" (which is clear) or
// "hash", which needs the key.
func NewPrivacy(recipient string, key []byte, original []string) (*Privacy, error) {
	p := &Privacy{Original: original}
	switch recipient {
	case "", "clear":
	case "hash":
		if len(key) == 0 {
			return nil, errors.New("privacy: recipient: hash needs a key")
		}
		p.Key = key
	default:
		return nil, fmt.Errorf("privacy: recipient is %q; it may be clear or hash", recipient)
	}
	return p, p.Validate()
}

// Validate reports a key that is too short, or parts of original that do not exist.
func (p *Privacy) Validate() error {
	if p.Key != nil && len(p.Key) < MinPrivacyKey {
		return fmt.Errorf("privacy: the key has %d bytes; use at least %d random ones", len(p.Key), MinPrivacyKey)
	}
	for _, part := range p.Original {
		if !slices.Contains(originalParts, part) {
			return fmt.Errorf("privacy: original has no part %q; it has %s", part, strings.Join(originalParts, ", "))
		}
	}
	return nil
}

// Hash returns the pseudonym of an address, "" for "".
func (p *Privacy) Hash(address string) string {
	address = strings.TrimSpace(address)
	if address == "" {
		return ""
	}
	mac := hmac.New(sha256.New, p.Key)
	mac.Write([]byte(strings.ToLower(address)))
	return hex.EncodeToString(mac.Sum(nil))
}

// Apply removes from e what may not leave. What e points to is copied before it is changed.
func (p *Privacy) Apply(e *Event) {
	if p.Original != nil && e.Original != nil {
		e.Original = p.parts(e.Original)
	}
	if p.Key == nil {
		return
	}
	b := newBlanker(e)
	for _, s := range []*string{&e.Address, &e.Recipient, &e.NewAddress} {
		*s = p.Hash(*s)
	}
	blankTexts(b.all, &e.SMTPCommand, &e.DiagnosticCode, &e.FinalLogID, &e.OriginalEnvelopeID, &e.Fingerprint)
	blankTexts(b.known, &e.ReportingMTA, &e.RemoteMTA, &e.ReceivedFromMTA, &e.SendingDomain, &e.Campaign)
	if e.Blocklist != nil {
		l := *e.Blocklist
		blankTexts(b.all, &l.Zone, &l.Listed, &l.RemovalURL)
		e.Blocklist = &l
	}
	if e.Original != nil {
		o := *e.Original
		o.To = p.hashList(o.To)
		blankTexts(b.all, &o.Subject)
		blankTexts(b.known, &o.MessageID, &o.From, &o.ReturnPath, &o.ListID, &o.FeedbackID)
		o.Headers = maps.Clone(o.Headers)
		for name, value := range o.Headers {
			o.Headers[name] = b.all(value)
		}
		e.Original = &o
	}
	if e.Report != nil {
		r := *e.Report
		switch e.Type {
		case TypeAutoReply, TypeChallenge, TypeDisposition: // written by a person, or in their name
			r.From = p.hashList(r.From)
		}
		blankTexts(b.known, &r.From, &r.MessageID)
		e.Report = &r
	}
	if e.Feedback != nil {
		p.applyFeedback(e, b)
	}
	e.Problems = slices.Clone(e.Problems)
	for i := range e.Problems {
		blankTexts(b.all, &e.Problems[i].Detail)
	}
}

func (p *Privacy) applyFeedback(e *Event, b *blanker) {
	f := *e.Feedback
	f.OriginalRcptTo = slices.Clone(f.OriginalRcptTo)
	for i, address := range f.OriginalRcptTo {
		f.OriginalRcptTo[i] = p.Hash(strings.Trim(address, "<> "))
	}
	f.ReportedURI = slices.Clone(f.ReportedURI)
	for i := range f.ReportedURI {
		blankTexts(b.all, &f.ReportedURI[i])
	}
	f.ReportedDomain = slices.Clone(f.ReportedDomain)
	for i := range f.ReportedDomain {
		blankTexts(b.known, &f.ReportedDomain[i])
	}
	blankTexts(b.known, &f.OriginalMailFrom, &f.UserAgent, &f.ReportingMTA, &f.AuthFailure)
	e.Feedback = &f
}

// parts returns what may leave of o, nil if that is nothing.
func (p *Privacy) parts(o *Original) *Original {
	var kept Original
	for _, part := range p.Original {
		switch part {
		case "message_id":
			kept.MessageID = o.MessageID
		case "from":
			kept.From = o.From
		case "to":
			kept.To = o.To
		case "subject":
			kept.Subject = o.Subject
		case "date":
			kept.Date = o.Date
		case "return_path":
			kept.ReturnPath = o.ReturnPath
		case "list_id":
			kept.ListID = o.ListID
		case "feedback_id":
			kept.FeedbackID = o.FeedbackID
		case "headers":
			kept.Headers = o.Headers
		}
	}
	if kept.MessageID+kept.From+kept.To+kept.Subject+kept.ReturnPath+kept.ListID+kept.FeedbackID == "" && kept.Date.IsZero() && len(kept.Headers) == 0 {
		return nil
	}
	return &kept
}

// hashList returns the pseudonyms of the addresses in a list, without the names beside them.
func (p *Privacy) hashList(list string) string {
	var hashes []string
	for s := list; s != ""; {
		start, end := findAddress(s)
		if start < 0 {
			break
		}
		hashes = append(hashes, p.Hash(s[start:end]))
		s = s[end:]
	}
	return strings.Join(hashes, ", ")
}

// Placeholders of blanked addresses.
const (
	blankRecipient = "[recipient]"
	blankAddress   = "[address]"
)

// blanker removes addresses from the texts of one event.
type blanker struct {
	addresses []string // of the recipient, in the ways they are written, in lower case
	locals    []string // local parts of these
}

func newBlanker(e *Event) *blanker {
	b := &blanker{}
	budget := 16 // addresses; a list of thousands is not one person's
	add := func(address string) {
		if budget--; budget < 0 {
			return
		}
		address = lowerASCII(strings.Trim(address, "<> \t"))
		local, domain, found := cutAddress(address)
		if !found {
			b.locals = append(b.locals, address)
			return
		}
		for _, way := range []string{address, local + "=" + domain, local + "%40" + domain, local + "%3d" + domain, domain + "=" + local} {
			if !slices.Contains(b.addresses, way) {
				b.addresses = append(b.addresses, way)
			}
		}
		if user, _, tagged := strings.Cut(local, "+"); tagged && user != "" {
			b.locals = append(b.locals, local, user)
		} else {
			b.locals = append(b.locals, local)
		}
	}
	for _, address := range []string{e.Address, e.Recipient, e.NewAddress} {
		if address != "" {
			add(address)
		}
	}
	if e.Feedback != nil {
		for _, address := range e.Feedback.OriginalRcptTo {
			add(address)
		}
	}
	if e.Original != nil {
		for s := e.Original.To; s != ""; {
			start, end := findAddress(s)
			if start < 0 {
				break
			}
			add(s[start:end])
			s = s[end:]
		}
	}
	// Longest first, so that no part of a longer one is left over.
	byLength := func(x, y string) int { return len(y) - len(x) }
	slices.SortStableFunc(b.addresses, byLength)
	slices.SortStableFunc(b.locals, byLength)
	b.locals = slices.DeleteFunc(slices.Compact(b.locals), func(s string) bool {
		return s == "" || len(s) <= 3 && strings.Trim(s, "0123456789") == "" // would be taken for reply codes
	})
	return b
}

func blankTexts(blank func(string) string, texts ...*string) {
	for _, s := range texts {
		if *s != "" {
			*s = blank(*s)
		}
	}
}

// known blanks the recipient's addresses in s.
func (b *blanker) known(s string) string {
	return replaceWords(s, b.addresses, false)
}

// all blanks every address in s, and the recipient's local part where it stands alone, as in
// "no such user jo".
func (b *blanker) all(s string) string {
	s = replaceWords(b.known(s), b.locals, true)
	var out strings.Builder
	for {
		start, end := findAddress(s)
		if start < 0 {
			break
		}
		out.WriteString(s[:start])
		out.WriteString(blankAddress)
		s = s[end:]
	}
	if out.Len() == 0 {
		return s
	}
	out.WriteString(s)
	return out.String()
}

// replaceWords blanks words, which are in lower case, in s, whatever their case there; with alone
// only where they are not part of longer ones.
func replaceWords(s string, words []string, alone bool) string {
	low := lowerASCII(s)
	for _, word := range words {
		if !strings.Contains(low, word) {
			continue
		}
		s = replaceWord(s, low, word, alone)
		low = lowerASCII(s)
	}
	return s
}

// replaceWord blanks word in s, of which low is the lower case.
func replaceWord(s, low, word string, alone bool) string {
	var out strings.Builder
	done := 0
	for at := 0; ; {
		i := strings.Index(low[at:], word)
		if i < 0 {
			break
		}
		start, end := at+i, at+i+len(word)
		if alone && !standsAlone(low, start, end) {
			at = start + 1
			continue
		}
		out.WriteString(s[done:start])
		out.WriteString(blankRecipient)
		at, done = end, end
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// standsAlone reports whether s[start:end] is no part of a longer word. A dot at its end may end
// the sentence.
func standsAlone(s string, start, end int) bool {
	if start > 0 && wordByte(s[start-1]) {
		return false
	}
	if end < len(s) && s[end] == '.' {
		end++
	}
	return end == len(s) || !wordByte(s[end])
}

func wordByte(c byte) bool {
	return c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-'
}

// findAddress returns where the first mail address in s stands, or -1.
func findAddress(s string) (start, end int) {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '@')
		if i < 0 {
			return -1, -1
		}
		at := from + i
		start, end = at, at+1
		if at > 0 && s[at-1] == '"' { // quoted local part
			if q := strings.LastIndexByte(s[:at-1], '"'); q >= 0 {
				start = q
			}
		} else {
			for start > 0 && localByte(s[start-1]) {
				start--
			}
		}
		for end < len(s) && (wordByte(s[end]) || s[end] == '[' || s[end] == ']' || s[end] == ':' && s[at+1] == '[') {
			end++
		}
		for end > at+1 && (s[end-1] == '.' || s[end-1] == '-') { // ends a sentence
			end--
		}
		if start < at && end > at+1 {
			return start, end
		}
		from = at + 1
	}
}

// localByte reports whether c may be part of a local part: RFC 5322 atext, RFC 6531, and the dot.
func localByte(c byte) bool {
	return wordByte(c) || strings.IndexByte("!#$%&'*+/=?^`{|}~", c) >= 0
}

func cutAddress(address string) (local, domain string, found bool) {
	i := strings.LastIndexByte(address, '@')
	if i <= 0 || i == len(address)-1 {
		return "", "", false
	}
	return address[:i], address[i+1:], true
}

// lowerASCII keeps the length, which strings.ToLower does not.
func lowerASCII(s string) string {
	if i := strings.IndexFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }); i < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
