package dsn

// wordSet finds out in one pass whether a text contains any of many words; how many there are
// hardly matters.
type wordSet struct {
	starts  [1 << wordBits / 64]uint64 // which first three bytes a word can have, by their hash
	buckets [256][]string              // the words, by the upper bits of that hash
}

const wordBits = 12

func wordHash(three uint32) uint32 { return three * 0x9e3779b1 >> (32 - wordBits) }

// newWordSet makes a set of words in lower case, each of three bytes or more.
func newWordSet(words ...string) *wordSet {
	w := new(wordSet)
	for _, s := range words {
		h := wordHash(uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16)
		w.starts[h/64] |= 1 << (h % 64)
		w.buckets[h>>(wordBits-8)] = append(w.buckets[h>>(wordBits-8)], s)
	}
	return w
}

// in reports whether s, in lower case, contains one of the words.
func (w *wordSet) in(s string) bool {
	if len(s) < 3 {
		return false
	}
	three := uint32(s[0])<<8 | uint32(s[1])<<16
	for i := 2; i < len(s); i++ {
		three = three>>8 | uint32(s[i])<<16
		h := wordHash(three)
		if w.starts[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		rest := s[i-2:]
		for _, word := range w.buckets[h>>(wordBits-8)] {
			if len(rest) >= len(word) && rest[:len(word)] == word {
				return true
			}
		}
	}
	return false
}

// inFold is in for a short s in any case (ASCII).
func (w *wordSet) inFold(s string) bool {
	var buf [256]byte
	if len(s) > len(buf) {
		return w.in(lower(s))
	}
	low := lowerInto(buf[:0], s)
	return w.in(stringOf(low))
}
