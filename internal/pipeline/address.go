package pipeline

import (
	"strings"

	"golang.org/x/net/idna"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// domainOf returns the domain of an address in lower case, as A-labels; "" where there is none.
func domainOf(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return ""
	}
	domain := strings.TrimSuffix(address[at+1:], ".")
	for i := range len(domain) {
		if domain[i] >= 0x80 {
			if a, err := idna.Lookup.ToASCII(domain); err == nil {
				return a
			}
			break
		}
	}
	return lower(domain)
}

// lower is strings.ToLower without a copy where s is in lower case.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' || c >= 0x80 {
			return strings.ToLower(s)
		}
	}
	return s
}

// onlyAddress returns the address in the header's field of that name if there is exactly one
// field with exactly one address.
func onlyAddress(h dsn.Header, name string) string {
	value, n := "", 0
	for i := range h {
		if len(h[i].Name) == len(name) && strings.EqualFold(h[i].Name, name) {
			value = h[i].Value
			n++
		}
	}
	if n != 1 || len(value) > maxField {
		return ""
	}
	at := -1
	quoted := false
	for i := range len(value) {
		switch c := value[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ',' || c == ';' && !strings.HasSuffix(strings.TrimSpace(value), ";"):
			return ""
		case c == '@':
			if at >= 0 {
				return ""
			}
			at = i
		}
	}
	if at < 0 {
		return ""
	}
	if i := strings.LastIndexByte(value[:at], '<'); i >= 0 {
		if j := strings.IndexByte(value[at:], '>'); j > 0 {
			return strings.TrimSpace(value[i+1 : at+j])
		}
		return ""
	}
	value, _, _ = strings.Cut(value, "(")
	value = strings.TrimSpace(value)
	if strings.ContainsAny(value, " \t:") {
		return ""
	}
	return value
}
