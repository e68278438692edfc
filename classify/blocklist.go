package classify

import (
	"bytes"
	"net/netip"
	"strings"
)

// blocklist is a row of the table.
type blocklist struct {
	zone, name, lists, removal, scope string
	markers                           []string
}

// kind says what finding the list in a reply means. A provider's own markers are no proof
// of a listing: they only fill in what a rule has found.
func (b *blocklist) kind() uint8 {
	switch b.scope {
	case "refused":
		return listRefused
	case "provider-own":
		return 0
	}
	return listNamed
}

func readBlocklists() []blocklist {
	var out []blocklist
	for _, row := range rows(blocklistsTSV, 6) {
		out = append(out, blocklist{row[0], row[1], row[2], row[4], row[5], markers(row[3])})
	}
	return out
}

// findBlocklist looks at what the literals are for beyond rules: a word that says temporary, and
// the block list. Of several lists it takes the one whose longest wording occurs; a refused query
// outranks all, because it is no listing, and named lists outrank a provider's own.
func (c *Classifier) findBlocklist(s *scratch) {
	s.blocklist, s.soon = -1, false
	best := 0
	for _, h := range s.hits {
		l := &c.literals[h.literal]
		if l.soon && h.field != fieldText {
			s.soon = true
		}
		if l.blocklist < 0 {
			continue
		}
		rank := len(l.text)
		switch c.blocklists[l.blocklist].kind() {
		case listRefused:
			rank += 1 << 20
		case listNamed:
			rank += 1 << 16
		}
		if rank > best {
			best, s.blocklist, s.listEnd, s.listField = rank, l.blocklist, h.end, h.field
		}
	}
}

// blocklistOf fills in what s says about the list it names.
func (c *Classifier) blocklistOf(s *scratch, category Category) Blocklist {
	if s.blocklist < 0 {
		return Blocklist{}
	}
	b := &c.blocklists[s.blocklist]
	switch category {
	case Blocklisted:
	case Spam, Reputation, Policy:
		if b.kind() != listNamed {
			return Blocklist{}
		}
	default:
		return Blocklist{}
	}
	out := Blocklist{Zone: b.zone, RemovalURL: b.removal}
	if out.Zone == "" {
		out.Zone = b.name
	}
	for _, f := range [...]field{s.listField, fieldReply, fieldDiagnostic, fieldText} {
		span := s.hay[s.spans[f][0]:s.spans[f][1]]
		if b.lists != "domain" {
			out.Listed = findIP(span)
		}
		if out.Listed == "" && b.lists != "ip" {
			out.Listed = findDomain(span, b.markers)
		}
		if out.Listed != "" {
			break
		}
	}
	if i := strings.IndexByte(out.RemovalURL, '{'); i >= 0 {
		j := strings.IndexByte(out.RemovalURL, '}')
		if out.Listed == "" {
			out.RemovalURL = strings.TrimRight(out.RemovalURL[:i], "=") // the page without the answer
			if k := strings.LastIndexByte(out.RemovalURL, '?'); k >= 0 {
				out.RemovalURL = out.RemovalURL[:k]
			}
		} else {
			out.RemovalURL = out.RemovalURL[:i] + out.Listed + out.RemovalURL[j+1:]
		}
	}
	return out
}

// findIP returns the first address in text that can be a sender's: not 127.0.0.2, the answer
// of a list.
func findIP(text []byte) string {
	for i := 0; i < len(text); {
		c := text[i]
		if !isHex(c) && c != ':' || i > 0 && (isWord(text[i-1]) || text[i-1] == '.') {
			i++
			continue
		}
		j := i
		dots, colons := 0, 0
		for j < len(text) && (isHex(text[j]) || text[j] == '.' || text[j] == ':') && j-i < 46 {
			switch text[j] {
			case '.':
				dots++
			case ':':
				colons++
			}
			j++
		}
		if dots >= 3 || colons >= 2 {
			word := string(bytes.TrimRight(text[i:j], ".:"))
			if ip, err := netip.ParseAddr(word); err == nil && !ip.IsLoopback() && !ip.IsUnspecified() {
				return ip.String()
			}
			if k := strings.IndexByte(word, ':'); k >= 0 && dots == 3 { // with a port
				if ip, err := netip.ParseAddr(word[:k]); err == nil && !ip.IsLoopback() && !ip.IsUnspecified() {
					return ip.String()
				}
			}
		}
		i = max(j, i+1)
	}
	return ""
}

// findDomain returns the first host name in text that does not belong to the list itself.
func findDomain(text []byte, markers []string) string {
	for i := 0; i < len(text); {
		if !isWord(text[i]) {
			i++
			continue
		}
		path := i > 0 && text[i-1] == '/' && (i < 2 || text[i-2] != '/') && !bytes.HasSuffix(text[:i], []byte("domain/"))
		j, dots := i, 0
		for j < len(text) && (isWord(text[j]) || text[j] == '-' || text[j] == '.') {
			if text[j] == '.' {
				dots++
			}
			j++
		}
		word := strings.TrimRight(string(text[i:j]), ".-")
		if dots > 0 && !path && j < len(text) && text[j] != '@' && isDomain(word) && !belongs(word, markers) {
			return word
		}
		i = j + 1
	}
	return ""
}

func isDomain(s string) bool {
	i := strings.LastIndexByte(s, '.')
	if i < 1 || len(s)-i < 3 || strings.Contains(s, "..") {
		return false
	}
	for _, c := range []byte(s[i+1:]) {
		if c < 'a' || c > 'z' {
			return strings.HasPrefix(s[i+1:], "xn--")
		}
	}
	return true
}

// belongs reports whether host and one of the markers are of the same house.
func belongs(host string, markers []string) bool {
	if strings.HasPrefix(host, "www.") || strings.HasPrefix(host, "lookup.") || strings.HasPrefix(host, "check.") {
		return true
	}
	parts := strings.Split(host, ".")
	house := strings.Join(parts[max(0, len(parts)-2):], ".")
	for _, m := range markers {
		if strings.Contains(m, house) {
			return true
		}
	}
	return false
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}
