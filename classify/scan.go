package classify

import (
	"strings"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// field is a part of a recipient that rules look into, in the order in which they do.
type field uint8

const (
	fieldReply      field = iota // the reply of the server that refused
	fieldDiagnostic              // Diagnostic-Code, or the reason as the report's text gives it
	fieldText                    // what the human part says beyond that
	fields
)

func (f field) String() string {
	return [...]string{"reply", "diagnostic_code", "text"}[f]
}

// hit is the first place of a literal in a field.
type hit struct {
	literal uint32
	field   field
	end     uint32 // in the haystack
}

// scratch is what one judgement works on. It is used again.
type scratch struct {
	hay    []byte // the fields folded, each between blanks, NUL between them
	spans  [fields][2]uint32
	source [fields]string // as reported
	hits   []hit
	seen   [fields][]uint64 // by literal; only bits of hits are set
	keys   []uint64         // candidates: stage and rule

	code      int
	status    dsn.Status // the reply's where it says more than x.0.0, else as stated
	soon      bool       // words say that the refusal is temporary
	derived   bool       // there is a reply, and status is not from it
	command   uint16
	action    uint8
	provider  int16 // -1: unknown
	blocklist int16 // -1: none named
	rep       *dsn.Report
	rcpt      *dsn.Recipient
	listEnd   uint32
	listField field
}

// maxField bounds what is looked at of one field: replies are short, and what follows is
// somebody's boilerplate.
const maxField = 4 << 10

func clip(s string) string {
	if len(s) > maxField {
		return s[:maxField]
	}
	return s
}

func (c *Classifier) scratch() *scratch {
	if s, ok := c.pool.Get().(*scratch); ok {
		return s
	}
	s := &scratch{hay: make([]byte, 0, 1024), hits: make([]hit, 0, 64), keys: make([]uint64, 0, 64)}
	for f := range s.seen {
		s.seen[f] = make([]uint64, (len(c.literals)+63)/64)
	}
	return s
}

func (c *Classifier) release(s *scratch) {
	for _, h := range s.hits {
		s.seen[h.field][h.literal>>6] = 0
	}
	s.hits, s.keys, s.hay = s.hits[:0], s.keys[:0], s.hay[:0]
	s.source, s.rep, s.rcpt = [fields]string{}, nil, nil
	c.pool.Put(s)
}

// read takes in what rcpt says and finds all literals in it.
func (c *Classifier) read(s *scratch, rep *dsn.Report, rcpt *dsn.Recipient) {
	s.rep, s.rcpt = rep, rcpt
	s.code = rcpt.Reply.Code
	reply, diagnostic, text := clip(rcpt.Reply.Text), clip(rcpt.DiagnosticCode.Value), clip(rcpt.Text)
	s.source = [fields]string{reply, diagnostic, text}
	s.hay = append(s.hay[:0], 0)
	s.add(fieldReply, reply, "")
	s.addFrame(fieldDiagnostic, diagnostic, reply)
	if reply != "" {
		s.addFrame(fieldText, text, reply)
	} else {
		s.addFrame(fieldText, text, diagnostic)
	}
	for f := range fields {
		c.scan(s, f)
	}
	// What the refusing server said outranks what the reporting MTA made of it: Sendmail turns
	// every 550 to RCPT into 5.1.1.
	s.status = rcpt.Reply.Status
	if s.status.IsZero() || s.status.IsGeneric() && !rcpt.Status.IsZero() {
		s.status = rcpt.Status
	}
	s.derived = s.code != 0 && s.status != rcpt.Reply.Status
	s.command = commandBit(rcpt.Reply.Command)
	s.action = actionBit(rcpt.Action)
	c.findBlocklist(s)
	s.provider = c.findProvider(s, rcpt)
}

// addFrame adds what text says around inner: a diagnostic mostly is the reply with its codes,
// and the human part repeats both. What was looked at already is not looked at again.
func (s *scratch) addFrame(f field, text, inner string) {
	if at := strings.Index(text, inner); inner != "" && at >= 0 {
		s.add(f, text[:at], text[at+len(inner):])
		return
	}
	s.add(f, text, "")
}

func (s *scratch) add(f field, before, behind string) {
	start := len(s.hay)
	if before != "" {
		s.hay = append(s.hay, ' ')
		s.hay = appendFolded(s.hay, before)
		s.hay = append(s.hay, ' ', 0)
	}
	if behind != "" {
		s.hay = append(s.hay, ' ')
		s.hay = appendFolded(s.hay, behind)
		s.hay = append(s.hay, ' ', 0)
	}
	s.spans[f] = [2]uint32{uint32(start), uint32(len(s.hay))}
}

// scan finds the literals that stand in one field, from the NUL in front of it on.
func (c *Classifier) scan(s *scratch, f field) {
	hay := s.hay[:s.spans[f][1]]
	first := len(s.hits)
	for i := c.finder.next(hay, int(s.spans[f][0])-1); i < len(hay); i = c.finder.next(hay, i+1) {
		list := c.finder.with(gramAt(hay, i))
		for k := range list {
			e := &list[k]
			if end, ok := e.in(hay, i); ok && !s.has(f, e.literal) {
				s.hit(f, e.literal, end, first)
			}
		}
	}
}

// hit notes a literal of field f that ends at hay[end], in the order of the ends. The first hit there
// has the number first.
func (s *scratch) hit(f field, literal uint32, end, first int) {
	s.seen[f][literal>>6] |= 1 << (literal & 63)
	h := hit{literal, f, uint32(end)}
	i := len(s.hits)
	s.hits = append(s.hits, h)
	for ; i > first && s.hits[i-1].end > h.end; i-- {
		s.hits[i] = s.hits[i-1]
	}
	s.hits[i] = h
}

// has reports whether literal stands in field f.
func (s *scratch) has(f field, literal uint32) bool {
	return s.seen[f][literal>>6]&(1<<(literal&63)) != 0
}
