package classify

import "slices"

// automaton finds all literals in a text in one pass (Aho and Corasick, 1975). It is a full
// DFA without failure links, stored in two parts: where the next state's depth is at most
// two, the last two bytes alone determine it (pairs); the few deeper transitions of each state
// stand in one array that all states share (base, cells). So a step costs two loads however
// many literals there are, and what a typical text touches stays in the cache.
type automaton struct {
	class   [256]uint16 // byte to class; 0 is in no literal
	classes uint32
	pairs   []uint32 // [previous class][class] to state, with hasOutput
	base    []uint32 // by state, into cells
	cells   []cell
	output  []int32  // by state: the literal that ends here, or -1
	shorter []uint32 // by state: the next state on the way to the root that has an output, or 0
}

type cell struct{ check, next uint32 }

const (
	hasOutput = 1 << 31
	noState   = 1<<32 - 1
)

// trie is the automaton while it is built.
type trie struct {
	classes  uint32
	children []map[uint32]uint32
	depth    []uint32
	fail     []uint32
	output   []int32
}

// newAutomaton builds the automaton of literals, none of which may be empty or there twice.
func newAutomaton(literals []string) *automaton {
	a := &automaton{classes: 1}
	for _, l := range literals {
		for i := range len(l) {
			if a.class[l[i]] == 0 {
				a.class[l[i]] = uint16(a.classes)
				a.classes++
			}
		}
	}
	t := &trie{classes: a.classes}
	t.add()
	for id, l := range literals {
		s := uint32(0)
		for i := range len(l) {
			c := uint32(a.class[l[i]])
			n, ok := t.children[s][c]
			if !ok {
				n = t.add()
				t.depth[n] = t.depth[s] + 1
				if t.children[s] == nil {
					t.children[s] = make(map[uint32]uint32, 1)
				}
				t.children[s][c] = n
			}
			s = n
		}
		t.output[s] = int32(id)
	}
	a.fill(t)
	return a
}

func (t *trie) add() uint32 {
	t.children = append(t.children, nil)
	t.depth = append(t.depth, 0)
	t.fail = append(t.fail, 0)
	t.output = append(t.output, -1)
	return uint32(len(t.output) - 1)
}

// sorted returns the classes under which s has children, in order.
func (t *trie) sorted(s uint32) []uint32 {
	cs := make([]uint32, 0, len(t.children[s]))
	for c := range t.children[s] {
		cs = append(cs, c)
	}
	slices.Sort(cs)
	return cs
}

// breadthFirst sets the failure links and returns the states in that order, parents first.
func (t *trie) breadthFirst() []uint32 {
	order := make([]uint32, 1, len(t.output))
	for i := 0; i < len(order); i++ {
		s := order[i]
		for _, c := range t.sorted(s) {
			n := t.children[s][c]
			order = append(order, n)
			if s == 0 {
				continue
			}
			f := t.fail[s]
			for {
				if k, ok := t.children[f][c]; ok {
					t.fail[n] = k
					break
				}
				if f == 0 {
					break
				}
				f = t.fail[f]
			}
		}
	}
	return order
}

// fill lays the trie out. States are numbered breadth first: texts mostly are in shallow ones,
// which so lie together.
func (a *automaton) fill(t *trie) {
	order := t.breadthFirst()
	number := make([]uint32, len(order))
	for i, s := range order {
		number[s] = uint32(i)
	}
	a.output = make([]int32, len(order))
	a.shorter = make([]uint32, len(order))
	for i, s := range order {
		a.output[i] = t.output[s]
		if f := number[t.fail[s]]; i > 0 && a.output[f] >= 0 {
			a.shorter[i] = f
		} else if i > 0 {
			a.shorter[i] = a.shorter[f]
		}
	}
	marked := func(s uint32) uint32 {
		n := number[s]
		if a.output[n] >= 0 || a.shorter[n] != 0 {
			return n | hasOutput
		}
		return n
	}
	a.pairs = make([]uint32, a.classes*a.classes)
	for p := range a.classes {
		first := t.children[0][p]
		for c := range a.classes {
			n := t.children[0][c]
			if first != 0 {
				if k, ok := t.children[first][c]; ok {
					n = k
				}
			}
			a.pairs[p*a.classes+c] = marked(n)
		}
	}
	// deep[s] lists the transitions of s that lead deeper than two: its own children and those
	// of its failure link.
	deep := make([][]cell, len(order))
	a.base = make([]uint32, len(order))
	p := placer{cells: &a.cells, classes: a.classes}
	for i, s := range order {
		if t.depth[s] < 2 {
			continue
		}
		inherited := deep[t.fail[s]]
		own := t.sorted(s)
		list := make([]cell, 0, len(inherited)+len(own))
		for _, c := range own {
			list = append(list, cell{c, marked(t.children[s][c])})
		}
		for _, e := range inherited {
			if _, ok := t.children[s][e.check]; !ok {
				list = append(list, e)
			}
		}
		slices.SortFunc(list, func(a, b cell) int { return int(a.check) - int(b.check) })
		deep[s] = list
		a.base[i] = p.place(uint32(i), list)
	}
	p.grow(int(p.top + a.classes + 1))
}

// placer finds room for the transitions of each state, first fit.
type placer struct {
	cells   *[]cell
	classes uint32
	low     uint32 // no free cell below it
	top     uint32 // the highest base in use
}

func (p *placer) grow(n int) {
	for len(*p.cells) < n {
		*p.cells = append(*p.cells, cell{check: noState})
	}
}

func (p *placer) place(s uint32, list []cell) uint32 {
	if len(list) == 0 {
		return 0
	}
	for tries := 0; ; tries++ {
		p.grow(int(p.low+p.classes) + tries + 1)
		at := p.low + uint32(tries)
		if (*p.cells)[at].check != noState || at < list[0].check {
			if tries == 0 && (*p.cells)[at].check != noState {
				p.low, tries = p.low+1, -1
			}
			continue
		}
		base := at - list[0].check
		p.grow(int(base + p.classes))
		free := true
		for _, e := range list[1:] {
			if (*p.cells)[base+e.check].check != noState {
				free = false
				break
			}
		}
		if !free {
			if tries > 512 { // crowded down here; leave it to single transitions
				p.low += 64
			}
			continue
		}
		for _, e := range list {
			(*p.cells)[base+e.check] = cell{s, e.next}
		}
		p.top = max(p.top, base)
		return base
	}
}
