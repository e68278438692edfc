package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// identity tells a file from another that took its name.
type identity struct {
	Size int64  `json:"size"`
	Head string `json:"head"` // hash of the first KiB
	Last string `json:"last"` // hash of the last KiB
}

// filePosition is how far a file is committed.
type filePosition struct {
	identity
	Done bool `json:"done,omitempty"` // all of it
	// Leaf counts the mails and mboxes in the file that are done; more than one in archives.
	Leaf int `json:"leaf,omitempty"`
	// Offset is where reading goes on in the mbox after those; Tail hashes the KiB before it.
	Offset int64  `json:"offset,omitempty"`
	Tail   string `json:"tail,omitempty"`
	// End is where the mbox ended, and with it the message at Offset: one that still ends
	// there once the mbox has grown is done, another was cut.
	End  int64 `json:"end,omitempty"`
	Mbox bool  `json:"mbox,omitempty"` // the file is one mbox, perhaps compressed: it may grow
}

func hashBytes(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

func hashAt(r io.ReaderAt, off, n int64) (string, error) {
	b := make([]byte, n)
	if _, err := r.ReadAt(b, off); err != nil && err != io.EOF {
		return "", err
	}
	return hashBytes(b), nil
}

func identify(r io.ReaderAt, size int64) (id identity, err error) {
	id.Size = size
	n := min(size, tailLen)
	if id.Head, err = hashAt(r, 0, n); err == nil {
		id.Last, err = hashAt(r, size-n, n)
	}
	return id, err
}

func stateKey(key string) (string, error) {
	loc, err := fileLocation(key)
	return "replay:" + string(loc), err
}

// load reads what is recorded of a file, and reports whether all of it was committed.
func (s *PathSource) load(ctx context.Context, f *file, st stream) (done bool, err error) {
	if f.state, err = stateKey(f.key); err != nil {
		return false, err
	}
	if f.id, err = identify(st.at, st.size); err != nil {
		f.state = "" // reading will fail, too, and say so
		return false, nil
	}
	data, err := s.opts.State.Load(ctx, f.state)
	if err != nil || data == nil || f.fresh {
		return false, err
	}
	var pos filePosition
	if err := json.Unmarshal(data, &pos); err != nil {
		return false, fmt.Errorf("the recorded position of %s cannot be read: %w", f.path, err)
	}
	if pos.identity == f.id {
		if pos.Done {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ledger.doneBefore(st.size)
			return true, nil
		}
		f.resume = pos
		return false, nil
	}
	if pos.Mbox && pos.Size < f.id.Size {
		// What was there then must be there still.
		old, err := identify(st.at, pos.Size)
		if err == nil && old == pos.identity {
			f.resume = pos
			return false, nil
		}
	}
	f.changed = true
	return false, nil
}

// errChanged says that a file is not the one whose position was recorded.
var errChanged = errors.New("changed since its position was recorded")

// resume makes the leaf begin where the file was committed. In archives the same file has
// the same members; what may have grown is compared first.
func (l *leaf) resume(f *file) error {
	pos := f.resume
	l.skip = pos.End
	n := min(pos.Offset, tailLen)
	if l.at == nil {
		l.ahead = pos.Offset - n
		if !f.packed {
			l.tail = pos.Tail
		}
		return nil
	}
	if tail, err := hashAt(l.at, pos.Offset-n, n); err != nil || tail != pos.Tail {
		return errChanged
	}
	// The section has no end: the file may grow while it is read.
	l.r = &counter{io.NewSectionReader(l.at, pos.Offset-n, 1<<62-pos.Offset), f.read.n}
	f.read.n.Add(pos.Offset - n - min(l.size, sniffLen)) // sniffed before, and read again
	return nil
}

// forward reads up to where a compressed mbox was committed.
func (l *leaf) forward(ctx context.Context, f *file) error {
	scratch := make([]byte, 64<<10)
	for l.ahead > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := l.r.Read(scratch[:min(l.ahead, int64(len(scratch)))])
		if l.ahead -= int64(n); err != nil && l.ahead > 0 {
			return errChanged
		}
	}
	if l.tail != "" {
		n, err := io.ReadFull(l.r, scratch[:min(f.resume.Offset, tailLen)])
		if err != nil || hashBytes(scratch[:n]) != l.tail {
			return errChanged
		}
		l.r = &headed{scratch[:n], l.r}
		l.tail = ""
	}
	l.mbox.r = l.r
	return nil
}

// passed notes that e is in a batch, and so where reading would go on after it.
func (f *file) passed(l *leaf, e extent) {
	if f.state == "" {
		return
	}
	switch {
	case e.err != nil:
		// Not done: the file may be mended.
		f.now.Offset, f.now.End, f.now.Tail, l.stale = e.off, 0, hashBytes(e.lead), false
	case !e.last:
		f.now.Offset, f.now.End, l.stale = e.end, 0, true
	case e.partial && l.begun >= 0:
		// What follows may prove it to be text of the message before.
		f.now.Offset, f.now.End, f.now.Tail, l.stale = l.begun, e.off, hashBytes(l.lead), false
	default:
		// When the mbox grows, it may be this message that does.
		f.now.Offset, f.now.End, f.now.Tail, l.stale = e.off, e.end, hashBytes(e.lead), false
	}
	l.begun, l.lead = e.off, append(l.lead[:0], e.lead...)
}

// ended notes that a stream of messages in the file has ended.
func (f *file) ended(l *leaf) {
	f.settle(l)
	if f.packed {
		f.now = filePosition{Leaf: f.leaves}
	}
}

// progress notes in the batch how far the present file has been read.
func (f *file) progress(l *leaf, pb *pathBatch) {
	if f.state == "" {
		return
	}
	f.settle(l)
	if f.now.Leaf > 0 || f.now.Offset > 0 {
		f.record(pb)
	}
}

// settle makes the recorded hash that of the recorded offset.
func (f *file) settle(l *leaf) {
	if l != nil && l.stale {
		f.now.Tail, l.stale = hashBytes(l.mbox.before(l.mbox.lo)), false
	}
}

// finish notes in the batch that the file was read to its end.
func (f *file) finish(pb *pathBatch) {
	if f.state == "" {
		return
	}
	// What could not be read of an archive cannot be had by reading it again.
	f.now.Done = f.packed || !f.failed
	if f.now.Done || f.now.Offset > 0 {
		f.record(pb)
	}
}

func (f *file) record(pb *pathBatch) {
	f.now.identity = f.id
	pb.saves.put(f.state, f.now)
}

// saves are positions to be stored, the first put first.
type saves struct {
	keys []string
	pos  map[string]filePosition
}

func (s *saves) put(key string, pos filePosition) {
	if s.pos == nil {
		s.pos = make(map[string]filePosition)
	}
	if _, ok := s.pos[key]; !ok {
		s.keys = append(s.keys, key)
	}
	s.pos[key] = pos
}

func (s *saves) merge(from saves) {
	for _, key := range from.keys {
		s.put(key, from.pos[key])
	}
}

// Position is what [Positions] hold of one key.
type Position struct {
	Key  string
	Data []byte
}

// storer is implemented by Positions that store many at the cost of one.
type storer interface {
	StoreAll(ctx context.Context, positions []Position) error
}

// save stores what is committed and not stored. What failed is tried again the next time.
func (s *PathSource) save(ctx context.Context) error {
	if len(s.unsaved.keys) == 0 {
		return nil
	}
	all := make([]Position, 0, len(s.unsaved.keys))
	for _, key := range s.unsaved.keys {
		data, err := json.Marshal(s.unsaved.pos[key])
		if err != nil {
			return err
		}
		all = append(all, Position{key, data})
	}
	if many, ok := s.opts.State.(storer); ok {
		if err := many.StoreAll(ctx, all); err != nil {
			return err
		}
	} else {
		for _, p := range all {
			if err := s.opts.State.Store(ctx, p.Key, p.Data); err != nil {
				return err
			}
		}
	}
	s.unsaved = saves{}
	s.saved = time.Now()
	return nil
}
