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
	blank := len(dst) > 0 && dst[len(dst)-1] == ' '
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			c = foldTable[c]
			if c == ' ' {
				if !blank {
					dst = append(dst, ' ')
				}
				blank = true
				continue
			}
			blank = false
			dst = append(dst, c)
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			dst, blank = append(dst, c), false
			i++
			continue
		}
		i += n
		switch {
		case r >= 0x2018 && r <= 0x201b || r == 0x00b4 || r == 0x2032:
			r = '\''
		case r >= 0x201c && r <= 0x201f || r == 0x00ab || r == 0x00bb:
			r = '"'
		case r >= 0x2010 && r <= 0x2015:
			r = '-'
		case r == 0x200b || r == 0xfeff || r == 0x00ad:
			continue // not seen by a reader
		case r > 0x2e80 && r != 0x3000: // no case there
		case unicode.IsSpace(r):
			if !blank {
				dst = append(dst, ' ')
			}
			blank = true
			continue
		default:
			r = unicode.ToLower(r)
		}
		blank = false
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
