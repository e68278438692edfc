package classify

import "github.com/bouncepipe/bouncepipe/dsn"

// index finds the rules that need no words by reply code and enhanced status code, so that
// their number does not matter.
type index struct {
	codes    [400][]uint32        // by reply code - 200
	statuses [3 * 9 * 64][]uint32 // by statusSlot
	others   []uint32             // neither: provider, command, action
	lists    []uint32             // those that want a block list to be named
}

// statusSlot numbers enhanced status codes; those outside the registry share slots, which is
// no harm, since every candidate is checked.
func statusSlot(class, subject, detail int) int {
	k := 0
	switch class {
	case 4:
		k = 1
	case 5:
		k = 2
	}
	return (k*9+min(subject, 8))*64 + min(detail, 63)
}

func newIndex(rules []*rule, last bool) index {
	var x index
	for i, r := range rules {
		if len(r.literals) > 0 || r.lists == 0 && r.last != last || r.lists != 0 && last {
			continue
		}
		id := uint32(i)
		switch {
		case r.lists != 0:
			x.lists = append(x.lists, id)
		case r.codes != nil && !r.noCode:
			for code := range x.codes {
				if r.codes.has(code + 200) {
					x.codes[code] = append(x.codes[code], id)
				}
			}
		case r.statuses != nil:
			x.addStatus(id, r)
		default:
			x.others = append(x.others, id)
		}
	}
	return x
}

func (x *index) addStatus(id uint32, r *rule) {
	for k, class := range [...]int{2, 4, 5} {
		for subject := range 9 {
			for detail := range 64 {
				for _, p := range r.statuses {
					if (p.class < 0 || int(p.class) == class) && (p.subject < 0 || min(int(p.subject), 8) == subject) && (p.detail < 0 || min(int(p.detail), 63) == detail) {
						slot := (k*9+subject)*64 + detail
						x.statuses[slot] = append(x.statuses[slot], id)
						break
					}
				}
			}
		}
	}
}

// candidates appends the rules that may hold for the codes of s.
func (x *index) candidates(keys []uint64, s *scratch, part uint64) []uint64 {
	if s.code >= 200 && s.code < 600 {
		keys = appendKeys(keys, x.codes[s.code-200], part)
	}
	if st := s.status; st != (dsn.Status{}) {
		keys = appendKeys(keys, x.statuses[statusSlot(int(st.Class), int(st.Subject), int(st.Detail))], part)
	}
	return appendKeys(keys, x.others, part)
}

func appendKeys(keys []uint64, rules []uint32, part uint64) []uint64 {
	for _, r := range rules {
		keys = append(keys, part<<32|uint64(r))
	}
	return keys
}
