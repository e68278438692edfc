package classify

import (
	"strings"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// providers tells who runs the receiving side.
type providers struct {
	names   []string
	hosts   suffixes // of the MX hosts
	domains suffixes // of the mailboxes
	first   []string // a host or domain of each, for examples
	markers [][]string
}

func newProviders() *providers {
	p := &providers{hosts: suffixes{}, domains: suffixes{}}
	var hosts, domains []suffix
	for i, row := range rows(providersTSV, 5) {
		p.names = append(p.names, row[0])
		h, d := strings.Fields(row[2]), strings.Fields(row[3])
		for _, s := range h {
			hosts = append(hosts, suffix{s, int16(i)})
		}
		for _, s := range d {
			domains = append(domains, suffix{s, int16(i)})
		}
		first := ""
		if all := append(h, d...); len(all) > 0 {
			first = all[0]
		}
		p.first = append(p.first, first)
		p.markers = append(p.markers, markers(row[4]))
	}
	p.hosts, p.domains = newSuffixes(hosts), newSuffixes(domains)
	return p
}

func (p *providers) id(name string) (int16, bool) {
	for i, n := range p.names {
		if n == name {
			return int16(i), true
		}
	}
	return -1, false
}

// findProvider looks at the host that refused, then at the words, then at the recipient's domain.
func (c *Classifier) findProvider(s *scratch, rcpt *dsn.Recipient) int16 {
	if id := c.providers.hosts.find(hostOf(rcpt.RemoteMTA.Value)); id >= 0 {
		return id
	}
	best := int16(-1)
	for _, h := range s.hits {
		if id := c.literals[h.literal].provider; id >= 0 && (best < 0 || id < best) {
			best = id
		}
	}
	if best >= 0 {
		return best
	}
	address := rcpt.FinalRecipient.Value
	if address == "" {
		address = rcpt.OriginalRecipient.Value
	}
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		return c.providers.domains.find(strings.TrimRight(address[at+1:], ".> "))
	}
	return -1
}

// hostOf cuts the host name out of a Remote-MTA: "mx.example.org (192.0.2.1)", "mx.example.org[192.0.2.1]:25".
func hostOf(s string) string {
	s = strings.TrimLeft(s, " <")
	for i := range len(s) {
		switch s[i] {
		case ' ', '(', '[', ',', ';', ':', '>', '\t', '|':
			s = s[:i]
			return strings.TrimRight(s, ".")
		}
	}
	return strings.TrimRight(s, ".")
}

// suffix is a domain and whose it is.
type suffix struct {
	domain string
	id     int16
}

// suffixes finds the longest of many domains that a name ends in, at label boundaries. It is
// an open hash table; the hash runs from the end of the name to its start, so that every
// boundary costs one look.
type suffixes struct{ slots []suffix }

const (
	hashStart = 14695981039346656037
	hashPrime = 1099511628211
)

func hashByte(h uint64, c byte) uint64 {
	if c < 0x80 {
		c = foldTable[c]
	}
	return (h ^ uint64(c)) * hashPrime
}

// newSuffixes builds the table; of a domain that is there twice the first entry stays.
func newSuffixes(list []suffix) suffixes {
	size := 64
	for size < 4*len(list) {
		size *= 2
	}
	t := suffixes{make([]suffix, size)}
	for _, e := range list {
		e.domain = strings.ToLower(e.domain)
		h := uint64(hashStart)
		for i := len(e.domain) - 1; i >= 0; i-- {
			h = hashByte(h, e.domain[i])
		}
		for i := t.slot(h); ; i = (i + 1) & (size - 1) {
			if t.slots[i].domain == e.domain {
				break
			}
			if t.slots[i].domain == "" {
				t.slots[i] = e
				break
			}
		}
	}
	return t
}

func (t suffixes) slot(h uint64) int { return int((h ^ h>>32) & uint64(len(t.slots)-1)) }

// find returns whose name is, or -1.
func (t suffixes) find(name string) int16 {
	if len(name) > 255 {
		return -1
	}
	best, h := int16(-1), uint64(hashStart)
	for i := len(name) - 1; i >= 0; i-- {
		h = hashByte(h, name[i])
		if i > 0 && name[i-1] != '.' {
			continue
		}
		for j := t.slot(h); t.slots[j].domain != ""; j = (j + 1) & (len(t.slots) - 1) {
			if strings.EqualFold(t.slots[j].domain, name[i:]) {
				best = t.slots[j].id
				break
			}
		}
	}
	return best
}

// exampleHost turns what stands behind @ in an example into a Remote-MTA.
func (c *Classifier) exampleHost(at string) (string, bool) {
	if strings.Contains(at, ".") {
		return at, true
	}
	id, ok := c.providers.id(at)
	if !ok || c.providers.first[id] == "" {
		return "", false
	}
	host := "mx." + c.providers.first[id]
	return host, c.providers.hosts.find(host) == id
}
