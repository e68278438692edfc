package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// open opens the pending file.
func (s *PathSource) open(ctx context.Context, b *Batch, pb *pathBatch) error {
	it := *s.pending
	f := &file{item: it, changed: it.fresh}
	var err error
	if it.path == "-" {
		f.loc = stdinLocation
	} else if f.loc, err = fileLocation(it.path); err != nil {
		return err
	}
	st := stream{loc: f.loc, size: -1}
	if it.err == nil {
		switch it.err = s.openStream(f, &st); {
		case it.err == errInCur:
			s.pending = nil
			return nil
		case isShortage(it.err):
			return it.err
		}
	}
	if it.err == nil && s.opts.State != nil && it.key != "" && st.at != nil {
		done, err := s.load(ctx, f, st)
		if err != nil {
			f.f.Close()
			return err
		}
		if done {
			s.pending = nil
			f.f.Close()
			return nil
		}
	}
	s.pending, s.file = nil, f
	s.mu.Lock()
	s.ledger.opened(f)
	s.mu.Unlock()
	if it.err != nil {
		s.account(true)
		s.fail(b, pb, f.loc, bare(it.path, it.err))
		return nil
	}
	return s.enter(ctx, st, b, pb)
}

func (s *PathSource) openStream(f *file, st *stream) error {
	var r io.Reader
	if f.path == "-" {
		f.pump = newPump(s.opts.Stdin)
		f.f, r = f.pump, f.pump
	} else {
		o, err := s.openFile(f, st)
		if err != nil {
			return err
		}
		info, err := o.Stat()
		if err != nil {
			o.Close()
			return err
		}
		if info.Mode().IsRegular() {
			f.f, r, st.at, st.size, f.modified = o, o, o, info.Size(), info.ModTime()
		} else {
			f.pump = newPump(o)
			f.f, r = pipe{f.pump, o}, f.pump
		}
	}
	f.read, f.lines = &counter{r, &s.ledger.read}, &s.ledger.lines
	st.r = f.read
	return nil
}

// errInCur says that a message is no longer in new: it will be met in cur, read after it.
var errInCur = errors.New("moved to cur")

// openFile opens a file; a Maildir message is looked for under another name.
func (s *PathSource) openFile(f *file, st *stream) (*os.File, error) {
	o, err := os.Open(f.path)
	if !errors.Is(err, fs.ErrNotExist) {
		return o, err
	}
	to, ok := s.walk.moved(f.item)
	if !ok {
		return nil, err
	}
	if filepath.Base(filepath.Dir(f.path)) == "new" {
		return nil, errInCur
	}
	f.path = to
	if f.loc, err = fileLocation(to); err != nil {
		return nil, err
	}
	st.loc = f.loc
	return os.Open(to)
}

// isShortage reports whether err says nothing about the file: it can be opened later.
func isShortage(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

// pipe closes a named pipe and what reads it.
type pipe struct {
	*pump
	f fs.File
}

func (p pipe) Close() error {
	p.pump.Close()
	return p.f.Close()
}
