package classify

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// rule is one rule as a file states it, ready to be tried.
type rule struct {
	name     string
	where    string // file:line
	category Category
	info     *CategoryInfo
	last     bool // of last resort: tried when no other rule took the reply

	providers []int16
	texts     []group  // all must hold, in one field
	codes     *codeSet // nil: any
	noCode    bool     // a report without a reply code is fine too
	statuses  []statusPattern
	commands  uint16 // bits; 0: any
	actions   uint8  // bits; 0: any
	lists     uint8  // listNamed, listRefused; 0: does not matter
	names     uint8  // namesSender, namesSenderDomain, namesIP, namesOtherHost; 0: does not matter
	match     *regexp.Regexp

	literals [][]string // texts, folded, until they have numbers
	examples []example
}

// group is the alternatives of one text line, by number.
type group []uint32

const (
	listNamed   = 1 << iota // the reply names a block list
	listRefused             // the reply shows that the receiver may not ask the list: no listing
)

// onlyCodes reports whether no words are needed.
func (r *rule) onlyCodes() bool { return len(r.texts) == 0 && len(r.literals) == 0 && r.lists == 0 }

// holds reports whether all conditions but the literals hold.
func (c *Classifier) holds(s *scratch, r *rule) bool {
	if r.codes != nil && !r.codes.has(s.code) && !(r.noCode && s.code == 0) {
		return false
	}
	if r.statuses != nil {
		ok := false
		for i := range r.statuses {
			if r.statuses[i].has(s.status) {
				ok = true
				break
			}
		}
		if !ok {
			return false
		}
	}
	if r.commands != 0 && r.commands&s.command == 0 || r.actions != 0 && r.actions&s.action == 0 {
		return false
	}
	if r.providers != nil {
		ok := false
		for _, p := range r.providers {
			if p == s.provider {
				ok = true
				break
			}
		}
		if !ok {
			return false
		}
	}
	return r.lists == 0 || s.blocklist >= 0 && r.lists == c.blocklists[s.blocklist].kind()
}

// finds reports whether the words of r stand in field f.
func (s *scratch) finds(r *rule, f field) bool {
	for _, g := range r.texts {
		ok := false
		for _, l := range g {
			if s.has(f, l) {
				ok = true
				break
			}
		}
		if !ok {
			return false
		}
	}
	if r.names&namesIP != 0 && !holdsIPv4(s.hay[s.spans[f][0]:s.spans[f][1]]) {
		return false
	}
	if r.names&namesOtherHost != 0 && !s.namesOther(r.texts[0], f) {
		return false
	}
	if r.match != nil && !r.match.Match(s.hay[s.spans[f][0]:s.spans[f][1]]) {
		return false
	}
	return r.names&^(namesIP|namesOtherHost) == 0 || f == fieldReply && r.names&named(s.rep, s.rcpt) != 0
}

// codeSet is a set of reply codes 200 to 599.
type codeSet [7]uint64

func (cs *codeSet) add(code int) { cs[(code-200)>>6] |= 1 << ((code - 200) & 63) }

func (cs *codeSet) has(code int) bool {
	return code >= 200 && code < 600 && cs[(code-200)>>6]&(1<<((code-200)&63)) != 0
}

// parseCodes reads "550 | 55x | 4xx | 450-452".
func parseCodes(cs *codeSet, alternatives []string) bool {
	for _, a := range alternatives {
		low, high := a, a
		if i := strings.IndexByte(a, '-'); i >= 0 {
			low, high = a[:i], a[i+1:]
		}
		from, err1 := strconv.Atoi(strings.ReplaceAll(low, "x", "0"))
		to, err2 := strconv.Atoi(strings.ReplaceAll(high, "x", "9"))
		if err1 != nil || err2 != nil || len(low) != 3 || len(high) != 3 || from < 200 || to > 599 || from > to ||
			low != high && strings.Contains(a, "x") || strings.Contains(strings.TrimRight(low, "x"), "x") {
			return false
		}
		for code := from; code <= to; code++ {
			cs.add(code)
		}
	}
	return true
}

// statusPattern is an enhanced status code in which any part may be open.
type statusPattern struct{ class, subject, detail int16 } // -1: any

func (p statusPattern) has(s dsn.Status) bool {
	return s.Class != 0 && (p.class < 0 || p.class == int16(s.Class)) &&
		(p.subject < 0 || p.subject == int16(s.Subject)) && (p.detail < 0 || p.detail == int16(s.Detail))
}

// parseStatus reads "5.1.1", "x.2.2", "4.x.x".
func parseStatus(s string) (statusPattern, bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return statusPattern{}, false
	}
	var n [3]int16
	for i, p := range parts {
		if p == "x" {
			n[i] = -1
			continue
		}
		v, err := strconv.ParseUint(p, 10, 10)
		if err != nil || i == 0 && v != 2 && v != 4 && v != 5 {
			return statusPattern{}, false
		}
		n[i] = int16(v)
	}
	return statusPattern{n[0], n[1], n[2]}, n != [3]int16{-1, -1, -1}
}

// commandNames are the commands of dsn.Reply.
var commandNames = [...]string{"CONNECT", "EHLO", "HELO", "LHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", ".", "QUIT"}

// beforeRecipients are the commands whose refusal cannot be about an address: none was named yet.
const beforeRecipients = 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 // EHLO, HELO, LHLO, STARTTLS, AUTH

func commandBit(name string) uint16 {
	if name == "" {
		return 0
	}
	for i, n := range commandNames {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

var actions = [...]dsn.Action{dsn.Failed, dsn.Delayed, dsn.Delivered, dsn.Relayed, dsn.Expanded}

// actionBit returns the bit of a; that of failed where a report does not say.
func actionBit(a dsn.Action) uint8 {
	for i, n := range actions {
		if n == a {
			return 1 << i
		}
	}
	return 1
}
