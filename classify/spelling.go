package classify

import (
	"slices"
	"strings"
)

// sameWords holds groups of words of which servers write one or another.
var sameWords = [][]string{
	{"is not", "isn't", "isnt"}, {"are not", "aren't"}, {"was not", "wasn't"}, {"were not", "weren't"}, {"has not", "hasn't"},
	{"have not", "haven't"}, {"do not", "don't", "dont"}, {"does not", "doesn't", "doesnt"}, {"did not", "didn't"},
	{"could not", "couldn't"}, {"would not", "wouldn't"}, {"should not", "shouldn't"}, {"will not", "won't"},
	{"cannot", "can't", "can not", "cant"}, {"email", "e-mail"}, {"authorized", "authorised"}, {"recognized", "recognised"},
	{"organization", "organisation"},
}

// spellings returns the literal, and the other ways to write it: with words of the same
// group, and without accents.
func spellings(literal string) []string {
	out := withPlain(literal)
	if rest, ok := strings.CutPrefix(literal, "not "); ok {
		out = append(out, "n't "+rest)
	}
	for _, group := range sameWords {
		for _, s := range out {
			for _, word := range group {
				if i := wordIndex(s, word); i >= 0 {
					out = withWords(out, s[:i], group, s[i+len(word):])
					break
				}
			}
		}
	}
	return out
}

// withWords returns out and what is not yet in it of each word between before and after.
func withWords(out []string, before string, words []string, after string) []string {
	for _, word := range words {
		if s := before + word + after; !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// wordIndex returns where word begins as a word of s, or -1. The last may go on: "email"
// also in "emails".
func wordIndex(s, word string) int {
	i := strings.Index(s, word)
	if i > 0 && s[i-1] != ' ' {
		return -1
	}
	return i
}

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
