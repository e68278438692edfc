package classify

import (
	"unicode"
	"unicode/utf8"
)

// foldTable gives the folded form of each ASCII byte: lower case, control characters and
// white space as a blank.
var foldTable = func() (t [utf8.RuneSelf]byte) {
	for i := range t {
		switch c := byte(i); {
		case c <= ' ' || c == 0x7f:
			t[i] = ' '
		case 'A' <= c && c <= 'Z':
			t[i] = c + 'a' - 'A'
		default:
			t[i] = c
		}
	}
	return t
}()

// appendFolded appends s in the form in which literals are looked for: lower case, every
// run of white space one blank, typographic quotes and dashes plain. Bytes that are no UTF-8 stay.
func appendFolded(dst []byte, s string) []byte {
	last := byte('x') // of dst, in as far as it may be a blank
	if len(dst) > 0 && dst[len(dst)-1] == ' ' {
		last = ' '
	}
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			i++
			c = foldTable[c]
			if c|last == ' ' { // both: neither is 0
				continue
			}
			last = c
			dst = append(dst, c)
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			dst, last = append(dst, s[i]), 'x'
			i++
			continue
		}
		i += n
		switch r = foldRune(r); {
		case r < 0:
		case r != ' ':
			dst, last = utf8.AppendRune(dst, r), 'x'
		case last != ' ':
			dst, last = append(dst, ' '), ' '
		}
	}
	return dst
}

// foldRune returns the folded form of a character beyond ASCII; -1: it is left out.
func foldRune(r rune) rune {
	switch {
	case r >= 0x2018 && r <= 0x201b || r == 0x00b4 || r == 0x2032:
		return '\''
	case r >= 0x201c && r <= 0x201f || r == 0x00ab || r == 0x00bb:
		return '"'
	case r >= 0x2010 && r <= 0x2015:
		return '-'
	case r == 0x200b || r == 0xfeff || r == 0x00ad:
		return -1 // not seen by a reader
	case r > 0x2e80 && r != 0x3000: // no case there
		return r
	case unicode.IsSpace(r):
		return ' '
	}
	return unicode.ToLower(r)
}
