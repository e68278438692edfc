package classify

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFingerprint is the longest fingerprint. The cause stands in the first words.
const maxFingerprint = 160

// appendFingerprint appends the folded text with everything blanked that differs from mail
// to mail: addresses, URLs, hosts, IPs, numbers, IDs. Each becomes one mark, so that equal causes
// give equal fingerprints.
func appendFingerprint(dst, text []byte) []byte {
	start := len(dst)
	for i := 0; i < len(text) && len(dst)-start < maxFingerprint; {
		c := text[i]
		if c == 0 || c == ' ' {
			if len(dst) > start && dst[len(dst)-1] != ' ' {
				dst = append(dst, ' ')
			}
			i++
			continue
		}
		if tokenKinds[c] == 0 {
			dst = append(dst, c)
			i++
			continue
		}
		j, kinds := i, uint8(0)
		for j < len(text) {
			k := tokenKinds[text[j]]
			if k == 0 {
				break
			}
			kinds |= k
			j++
		}
		if kinds == kindLetter && j-i <= maxPlain { // a word, as most are
			dst = append(dst, text[i:j]...)
			i = j
			continue
		}
		end := j
		for end > i && (text[end-1] == '.' || text[end-1] == ':' || text[end-1] == '-' || text[end-1] == '/') {
			end--
		}
		word := text[i:end]
		if mark := markOf(word); mark != "" {
			if n := len(dst) - start; n < len(mark)+1 || string(dst[len(dst)-len(mark):]) != mark {
				dst = append(dst, mark...)
			}
		} else {
			dst = append(dst, word...)
		}
		dst = append(dst, text[end:j]...)
		i = j
	}
	if len(dst)-start > maxFingerprint {
		dst = dst[:start+maxFingerprint]
		for len(dst) > start && !utf8.RuneStart(dst[len(dst)-1]) {
			dst = dst[:len(dst)-1]
		}
		if len(dst) > start && dst[len(dst)-1] >= utf8.RuneSelf {
			dst = dst[:len(dst)-1]
		}
	}
	for len(dst) > start && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

// The kinds of bytes in a word, address, host or URL.
const (
	kindLetter = 1 << iota
	kindOther

	maxPlain = 40 // letters; more is no word
)

var tokenKinds = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= utf8.RuneSelf:
			t[c] = kindLetter
		case c >= '0' && c <= '9':
			t[c] = kindOther
		}
	}
	for _, c := range ".-_@/=+%&?~$#:" {
		t[c] = kindOther
	}
	return t
}()

// markOf returns what stands in a fingerprint for word, or "" where the word itself does.
func markOf(word []byte) string {
	digits, letters, dots, colons, at, slash, equal := 0, 0, 0, 0, false, false, false
	for i, c := range word {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z' || c >= 0x80:
			letters++
		case c == '.':
			dots++
		case c == ':':
			colons++
			if i+2 < len(word) && word[i+1] == '/' && word[i+2] == '/' {
				return "<url>"
			}
		case c == '@':
			at = true
		case c == '/':
			slash = true
		case c == '=':
			equal = true
		}
	}
	switch {
	case at:
		return "<address>"
	case letters == 0 && digits > 0, colons > 1 && digits > 0 && isIPv6(word):
		return "<n>"
	case letters == 0:
		return ""
	case slash && dots > 0:
		return "<url>"
	case dots > 0 && isHost(word):
		return "<host>"
	case digits > 0 && (len(word) >= 10 || digits >= 4 || equal || colons > 1):
		return "<id>"
	case len(word) > maxPlain && word[0] < utf8.RuneSelf:
		return "<id>"
	}
	return ""
}

func isIPv6(word []byte) bool {
	for _, c := range word {
		if !isHex(c) && c != ':' && c != '.' {
			return false
		}
	}
	return true
}

// isHost reports whether word has the form of a host name, two labels at least.
func isHost(word []byte) bool {
	label, labels, alpha := 0, 0, false
	for _, c := range word {
		switch {
		case c == '.':
			if label == 0 {
				return false
			}
			labels, label, alpha = labels+1, 0, false
		case c >= 'a' && c <= 'z' || c >= 0x80:
			label++
			alpha = true
		case c >= '0' && c <= '9', c == '-', c == '_':
			label++
		default:
			return false
		}
	}
	return labels > 0 && label >= 2 && alpha
}

// onlyNumbers reports whether a fingerprint holds no word.
func onlyNumbers(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '<' || c == '>' || c == 'n' || c == ':' || c == ';' || c == '.' || c == '-' || c == ' ':
		default:
			return false
		}
	}
	return true
}

// fingerprint is that of the reply, else of the first field with words, else the codes.
func (s *scratch) fingerprint() string {
	for f := range fields {
		from, to := s.spans[f][0], s.spans[f][1]
		if s.source[f] == "" || to == from {
			continue
		}
		start := len(s.hay)
		s.hay = appendFingerprint(s.hay, s.hay[from:to])
		out := string(s.hay[start:])
		s.hay = s.hay[:start]
		if !onlyNumbers(out) {
			return out
		}
	}
	if s.code != 0 || !s.status.IsZero() {
		return strings.TrimSpace(strconv.Itoa(s.code) + " " + s.status.String())
	}
	return ""
}
