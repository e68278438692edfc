package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// VERP is the form of an envelope sender that tells whom the message was for: variable envelope
// return paths. See [ParseVERP].
type VERP struct {
	domain                   string // cheap test first
	re                       *regexp.Regexp
	address, local, dom, tag int // groups in re; 0: none
	key                      []byte
}

// ParseVERP reads a form such as "bounce+{address}@b.example.com". In it
//
//	{address}         stands for the address with its @ written as = (user=example.org)
//	{local} {domain}  for its two parts, where the form puts them elsewhere
//	{tag}             for the first hex digits, at least 8, of the HMAC-SHA256 with key over the address in lower case
//	*                 for anything without an @
//
// A form with {tag} needs a key: without one, everybody could make a tag that fits.
func ParseVERP(form string, key []byte) (VERP, error) {
	v := VERP{key: key}
	at := strings.LastIndexByte(form, '@')
	if at < 1 || strings.ContainsAny(form[at:], "{}*") {
		return v, fmt.Errorf("VERP form %q: give it as bounce+{address}@your.domain", form)
	}
	v.domain = form[at:]
	var re strings.Builder
	re.WriteString("(?i)^")
	group := 0
	for rest := form; rest != ""; {
		i := strings.IndexAny(rest, "{*")
		if i < 0 {
			re.WriteString(regexp.QuoteMeta(rest))
			break
		}
		re.WriteString(regexp.QuoteMeta(rest[:i]))
		rest = rest[i:]
		if rest[0] == '*' {
			re.WriteString("[^@]*")
			rest = rest[1:]
			continue
		}
		name, after, ok := strings.Cut(rest[1:], "}")
		rest = after
		group++
		switch {
		case !ok:
			return v, fmt.Errorf("VERP form %q: a { without its }", form)
		case name == "address" && v.address == 0:
			re.WriteString("([^@]+=[^@=]+)")
			v.address = group
		case name == "local" && v.local == 0:
			re.WriteString("([^@]+)")
			v.local = group
		case name == "domain" && v.dom == 0:
			re.WriteString("([^@=]+)")
			v.dom = group
		case name == "tag" && v.tag == 0:
			re.WriteString("([0-9a-f]{8,64})")
			v.tag = group
		default:
			return v, fmt.Errorf("VERP form %q: {%s} is unknown or there twice; it may hold {address}, {local}, {domain}, {tag} and *", form, name)
		}
	}
	re.WriteString("$")
	if v.address == 0 && (v.local == 0 || v.dom == 0) || v.address != 0 && v.local+v.dom != 0 {
		return v, fmt.Errorf("VERP form %q: it needs {address}, or {local} and {domain}", form)
	}
	if v.tag != 0 && len(key) == 0 {
		return v, fmt.Errorf("VERP form %q has a {tag}, and there is no key for it: set verp_key_env or verp_key_file", form)
	}
	var err error
	v.re, err = regexp.Compile(re.String())
	return v, err
}

func (v *VERP) tagged() bool { return v.tag != 0 }

// match returns the address that was mailed if sender is of this form and its tag, where it has
// one, is right.
func (v *VERP) match(sender string) (address string, ok bool) {
	if len(sender) <= len(v.domain) || !strings.EqualFold(sender[len(sender)-len(v.domain):], v.domain) {
		return "", false
	}
	m := v.re.FindStringSubmatch(sender)
	if m == nil {
		return "", false
	}
	if v.address != 0 {
		i := strings.LastIndexByte(m[v.address], '=')
		address = m[v.address][:i] + "@" + m[v.address][i+1:]
	} else {
		address = m[v.local] + "@" + m[v.dom]
	}
	if v.tag != 0 {
		want := v.Tag(address)
		got := lower(m[v.tag])
		if !hmac.Equal([]byte(got), []byte(want[:len(got)])) {
			return "", false
		}
	}
	return address, true
}

// Tag returns what {tag} stands for, in full.
func (v *VERP) Tag(address string) string {
	h := hmac.New(sha256.New, v.key)
	h.Write([]byte(lower(address)))
	return hex.EncodeToString(h.Sum(nil))
}

// Form is a pattern in which * stands for anything.
type Form string

func matchAny(forms []Form, s string) bool {
	if s == "" {
		return false
	}
	for _, f := range forms {
		if f.match(lower(s)) {
			return true
		}
	}
	return false
}

// match compares without regard to case; s is in lower case.
func (f Form) match(s string) bool {
	parts := strings.Split(lower(string(f)), "*")
	if len(parts) == 1 {
		return s == parts[0]
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, last)
}
