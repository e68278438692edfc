package ingest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"
)

// PathStats is how far a replay has come.
type PathStats struct {
	Files      int64  // opened, or tried to
	Done       int64  // of these, read to their end
	DoneBefore int64  // left alone because State says that all of them is committed
	Changed    int64  // read from their start because they are not what State recorded
	Skipped    int64  // no files: sockets, devices, links in archives
	Lines      int64  // of logs of replies, that report no delivery attempt
	Messages   int64  // fetched
	Committed  int64  // of these
	Bytes      int64  // read, as the files lie on disk
	TotalBytes int64  // of all files; -1: unknown, see Measure
	Current    string // the file being read
}

// FileStats is a line of the ledger: a file, or the single mails of one folder together.
type FileStats struct {
	Path      string
	Mails     int64 // files that are one mail each; 0 where Path is a file
	Messages  int64 // fetched
	Bytes     int64 // in these messages
	Committed int64
	Outcomes  [len(outcomeNames)]int64 // of the committed, by Outcome
	Errors    int64                    // messages that could not be read
	Cut       bool                     // an mbox that seems to end within a message
	Done      bool                     // read to the end
	Resumed   bool                     // begun where an earlier replay ended
	Changed   bool                     // not what was recorded, so read from its start
}

// ledger is what the statistics are made from; PathSource.mu guards what is not atomic.
type ledger struct {
	read    atomic.Int64
	total   int64
	stats   PathStats
	lines   atomic.Int64
	byPath  map[string]*FileStats
	inOrder []*FileStats
}

// Stats may be called at any time.
func (s *PathSource) Stats() PathStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.ledger.stats
	st.Bytes, st.TotalBytes = s.ledger.read.Load(), s.ledger.total
	st.Lines = s.ledger.lines.Load()
	st.Skipped = s.walk.skipped.Load()
	return st
}

// Files returns the ledger, in the order of reading. May be called at any time.
func (s *PathSource) Files() []FileStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]FileStats, len(s.ledger.inOrder))
	for i, line := range s.ledger.inOrder {
		all[i] = *line
	}
	return all
}

// Measure finds the size of all files that will be read, for Stats to tell. It walks the
// folders as the replay does, beside it if need be.
func (s *PathSource) Measure(ctx context.Context) error {
	w := walker{roots: slices.Clone(s.roots)}
	total := int64(0)
	for {
		it, err := w.next()
		if err == io.EOF {
			break
		}
		if err := cmp.Or(err, ctx.Err()); err != nil {
			return err
		}
		if it.path == "-" {
			return nil
		}
		info, err := os.Stat(it.path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		if err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.total = total
	return nil
}

// named adds a path that was named to the total.
func (l *ledger) named(info fs.FileInfo) {
	if l.total >= 0 && info.Mode().IsRegular() {
		l.total += info.Size()
	} else {
		l.total = -1
	}
}

func (l *ledger) opened(f *file) {
	if !f.fresh {
		l.stats.Files++
	}
	l.stats.Current = f.path
	if f.changed {
		l.stats.Changed++
	}
}

func (l *ledger) doneBefore(size int64) {
	l.stats.DoneBefore++
	l.read.Add(size)
}

// account finds the file's line: its own, or its folder's for one of many mails.
func (s *PathSource) account(own bool) {
	f, l := s.file, &s.ledger
	if f.stats != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := f.path
	if !own && f.dir != "" {
		path = f.dir
	}
	line := l.byPath[path]
	if line == nil {
		line = &FileStats{Path: path}
		if l.byPath == nil {
			l.byPath = make(map[string]*FileStats)
		}
		l.byPath[path] = line
		l.inOrder = append(l.inOrder, line)
	}
	if path != f.path {
		line.Mails++
	}
	line.Changed = line.Changed || f.changed
	line.Resumed = line.Resumed || f.resume != filePosition{}
	f.stats = line
}

func (l *ledger) finished(f *file) {
	l.stats.Done++
	if f.stats != nil {
		f.stats.Done = true
	}
}

func (l *ledger) fetched(b *Batch, pb *pathBatch) {
	l.stats.Messages += int64(len(b.Messages))
	i := 0
	for _, r := range pb.runs {
		r.stats.Messages += int64(r.n)
		for _, m := range b.Messages[i : i+r.n] {
			r.stats.Bytes += m.Size
			r.stats.Cut = r.stats.Cut || m.Cut
			if m.Err != nil {
				r.stats.Errors++
			}
		}
		i += r.n
	}
}

func (l *ledger) committed(pb *pathBatch, outcomes []Outcome) {
	i := 0
	for _, r := range pb.runs {
		r.stats.Committed += int64(r.n)
		l.stats.Committed += int64(r.n)
		for ; i < len(outcomes) && r.n > 0; i++ {
			if o := outcomes[i]; int(o) < len(r.stats.Outcomes) {
				r.stats.Outcomes[o]++
			}
			r.n--
		}
	}
}
