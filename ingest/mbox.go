package ingest

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// MboxForm says how the body of a message is kept in an mbox.
type MboxForm string

// The forms. All have in common that a message begins with a line "From sender date", and
// that a line of the body that would look like one needs protection.
const (
	// MboxAuto reads mboxrd and mboxo alike, and believes a Content-Length that proves true:
	// where the body it claims ends, the next message or nothing follows.
	MboxAuto MboxForm = ""
	// MboxRD quotes ">*From " with one more ">".
	MboxRD MboxForm = "mboxrd"
	// MboxO quotes "From " alone, with ">".
	MboxO MboxForm = "mboxo"
	// MboxCL has Content-Length, and quotes as MboxO does.
	MboxCL MboxForm = "mboxcl"
	// MboxCL2 has Content-Length, and quotes nothing.
	MboxCL2 MboxForm = "mboxcl2"
)

const (
	// maxPostmark is the longest separator line believed.
	maxPostmark = 1 << 10
	// tailLen is how much before an offset is kept in reach, to be hashed.
	tailLen = 1 << 10
	// minWindow is what a block must hold beyond the head of an oversize message.
	minWindow = 4 * (maxPostmark + tailLen)
	// maxRead is read at once, so that the search finds it in the processor's cache.
	maxRead = 256 << 10
)

// errBlockFull is returned when the next message needs a block of its own and messages of
// the present batch still point into this one.
var errBlockFull = errors.New("block full")

// extent is one message of an mbox.
type extent struct {
	raw      []byte // without the separator and the blank line before the next; at most max
	size     int64  // of all of it
	off, end int64  // from its separator up to the next
	lead     []byte // what stands before it, at most tailLen
	last     bool   // the mbox ends where it ends
	cut      bool   // the mbox seems to end within it
	partial  bool   // not even its separator is whole: what is still to come may prove it text
	err      error  // reading failed here
}

// splitter finds the messages of an mbox. It searches the read buffer for "From ", looks at
// what stands before and after, and hands out slices of that buffer.
type splitter struct {
	r    io.Reader
	at   io.ReaderAt // the same bytes; nil where they can only be read in order
	form MboxForm
	max  int
	a    *arena

	lines bool        // each line is a message
	ready func() bool // where reading may wait: whether there is something to read; else nil

	base  int64 // offset in the mbox of the block's first byte
	first int   // the block's first byte that belongs to the mbox
	lo    int   // where the present message begins
	scan  int   // where the search goes on
	hi    int   // end of what was read
	eof   bool
	err   error // why reading ended, if not at the end

	begun    bool
	context  int   // how much comes before the first message, to be hashed only
	oversize bool  // the message fills the block: its head is kept, what is behind slides
	skipped  int64 // bytes slid out of an oversize message
	quotes   []int // ">" to take out of the present message
	length   int64 // where its Content-Length says that it ends; 0: not looked at, -1: nowhere
	sure     int64 // a Content-Length that proved true: the offset of the next separator

	separated int // messages that a blank line ended
	joined    int // messages that none ended
}

// newSplitter reads an mbox into a from r, which begins at most tailLen bytes before off, as
// far as there are so many.
func newSplitter(a *arena, r io.Reader, at io.ReaderAt, off int64, form MboxForm, maxBytes int) *splitter {
	context := min(off, tailLen)
	off -= context
	return &splitter{
		r: r, at: at, form: form, max: maxBytes, a: a, context: int(context),
		base: off - int64(a.used), first: a.used, lo: a.used, scan: a.used, hi: a.used,
	}
}

// next returns the next message, io.EOF after the last, or errBlockFull if it would need to
// leave the block while held says that messages still point into it.
func (s *splitter) next(ctx context.Context, held bool) (extent, error) {
	for {
		if s.start() {
			if i := s.find(); i >= 0 {
				return s.emit(i, false), nil
			}
		}
		switch {
		case s.eof && s.lo == s.hi && s.err == nil:
			return extent{}, io.EOF
		case s.eof:
			return s.emit(s.hi, true), nil
		case s.hi < len(s.a.buf()):
			if held && s.ready != nil && !s.ready() {
				return extent{}, errBlockFull
			}
			if err := s.fill(ctx); err != nil {
				return extent{}, err
			}
		case s.keep() == 0:
			s.slide()
		case held:
			return extent{}, errBlockFull
		default:
			s.move()
		}
	}
}

// start looks at the beginning of the mbox, once, and reports whether there is enough of it
// to search for the end of the first message.
func (s *splitter) start() bool {
	if s.begun {
		return true
	}
	if s.hi-s.lo < s.context && !s.eof {
		return false
	}
	s.lo += min(s.context, s.hi-s.lo)
	s.context = 0
	buf := s.a.buf()
	if s.lines {
		s.begun, s.scan = true, s.lo
		return true
	}
	// Blank lines before the first separator belong to nobody.
	for s.lo < s.hi && (buf[s.lo] == '\n' || buf[s.lo] == '\r') {
		s.lo++
	}
	s.begun = s.lo < s.hi || s.eof
	return s.begun
}

func (s *splitter) fill(ctx context.Context) error {
	buf := s.a.buf()
	for range 100 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := s.r.Read(buf[s.hi:min(len(buf), s.hi+maxRead)])
		s.hi += n
		switch {
		case err == io.EOF:
			s.eof = true
			return nil
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.eof, s.err = true, err
			return nil
		case n > 0:
			return nil
		}
	}
	s.eof, s.err = true, io.ErrNoProgress
	return nil
}

// keep is the first byte of the block that is still needed.
func (s *splitter) keep() int { return max(s.first, s.lo-tailLen) }

// move goes on in a new block, which begins with what is still needed.
func (s *splitter) move() {
	from := s.keep()
	s.a.renew(s.a.buf()[from:s.hi])
	s.base += int64(from)
	s.first = 0
	s.lo, s.scan, s.hi = s.lo-from, s.scan-from, s.hi-from
	for i := range s.quotes {
		s.quotes[i] -= from
	}
}

// slide makes room in a block that one message fills: its head stays, what was searched of
// the rest goes.
func (s *splitter) slide() {
	buf := s.a.buf()
	head := s.head()
	from := s.scan - tailLen
	s.hi = head + copy(buf[head:], buf[from:s.hi])
	gone := from - head
	s.scan -= gone
	s.base += int64(gone)
	s.skipped += int64(gone)
	s.oversize = true
}

// head is where the kept head of an oversize message ends.
func (s *splitter) head() int { return s.lo + maxPostmark + s.max }

// offset is where the block's byte i stands in the mbox; in an oversize message, for what
// is behind its head.
func (s *splitter) offset(i int) int64 { return s.base + int64(i) }

// find returns the index of the next separator, or -1 when more must be read.
func (s *splitter) find() int {
	buf := s.a.buf()
	if s.lines {
		return s.findLine()
	}
	if s.scan = max(s.scan, s.lo+1); s.scan > s.hi {
		return -1
	}
	for s.sure == 0 {
		j := bytes.Index(buf[s.scan:s.hi], []byte("From "))
		if j < 0 {
			if s.eof {
				return s.partial()
			}
			s.scan = max(s.scan, s.hi-len("From"))
			return -1
		}
		i := s.scan + j
		switch buf[i-1] {
		case '>':
			s.quoted(i - 1)
		case '\n':
			switch s.separates(i) {
			case yes:
				return i
			case more:
				s.scan = i
				return -1
			}
		}
		s.scan = i + len("From ")
	}
	if i := s.sure - s.base; i < int64(s.hi) {
		return int(i)
	}
	s.scan = s.hi
	return -1
}

// findLine returns where the next line begins, or -1 when more must be read.
func (s *splitter) findLine() int {
	if s.scan < s.hi {
		if n := bytes.IndexByte(s.a.buf()[s.scan:s.hi], '\n'); n >= 0 {
			return s.scan + n + 1
		}
	}
	s.scan = s.hi
	return -1
}

// separates reports whether the line at i, which begins with "From ", starts a message.
func (s *splitter) separates(i int) answer {
	rest := s.a.buf()[i:s.hi]
	n := bytes.IndexByte(rest[:min(len(rest), maxPostmark)], '\n')
	if n < 0 {
		if len(rest) >= maxPostmark {
			return no
		}
		if !s.eof {
			return more
		}
		n = len(rest)
	}
	if !isPostmark(rest[:n]) {
		if trailingBlank(s.a.buf()[s.lo:i]) == 0 {
			return no
		}
		// Where the mbox ends within the line this is as much of a separator as can be had.
		if n < len(rest) {
			if a := fieldFollows(rest[n+1:], s.eof); a != yes {
				return a
			}
		}
	}
	return s.unclaimed(i)
}

// partial returns where, at the end of the mbox and after a blank line, the first bytes of
// a separator stand that was cut; -1 if none do.
func (s *splitter) partial() int {
	buf := s.a.buf()
	for n := min(len("From"), s.hi-s.lo-1); n > 0 && s.err == nil; n-- {
		i := s.hi - n
		if string(buf[i:s.hi]) == "From"[:n] && trailingBlank(buf[s.lo:i]) > 0 {
			return i
		}
	}
	return -1
}

// quoted notes the ">" at i if only more of them are before it on its line.
func (s *splitter) quoted(i int) {
	buf := s.a.buf()
	if s.form == MboxCL2 || s.oversize {
		return
	}
	k := i
	for k > s.lo && buf[k] == '>' {
		k--
	}
	// On its first line a message may have a From line that came quoted.
	if buf[k] == '\n' && (k == i-1 || s.form == MboxAuto || s.form == MboxRD) && k+1 > s.body(i) {
		s.quotes = append(s.quotes, i)
	}
}

// emit cuts the message that ends at i and makes what is there the next one.
func (s *splitter) emit(i int, last bool) extent {
	buf := s.a.buf()
	begin := s.body(i)
	stop := i - s.trailing(buf[begin:i])
	e := extent{
		off: s.offset(s.lo) - s.skipped, end: s.offset(i), last: last,
		lead: s.before(s.lo), size: int64(stop-begin) + s.skipped,
	}
	if last {
		e.err = s.err
		e.cut = s.err != nil || s.lines || s.isCut(begin, i)
		e.partial = !s.lines && isPartial(buf[s.lo:i])
		s.err = nil
	} else if stop < i {
		s.separated++
	} else {
		s.joined++
	}
	e.raw = buf[begin:min(stop, begin+s.max)]
	if s.oversize {
		e.raw = buf[begin : begin+s.max]
		s.first = s.head()
	}
	// An unprotected From line within a proven length says that nothing is quoted.
	if len(s.quotes) > 0 && (s.sure == 0 || s.form == MboxCL) {
		taken := len(e.raw)
		e.raw = s.unquote(begin, begin+taken)
		if int64(taken) == e.size {
			e.size = int64(len(e.raw))
		}
	}
	s.lo, s.scan = i, i+1
	if s.lines {
		s.scan = i
	}
	s.oversize, s.skipped = false, 0
	s.quotes, s.length, s.sure = s.quotes[:0], 0, 0
	s.a.used = s.hi
	return e
}

// unquote copies buf[from:to] without the noted ">".
func (s *splitter) unquote(from, to int) []byte {
	buf := s.a.buf()
	out := make([]byte, 0, to-from)
	for _, q := range s.quotes {
		if q >= from && q < to {
			out = append(out, buf[from:q]...)
			from = q + 1
		}
	}
	return append(out, buf[from:to]...)
}

// body is where the present message, which ends at i, begins after its separator line.
func (s *splitter) body(i int) int {
	line := s.a.buf()[s.lo:min(i, s.lo+maxPostmark)]
	if s.lines || !bytes.HasPrefix(line, []byte("From ")) {
		return s.lo
	}
	return s.lo + bytes.IndexByte(line, '\n') + 1
}

// before returns up to tailLen bytes of the mbox that stand before the block's byte i.
func (s *splitter) before(i int) []byte {
	return s.a.buf()[max(s.first, i-tailLen):i]
}
