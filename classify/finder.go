package classify

import "encoding/binary"

// finder finds all literals in a text in one pass. For each literal it knows one place of four
// bytes, a gram, that is rare in replies; the text's own grams are looked up in a small bitmap, and only
// where one is there the literals that have it are compared. So most bytes of a text cost one
// load that depends on no other, however many literals there are, and what a typical text touches
// stays in the processor's cache: an automaton over thousands of literals has megabytes of states.
type finder struct {
	bits    [1 << (gramBits - 6)]uint64 // by hash: whether a gram may be there
	slots   []slot                      // open hash table, by gram
	entries []entry                     // those of one gram beside each other
	short   []uint32                    // literals of less than a gram
}

const (
	gramLen  = 4
	gramBits = 16
)

// slot says which entries have a gram; no literal holds NUL, so gram 0 is an empty slot.
type slot struct{ gram, from, to uint32 }

// entry is a literal and where in it its gram stands.
type entry struct {
	text    string
	literal uint32
	at      uint32
}

func gramAt[T string | []byte](s T, i int) uint32 {
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

func hashGram(gram uint32) uint32 { return gram * 0x9e3779b1 }

// newFinder builds the finder of literals, none of which may be empty or there twice. samples are
// texts as they will be searched: they tell which grams are rare.
func newFinder(literals []string, samples [][]byte) *finder {
	common := make(map[uint32]int)
	for _, s := range samples {
		for i := range len(s) - gramLen + 1 {
			common[gramAt(s, i)]++
		}
	}
	f := &finder{}
	byGram := make(map[uint32][]entry)
	var order []uint32 // the same finder each time
	for id, text := range literals {
		if len(text) < gramLen {
			f.short = append(f.short, uint32(id))
			continue
		}
		best, gram := 0, gramAt(text, 0)
		for at := 1; at+gramLen <= len(text); at++ {
			g := gramAt(text, at)
			if common[g] < common[gram] || common[g] == common[gram] && len(byGram[g]) < len(byGram[gram]) {
				best, gram = at, g
			}
		}
		if byGram[gram] == nil {
			order = append(order, gram)
		}
		byGram[gram] = append(byGram[gram], entry{text, uint32(id), uint32(best)})
	}
	size := 64
	for size < 4*len(order) {
		size *= 2
	}
	f.slots = make([]slot, size)
	for _, gram := range order {
		f.add(gram, byGram[gram])
	}
	return f
}

func (f *finder) add(gram uint32, list []entry) {
	h := hashGram(gram)
	b := h >> (32 - gramBits)
	f.bits[b>>6] |= 1 << (b & 63)
	i := int(h>>8) & (len(f.slots) - 1)
	for f.slots[i].gram != 0 {
		i = (i + 1) & (len(f.slots) - 1)
	}
	from := uint32(len(f.entries))
	f.entries = append(f.entries, list...)
	f.slots[i] = slot{gram, from, uint32(len(f.entries))}
}

// with returns the literals that have gram.
func (f *finder) with(gram uint32) []entry {
	for i := int(hashGram(gram)>>8) & (len(f.slots) - 1); ; i = (i + 1) & (len(f.slots) - 1) {
		if s := &f.slots[i]; s.gram == gram {
			return f.entries[s.from:s.to]
		} else if s.gram == 0 {
			return nil
		}
	}
}

// next returns the first index at or after i where a gram stands that a literal may have; len(text)
// if there is none.
func (f *finder) next(text []byte, i int) int {
	for ; i+gramLen <= len(text); i++ {
		b := hashGram(binary.LittleEndian.Uint32(text[i:])) >> (32 - gramBits)
		if f.bits[b>>6]&(1<<(b&63)) != 0 {
			return i
		}
	}
	return len(text)
}
