package classify

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/bouncepipe/bouncepipe/dsn"
)

const (
	namesSender       = 1 << iota // the reply names the sender's address and not the recipient's
	namesSenderDomain             // likewise its domain
	namesIP                       // it holds an IPv4 address
	namesOtherHost                // behind the words stands a host that is not of the recipient's domain
)

// namesOther reports whether a host stands behind one of the words, and none that is of the
// recipient's domain: a relay or a route of the sending side, or another's mail host.
func (s *scratch) namesOther(g group, f field) bool {
	other := false
	for i := range s.hits {
		h := &s.hits[i]
		if h.field != f || !slices.Contains(g, h.literal) {
			continue
		}
		name := s.hay[h.end:s.spans[f][1]]
		end := 0
		for end < len(name) && isNameByte(name[end]) {
			end++
		}
		host := strings.Trim(string(name[:end]), ".")
		if strings.IndexByte(host, '.') < 0 && s.hay[h.end-1] != '=' || end < len(name) && name[end] == '@' {
			continue // a word, but in "name=mailhost"
		}
		if ofDomain(host, s.rcpt.FinalRecipient.Value, s.rcpt.OriginalRecipient.Value) {
			return false
		}
		other = true
	}
	return other
}

// ofDomain reports whether host may be one of the domain of an address. Where no address has a
// domain, it may.
func ofDomain(host string, addresses ...string) bool {
	known := false
	for _, a := range addresses {
		_, domain, _ := strings.Cut(strings.ToLower(a), "@")
		if domain == "" {
			continue
		}
		if known = true; registered(host) == registered(strings.TrimSuffix(domain, ".")) {
			return true
		}
	}
	return !known
}

// registered returns the domain that name belongs to, as somebody registered it: one label below
// a public suffix. A suffix itself, and a name of one label, stand for themselves.
func registered(name string) string {
	if domain, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return domain
	}
	return name
}

// holdsIPv4 reports whether four numbers joined by dots stand in s.
func holdsIPv4(s []byte) bool {
	numbers, digits := 0, 0
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			if digits++; digits == 1 {
				numbers++
			}
			if numbers == 4 {
				return true
			}
		case c == '.' && 0 < digits && digits < 4:
			digits = 0
		default:
			numbers, digits = 0, 0
		}
	}
	return false
}

// named says whether the reply speaks of the sender: "550 <news@example.com>: user unknown" is
// no word about whom it was sent to. A reply that names the recipient too is about the recipient.
func named(rep *dsn.Report, rcpt *dsn.Recipient) (bits uint8) {
	text := clip(rcpt.Reply.Text)
	if rcpt.Reply.Code == 0 || strings.IndexByte(text, '.') < 0 {
		return 0
	}
	text = strings.ToLower(text)
	for _, a := range [...]string{rcpt.FinalRecipient.Value, rcpt.OriginalRecipient.Value} {
		if _, domain, _ := strings.Cut(strings.ToLower(a), "@"); domain != "" && hasWord(text, domain) {
			return 0
		}
	}
	at := strings.IndexByte(text, '@') >= 0
	sender := func(h dsn.Header, field string) {
		a := strings.ToLower(h.Get(field))
		if i := strings.LastIndexByte(a, '<'); i >= 0 {
			a = a[i+1:]
		}
		a = strings.Trim(a, " <>\t")
		_, domain, ok := strings.Cut(a, "@")
		switch {
		case !ok || strings.ContainsAny(a, " ,;") || strings.IndexByte(domain, '.') < 0:
		case at && strings.Contains(text, a):
			bits |= namesSender
		case !at && hasWord(text, domain):
			bits |= namesSenderDomain
		}
	}
	sender(rep.Header, "To") // a report goes to the envelope's sender
	sender(rep.Original.Header, "Return-Path")
	sender(rep.Original.Header, "From")
	return bits
}

// hasWord reports whether word stands in s, not as a part of a longer name.
func hasWord(s, word string) bool {
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(word)
		if (i == 0 || !isNameByte(s[i-1])) && (end == len(s) || !isNameByte(s[end]) || s[end] == '.' && (end+1 == len(s) || !isNameByte(s[end+1]))) {
			return true
		}
		from = i + 1
	}
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c >= 0x80
}
