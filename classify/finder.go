package classify

import (
	"encoding/binary"
	"math"
	"slices"
)

// finder finds all literals in a text in one pass. For each literal it knows one place of four
// bytes, a gram, that is rare in replies; the text's own grams are looked up in a small bitmap, and only
// where one is there the literals that have it are compared. So most bytes of a text cost one
// load that depends on no other, however many literals there are, and what a typical text touches
// stays in the processor's cache: an automaton over thousands of literals has megabytes of states.
type finder struct {
	bits    [1 << (gramBits - 6)]uint64 // by hash: whether a gram may be there
	slots   []slot                      // open hash table, by gram
	entries []entry                     // those of one gram beside each other
}

const (
	gramLen  = 4
	gramBits = 16
)

// slot says which entries have a gram; no literal holds NUL, so gram 0 is an empty slot.
type slot struct{ gram, from, to uint32 }

// entry is a literal and where in it its gram stands. Another gram of it, as far away as can be, is
// compared first: mostly that settles it without the text, which lies elsewhere in memory.
type entry struct {
	text     string
	literal  uint32
	other    uint32 // a gram
	at, from uint16 // where in the text the gram and the other one stand
}

func newEntry(literal int, text string, at int) entry {
	from := 0
	if last := min(len(text), math.MaxUint16) - gramLen; last-at > at {
		from = last
	}
	return entry{text, uint32(literal), gramAt(text, from), uint16(at), uint16(from)}
}

// in reports whether the literal stands in text, its gram being at i, and where it ends.
func (e *entry) in(text []byte, i int) (end int, ok bool) {
	start := i - int(e.at)
	end = start + len(e.text)
	return end, start >= 0 && end <= len(text) && gramAt(text, start+int(e.from)) == e.other && string(text[start:end]) == e.text
}

func gramAt[T string | []byte](s T, i int) uint32 {
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

func hashGram(gram uint32) uint32 { return gram * 0x9e3779b1 }

// newFinder builds the finder of literals, none of which may have less than three bytes or be there
// twice. samples are texts as they will be searched: they tell which grams are rare.
func newFinder(literals []string, samples [][]byte) *finder {
	known := newRarity(samples)
	f := &finder{}
	byGram := make(map[uint32][]entry)
	var order []uint32 // the same finder each time
	for id, text := range literals {
		if len(text) < gramLen { // any byte can stand in front of it, NUL where the text begins
			for c := range 256 {
				long := string([]byte{byte(c)}) + text
				gram := gramAt(long, 0)
				if byGram[gram] == nil {
					order = append(order, gram)
				}
				byGram[gram] = append(byGram[gram], newEntry(id, long, 0))
			}
			continue
		}
		at := known.rarest(text, func(gram uint32) int { return len(byGram[gram]) })
		gram := gramAt(text, at)
		if byGram[gram] == nil {
			order = append(order, gram)
		}
		byGram[gram] = append(byGram[gram], newEntry(id, text, at))
	}
	size := 64
	for size < 2*len(order) {
		size *= 2
	}
	f.slots = make([]slot, size)
	for _, gram := range order {
		f.add(gram, byGram[gram])
	}
	return f
}

// rarity counts the grams of texts, and their first three bytes.
type rarity map[uint32]int

func newRarity(samples [][]byte) rarity {
	r := make(rarity)
	for _, s := range samples {
		for i := range max(0, len(s)-gramLen+1) {
			g := gramAt(s, i)
			r[g]++
			r[g&0xffffff]++
		}
	}
	return r
}

// rarest returns where in a literal the gram stands that is the rarest in the samples; of several the one
// whose parts are, then the one that the fewest other literals use.
func (r rarity) rarest(literal string, used func(gram uint32) int) (at int) {
	var least [3]int
	for i := 0; i+gramLen <= min(len(literal), math.MaxUint16); i++ {
		g := gramAt(literal, i)
		this := [3]int{r[g], r[g&0xffffff] + r[g>>8], used(g)}
		if i == 0 || slices.Compare(this[:], least[:]) < 0 {
			at, least = i, this
		}
	}
	return at
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
