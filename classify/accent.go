package classify

import "strings"

// plainLatin holds what servers that know only ASCII write for a letter: the letter without
// its accent; for German, mostly two letters.
var plainLatin = func() map[rune][]string {
	m := map[rune][]string{'ä': {"ae", "a"}, 'ö': {"oe", "o"}, 'ü': {"ue", "u"}, 'ß': {"ss"}, 'ø': {"o"}, 'æ': {"ae"}, 'œ': {"oe"}}
	for base, letters := range map[string]string{
		"a": "àáâãåąă", "c": "çćč", "d": "ďđ", "e": "èéêëęěė", "g": "ğ", "i": "ìíîïı", "l": "łľĺ", "n": "ñńň",
		"o": "òóôõő", "r": "řŕ", "s": "śšşș", "t": "ťţț", "u": "ùúûůűū", "y": "ýÿ", "z": "źżž",
	} {
		for _, r := range letters {
			m[r] = []string{base}
		}
	}
	return m
}()

// withPlain returns literal and, where it has accents, the ways to write it without. The
// first of them takes the first way of each letter, and so on.
func withPlain(literal string) []string {
	out := []string{literal}
	for way := range 2 {
		var b strings.Builder
		for _, r := range literal {
			if ways := plainLatin[r]; ways != nil {
				b.WriteString(ways[min(way, len(ways)-1)])
				continue
			}
			b.WriteRune(r)
		}
		if s := b.String(); s != out[len(out)-1] {
			out = append(out, s)
		}
	}
	return out
}

// plainMatch lets a regular expression match what is written without accents too.
func plainMatch(expr string) string {
	var b strings.Builder
	class, escaped := false, false
	for _, r := range expr {
		ways := plainLatin[r]
		switch {
		case escaped:
			escaped = false
		case r == '\\':
			escaped = true
		case r == '[':
			class = true
		case r == ']':
			class = false
		}
		switch {
		case ways == nil:
			b.WriteRune(r)
		case class:
			b.WriteRune(r)
			b.WriteString(ways[len(ways)-1])
		default:
			b.WriteString("(?:" + string(r) + "|" + strings.Join(ways, "|") + ")")
		}
	}
	return b.String()
}
