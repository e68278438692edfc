package dsn

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// normalize returns raw as text with LF line ends: \r*\n and every other \r become \n.
// The one copy made here is what all strings of the report share.
func normalize(raw []byte) string {
	first := bytes.IndexByte(raw, '\r')
	if first < 0 {
		return string(raw)
	}
	return stringOf(appendPlain(make([]byte, 0, len(raw)), raw, first))
}

// plain is normalize without a copy where the line ends are plain already, else with one that the
// next message overwrites.
func (m *mail) plain(raw []byte) string {
	first := bytes.IndexByte(raw, '\r')
	if first < 0 {
		return stringOf(raw)
	}
	m.raw = appendPlain(m.raw[:0], raw, first)
	return stringOf(m.raw)
}

// appendPlain appends raw with LF line ends to dst. first is where its first \r stands.
func appendPlain(dst, raw []byte, first int) []byte {
	dst = append(dst, raw[:first]...)
	for i := first; i < len(raw); {
		// raw[i] is \r here: swallow the run, write one line end for "\r*\n", one each otherwise.
		j := i
		for j < len(raw) && raw[j] == '\r' {
			j++
		}
		if j < len(raw) && raw[j] == '\n' {
			dst = append(dst, '\n')
			j++
		} else {
			for ; i < j; i++ {
				dst = append(dst, '\n')
			}
		}
		n := bytes.IndexByte(raw[j:], '\r')
		if n < 0 {
			return append(dst, raw[j:]...)
		}
		dst = append(dst, raw[j:j+n]...)
		i = j + n
	}
	return dst
}

// stringOf returns b as a string that shares its memory.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// stripEnvelope drops what stores and careless exports put before the header: a byte order
// mark, blank lines, an mbox "From " line, quoted or not.
func stripEnvelope(s string) string {
	s = strings.TrimPrefix(s, "\ufeff")
	s = strings.TrimLeft(s, "\n")
	for strings.HasPrefix(s, "From ") || strings.HasPrefix(s, ">From ") {
		_, s = cutLine(s)
	}
	return s
}

// cutLine returns the first line of s without its line end, and what follows.
func cutLine(s string) (line, rest string) {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// lines calls f with each line of s until f returns false.
func lines(s string, f func(line string) bool) {
	for s != "" {
		var line string
		line, s = cutLine(s)
		if !f(line) {
			return
		}
	}
}

// paragraphs splits s at blank lines. Lines of white space alone count as blank.
func paragraphs(s string, f func(p string) bool) {
	for s != "" {
		for s != "" {
			line, rest := cutLine(s)
			if !isBlank(line) {
				break
			}
			s = rest
		}
		if s == "" {
			return
		}
		end, rest := len(s), ""
		for i := 0; i < len(s); {
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				break
			}
			i += n + 1
			line, after := cutLine(s[i:])
			if isBlank(line) {
				end, rest = i-1, after
				break
			}
		}
		if !f(s[:end]) {
			return
		}
		s = rest
	}
}

// trimIndent returns s without the blanks at its start.
func trimIndent(s string) string {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return s[i:]
}

func isBlank(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != ' ' && s[i] != '\t' {
			return false
		}
	}
	return true
}

// trimSpace is strings.TrimSpace for what mostly has none around it.
func trimSpace(s string) string {
	if n := len(s); n > 0 && isGraphic[s[0]] && isGraphic[s[n-1]] {
		return s
	}
	return strings.TrimSpace(s)
}

// isGraphic marks the printable characters of ASCII, without the blank.
var isGraphic = func() (t [256]bool) {
	for c := '!'; c <= '~'; c++ {
		t[c] = true
	}
	return t
}()

// fold returns s with every run of white space as one blank, trimmed.
func fold(s string) string {
	s = trimSpace(s)
	first := unfolded(s)
	if first == len(s) {
		return s
	}
	if i := strings.IndexByte(s[:first], '\r'); i >= 0 { // alone it is left as it is
		first = i
	}
	b := make([]byte, len(s))
	n := copy(b, s[:first])
	for i := first; i < len(s); i++ {
		switch c := s[i]; {
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			b[n] = c
			n++
		case b[n-1] != ' ': // s begins with none of these
			b[n] = ' '
			n++
		}
	}
	return stringOf(b[:n])
}

// unfolded returns where in s, which is trimmed, the first white space stands that is not a single
// blank; len(s) if there is none.
func unfolded(s string) int {
	i := 0
	for ; i < len(s); i++ {
		if c := s[i]; c <= ' ' && (c == '\n' || c == '\t' || c == ' ' && s[i-1] == ' ') {
			break
		}
	}
	return i
}

// hasPrefixFold reports whether s begins with prefix, ASCII case aside. prefix is in lower case.
func hasPrefixFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != prefix[i] {
			return false
		}
	}
	return true
}

// hasSuffixFold is hasPrefixFold for the end of s.
func hasSuffixFold(s, suffix string) bool {
	return len(s) >= len(suffix) && (s[len(s)-1]^suffix[len(suffix)-1])&^0x20 == 0 && hasPrefixFold(s[len(s)-len(suffix):], suffix)
}

// indexFold is strings.Index, ASCII case aside. sub is in lower case and not empty.
func indexFold(s, sub string) int {
	if len(s) < len(sub) {
		return -1
	}
	at := rarest(sub)
	lo, up := sub[at], sub[at]
	if 'a' <= lo && lo <= 'z' {
		up = lo - ('a' - 'A')
	}
	// Where the rarest letter is next, in either case: each is looked for again only when it has
	// been passed, so that one that never comes is looked for once.
	nextLo, nextUp := indexByteFrom(s, lo, at), len(s)
	if up != lo {
		nextUp = indexByteFrom(s, up, at)
	}
	for {
		i := min(nextLo, nextUp)
		if i-at+len(sub) > len(s) {
			return -1
		}
		if s := s[i-at:]; (s[0]^sub[0])&^0x20 == 0 && hasPrefixFold(s, sub) {
			return i - at
		}
		if i == nextLo {
			nextLo = indexByteFrom(s, lo, i+1)
		} else {
			nextUp = indexByteFrom(s, up, i+1)
		}
	}
}

// rarest returns where in sub the byte stands that mail has least of.
func rarest(sub string) int {
	at := 0
	for i := 1; i < len(sub); i++ {
		if rarity[sub[i]] > rarity[sub[at]] {
			at = i
		}
	}
	return at
}

// rarity ranks bytes by how seldom they are in mail.
var rarity = func() (rank [256]uint8) {
	const common = " etaoinsrlhdcmupfg\n.by0w-1v:2k/3=5>46<978,@xjqz"
	for i := range rank {
		rank[i] = 255
	}
	for i := range common {
		rank[common[i]] = uint8(i)
	}
	return rank
}()

// indexByteFrom returns where c is in s from i on, or len(s).
func indexByteFrom(s string, c byte, i int) int {
	if i >= len(s) {
		return len(s)
	}
	if n := strings.IndexByte(s[i:], c); n >= 0 {
		return i + n
	}
	return len(s)
}

func containsFold(s, sub string) bool { return indexFold(s, sub) >= 0 }

// maxReason bounds the reason of one recipient: some servers return megabytes of a program's
// output, and each line is copied with all before it.
const maxReason = 4 << 10

// addLine appends a line to a reason.
func addLine(reason, sep, line string) string {
	switch {
	case reason == "":
		return clip(line)
	case line == "" || len(reason) >= maxReason:
		return reason
	}
	return reason + sep + clip(line)
}

// gathered is a reason of many lines, put together as addLine does without a copy for each.
type gathered []byte

func (g *gathered) add(sep, line string) {
	switch {
	case len(*g) == 0:
		*g = append(*g, clip(line)...)
	case line != "" && len(*g) < maxReason:
		*g = append(append(*g, sep...), clip(line)...)
	}
}

// take returns the reason and begins another.
func (g *gathered) take() string {
	s := string(*g)
	*g = (*g)[:0]
	return s
}

// clip cuts s at maxReason, between two characters.
func clip(s string) string {
	if len(s) <= maxReason {
		return s
	}
	n := maxReason
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// between returns what stands between a and b in s, or "" where either is missing.
func between(s, a, b string) string {
	i := strings.Index(s, a)
	if i < 0 {
		return ""
	}
	s = s[i+len(a):]
	j := strings.Index(s, b)
	if j < 0 {
		return ""
	}
	return s[:j]
}

// after returns what follows sep in s, or "".
func after(s, sep string) string {
	if i := strings.Index(s, sep); i >= 0 {
		return s[i+len(sep):]
	}
	return ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isASCII(s string) bool {
	b := unsafe.Slice(unsafe.StringData(s), len(s))
	for ; len(b) >= 8; b = b[8:] {
		if binary.LittleEndian.Uint64(b)&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
