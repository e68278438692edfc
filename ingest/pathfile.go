package ingest

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// file is the file being read.
type file struct {
	item
	loc      location
	f        io.Closer
	pump     *pump
	read     *counter
	lines    *atomic.Int64 // passed over
	modified time.Time
	stats    *FileStats
	state    string   // the key of its position; empty: none is recorded
	id       identity // as it was opened
	resume   filePosition
	now      filePosition // how far it has been read
	leaves   int          // streams of messages found in it so far
	packed   bool         // it is an archive
	failed   bool         // not all of it could be read
	changed  bool         // it is not what was recorded
}

// leaf is a stream of messages: an mbox or one mail.
type leaf struct {
	stream
	mbox *splitter
	one  *single
	log  *ReplyLog // the mbox is a log of replies
	path string
	made Message // what next returned last

	// Of an mbox that was begun before.
	ahead int64  // how much is to be passed over
	tail  string // what the last KiB of that hashes to; empty: not looked at
	skip  int64  // a first message that ends here was committed

	begun int64  // where the last message of an mbox began, -1 before the first
	lead  []byte // what stands before it
	stale bool   // file.now.Tail is not that of file.now.Offset
}

// counter counts what is read of the file itself, for progress.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// next returns the next message, which is valid until the next call; nil without an error: none, but
// ask again.
func (l *leaf) next(ctx context.Context, held bool, f *file) (*Message, error) {
	if f.pump != nil {
		f.pump.ctx = ctx
	}
	if l.one != nil {
		e, err := l.one.next(ctx, held)
		if err != nil {
			return nil, err
		}
		if e.err == nil {
			f.now.Leaf = f.leaves
		}
		return l.message(e, l.loc.file(), f), nil
	}
	if l.ahead > 0 || l.tail != "" {
		if err := l.forward(ctx, f); err != nil {
			return nil, err
		}
	}
	e, err := l.mbox.next(ctx, held)
	if err != nil {
		return nil, err
	}
	f.passed(l, e)
	before := e.end == l.skip && e.err == nil
	l.skip = 0
	if before {
		return nil, nil
	}
	if l.log != nil {
		return l.reply(e, f), nil
	}
	return l.message(e, l.loc.mbox(e.off), f), nil
}

// reply makes a message of a line that reports a delivery attempt, nil of another.
func (l *leaf) reply(e extent, f *file) *Message {
	r, err := l.log.Parse(e.raw)
	if errors.Is(err, ErrNoReply) && e.err == nil {
		f.lines.Add(1)
		return nil
	}
	m := l.message(e, l.loc.fileAt(e.off), f)
	if err == nil {
		m.Reply = &r
	}
	return m
}

func (l *leaf) message(e extent, source string, f *file) *Message {
	m := &l.made
	*m = Message{Source: source, Raw: e.raw, Size: e.size, Cut: e.cut && e.err == nil}
	if e.err != nil {
		f.failed = true
		m.Err = fmt.Errorf("%s: %w", l.path, e.err)
	}
	return m
}

// advance finds the next leaf: in the archive being read, or in the next file.
func (s *PathSource) advance(ctx context.Context, b *Batch, pb *pathBatch) error {
	if s.entering != nil {
		return s.enter(ctx, *s.entering, b, pb)
	}
	if n := len(s.containers); n > 0 {
		c := s.containers[n-1]
		member, err := c.next()
		var one *memberError
		switch {
		case err == nil:
			return s.enter(ctx, member, b, pb)
		case errors.As(err, &one):
			s.lost(b, pb, one.loc, err)
		default:
			if err != io.EOF {
				s.lost(b, pb, s.file.loc, err)
			}
			c.close()
			s.containers = s.containers[:n-1]
		}
		return ctx.Err()
	}
	if s.file != nil {
		s.file.finish(pb)
		s.mu.Lock()
		s.ledger.finished(s.file)
		s.mu.Unlock()
		s.closeFile()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.pending == nil {
		it, err := s.walk.next()
		if err != nil {
			return err
		}
		s.pending = &it
	}
	return s.open(ctx, b, pb)
}

// enter makes a leaf of a stream, or a container to find leaves in.
func (s *PathSource) enter(ctx context.Context, st stream, b *Batch, pb *pathBatch) error {
	if s.file.pump != nil {
		s.file.pump.ctx = ctx
	}
	for {
		head, err := s.peek(&st)
		if err != nil && ctx.Err() != nil {
			st.r = &headed{head, st.r}
			s.entering = &st
			return ctx.Err()
		}
		s.entering = nil
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			// What came before the error is still a mail or an mbox.
			st.r = failing{err}
		}
		st.r = &headed{head, st.r}
		k := sniff(head)
		if k != kindMail && k != kindMbox && st.packed >= maxPacked {
			s.lost(b, pb, st.loc, fmt.Errorf("is packed more than %d times", maxPacked))
			st.close()
			return nil
		}
		switch k {
		case kindMail, kindMbox:
			if s.opts.Format == FormatReplies {
				k = kindLines
			}
			return s.begin(st, k)
		case kindTar, kindZip:
			s.account(true)
			s.file.packed = true
			if err := s.contain(st, k); err != nil {
				s.lost(b, pb, st.loc, err)
				st.close()
			}
			return nil
		}
		r, release, err := decompress(k, st.r)
		if err != nil {
			s.lost(b, pb, st.loc, err)
			st.close()
			return nil
		}
		outer := st.release
		st.r, st.at, st.size, st.packed = r, nil, -1, st.packed+1
		st.release = func() {
			release()
			if outer != nil {
				outer()
			}
		}
	}
}

// peek reads the head of a stream. Each layer of packing has a buffer of its own, since the
// outer ones may not be used up.
func (s *PathSource) peek(st *stream) ([]byte, error) {
	if s.heads[st.packed] == nil {
		s.heads[st.packed] = make([]byte, sniffLen)
	}
	head := s.heads[st.packed]
	if st.at != nil {
		head = head[:min(st.size, sniffLen)] // no need to ask whether there is more
	}
	enough := len(head)
	if s.file.pump != nil {
		enough = 512 // tells a tar; a log that is being written shall not wait for more
		if s.opts.Format == FormatReplies {
			enough = 16
		}
	}
	n, err := io.ReadAtLeast(st.r, head, enough)
	return head[:n], err
}

// headed reads what was read before, then the rest.
type headed struct {
	head []byte
	r    io.Reader
}

func (h *headed) Read(p []byte) (int, error) {
	if len(h.head) > 0 {
		n := copy(p, h.head)
		h.head = h.head[n:]
		return n, nil
	}
	return h.r.Read(p)
}

func (s *PathSource) contain(st stream, k kind) error {
	if k == kindTar {
		s.containers = append(s.containers, &tarArchive{stream: st, r: tar.NewReader(st.r), skipped: s.skip})
		return nil
	}
	z, err := openZip(st, s.skip)
	if err == nil {
		s.containers = append(s.containers, z)
	}
	return err
}

func (s *PathSource) skip() { s.walk.skipped.Add(1) }

// begin starts on a stream of messages, unless all of it was committed before.
func (s *PathSource) begin(st stream, k kind) error {
	f := s.file
	s.account(k != kindMail)
	number := f.leaves
	f.leaves++
	if number < f.resume.Leaf {
		st.close()
		return nil
	}
	l := &leaf{stream: st, path: f.path, begun: -1}
	s.leaf = l
	f.now = filePosition{Leaf: number}
	if k == kindMail {
		l.one = &single{r: st.r, a: &s.arena, max: s.opts.MaxBytes, size: st.size, exact: st.at != nil}
		return nil
	}
	f.now.Mbox = !f.packed
	if number == f.resume.Leaf && (f.resume.Offset > 0 || f.resume.End > 0) {
		f.now.Offset, f.now.Tail = f.resume.Offset, f.resume.Tail
		if err := l.resume(f); err != nil {
			return err
		}
	}
	l.mbox = newSplitter(&s.arena, l.r, l.at, f.now.Offset, s.opts.Mbox, s.opts.MaxBytes)
	if f.pump != nil {
		l.mbox.ready = f.pump.ready
	}
	if k == kindLines {
		l.mbox.lines = true
		l.log = &ReplyLog{Until: f.modified}
	}
	return nil
}

// reopen reads a file from its start that is not what was recorded.
func (s *PathSource) reopen() {
	it := s.file.item
	it.fresh = true
	s.pending = &it
	s.closeFile()
}

// lost accounts for a stream that cannot be read, unless that was done before.
func (s *PathSource) lost(b *Batch, pb *pathBatch, loc location, err error) {
	s.account(true)
	f := s.file
	f.leaves++
	if f.leaves > f.resume.Leaf {
		s.fail(b, pb, loc, err)
		f.now = filePosition{Leaf: f.leaves}
	}
}

func (s *PathSource) closeFile() {
	if s.leaf != nil {
		s.leaf.close()
		s.leaf = nil
	}
	s.entering = nil
	for _, c := range s.containers {
		c.close()
	}
	s.containers = nil
	if s.file != nil && s.file.f != nil {
		s.file.f.Close()
	}
	s.file = nil
}
