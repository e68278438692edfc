package dsn

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"
)

// cleanAddress takes an address out of what surrounds it in reports: angle brackets, quotes,
// "mailto:", a type, a trailing colon, full stop or comma. It returns "" where none is left.
func cleanAddress(s string) string {
	if isBare(s) {
		return s
	}
	return takenOut(s)
}

// takenOut is cleanAddress for what is not bare.
func takenOut(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		if j := strings.IndexByte(s[i:], '>'); j > 1 {
			s = s[i+1 : i+j]
		}
	}
	if strings.HasPrefix(s, `"`) && strings.Contains(s, `"@`) { // a quoted local part
		return strings.TrimRight(s, " \t.,:;>)'")
	}
	s = strings.Trim(s, " \t<>[]();:,'`\"\n")
	for _, p := range [...]string{"mailto:", "smtp:", "rfc822;", "utf-8;"} {
		if hasPrefixFold(s, p) {
			s = strings.TrimLeft(s[len(p):], " <")
		}
	}
	if i := strings.IndexAny(s, " \t\n"); i > 0 && !strings.HasPrefix(s, `"`) {
		s = s[:i]
	}
	s = strings.TrimRight(s, ".,:;>)\"'")
	if i := strings.Index(s, "@["); i > 0 && strings.IndexByte(s[i:], ']') < 0 {
		s += "]" // an address literal
	}
	if strings.Contains(s, `\x{`) {
		s = decodeUTF8Xtext(s)
	}
	return withoutRoute(s)
}

// isBare reports whether s is such as nothing has to be taken off: letters, digits and a few marks,
// the last one a letter or digit.
func isBare(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isBareByte[s[i]] {
			return false
		}
	}
	return s != "" && (isAlpha(s[len(s)-1]) || isDigit(s[len(s)-1]))
}

var isBareByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isAlpha(byte(c)) || isDigit(byte(c)) || strings.IndexByte("@.-_+=/#!", byte(c)) >= 0
	}
	return t
}()

// withoutRoute takes the source route off "@relay.example.net,@b.example.net:kim@example.org"
// (RFC 5321 4.1.2).
func withoutRoute(s string) string {
	if i := strings.IndexByte(s, ':'); i > 1 && s[0] == '@' && isAddress(s[i+1:]) {
		return s[i+1:]
	}
	return s
}

// isAddress reports whether s can be a mailbox of the Internet (RFC 5321 4.1.2), leniently:
// local parts with leading, trailing or doubled dots exist.
func isAddress(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 || len(s) > 320 {
		return false
	}
	local, domain := s[:at], s[at+1:]
	quoted := local[0] == '"'
	for i := 0; i < len(local); i++ {
		c := local[i]
		if c < ' ' || c == 0x7f || !quoted && (c == ' ' || c == '<' || c == '>' || c == '(' || c == ')' || c == '"' || c == ',' || c == ';' || c == ':' || c == '[' || c == ']' || c == '@') {
			return false
		}
	}
	if domain[0] == '[' {
		return domain[len(domain)-1] == ']'
	}
	for i := 0; i < len(domain); i++ {
		c := domain[i]
		if !isAlpha(c) && !isDigit(c) && c != '-' && c != '.' && c != '_' && c < 0x80 {
			return false
		}
	}
	return domain[0] != '.' && domain[0] != '-'
}

// addressIn returns the first address in s, or "". Scripts that write without blanks may
// surround it.
func addressIn(s string) string {
	for from := 0; ; {
		at := strings.IndexByte(s[from:], '@')
		if at < 0 {
			return ""
		}
		at += from
		i, j := localStart(s, at), domainEnd(s, at+1)
		if n := literalLength(s[at+1:]); n > 0 {
			j = at + 1 + n
		}
		if a := strings.TrimRight(s[i:j], ".-"); isAddress(a) {
			return a
		}
		from = at + 1
	}
}

// literalLength returns the length of the address literal (RFC 5321 4.1.3) that s begins with.
func literalLength(s string) int {
	if len(s) < 3 || s[0] != '[' {
		return 0
	}
	end := strings.IndexByte(s[:min(len(s), 60)], ']')
	if end < 0 {
		return 0
	}
	if _, err := netip.ParseAddr(strings.TrimPrefix(s[1:end], "IPv6:")); err != nil {
		return 0
	}
	return end + 1
}

// localStart returns where the local part that ends at at begins.
func localStart(s string, at int) int {
	i := at
	for i > 0 {
		if s[i-1] < utf8.RuneSelf {
			if !isLocalByte(s[i-1]) {
				break
			}
			i--
			continue
		}
		r, n := utf8.DecodeLastRuneInString(s[:i])
		if isPunctuation(r) || isIdeographic(r) && i < at && s[i] < utf8.RuneSelf {
			break
		}
		i -= n
	}
	return i
}

// domainEnd returns where the domain that begins at at ends.
func domainEnd(s string, at int) int {
	j := at
	for j < len(s) {
		if s[j] < utf8.RuneSelf {
			if !isDomainByte(s[j]) {
				break
			}
			j++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[j:])
		if isPunctuation(r) || isIdeographic(r) && j > at && s[j-1] < utf8.RuneSelf && s[j-1] != '.' {
			break
		}
		j += n
	}
	return j
}

// isPunctuation knows the marks above ASCII that surround addresses in prose.
func isPunctuation(r rune) bool {
	return r == 0xa0 || r == '\u00ab' || r == '\u00bb' || 0x2000 <= r && r <= 0x206f || 0x3000 <= r && r <= 0x303f ||
		0xff00 <= r && r <= 0xff0f || 0xff1a <= r && r <= 0xff20 || 0xff3b <= r && r <= 0xff3e || 0xff5b <= r && r <= 0xff65
}

// isIdeographic reports whether r is of a script that is written without blanks.
func isIdeographic(r rune) bool { return 0x2e80 <= r && r <= 0xffef }

func isLocalByte(c byte) bool {
	return isAlpha(c) || isDigit(c) || c >= 0x80 || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0
}

func isDomainByte(c byte) bool {
	return isAlpha(c) || isDigit(c) || c == '-' || c == '.' || c == '_' || c >= 0x80
}

// decodeXtext undoes xtext (RFC 3461 4): +XX stands for a byte.
func decodeXtext(s string) string {
	if strings.IndexByte(s, '+') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '+' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil && isUpperHex(s[i+1]) && isUpperHex(s[i+2]) && v > ' ' {
				b.WriteByte(byte(v))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// decodeORCPT undoes the xtext that some servers copy from the ORCPT parameter as it came.
// Only what stands for characters that xtext must encode is taken for it: "kim+3d" may be
// an address of its own.
func decodeORCPT(s string) string {
	for _, x := range [...]string{"+2B", "+3D", "+40", "+22", "+20"} {
		if strings.Contains(s, x) {
			return decodeXtext(s)
		}
	}
	return s
}

func isUpperHex(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'F' }

// decodeUTF8Xtext undoes utf-8-addr-xtext (RFC 6533 3): \x{HEX} stands for a character.
func decodeUTF8Xtext(s string) string {
	var b strings.Builder
	for s != "" {
		i := strings.Index(s, `\x{`)
		if i < 0 {
			break
		}
		j := strings.IndexByte(s[i:], '}')
		if j < 0 {
			break
		}
		v, err := strconv.ParseUint(s[i+3:i+j], 16, 32)
		b.WriteString(s[:i])
		if err == nil && v <= 0x10ffff && v > ' ' {
			b.WriteRune(rune(v))
		} else {
			b.WriteString(s[i : i+j+1])
		}
		s = s[i+j+1:]
	}
	b.WriteString(s)
	return b.String()
}
