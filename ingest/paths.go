package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// PathOptions configure [OpenPaths]; the zero value works.
type PathOptions struct {
	MaxBytes      int      // of one message; default DefaultMaxBytes, at least MinMaxBytes
	BatchMessages int      // at most in one batch; default 512
	BatchBytes    int      // at most in one batch, or one message; default 8 MiB
	Mbox          MboxForm // default MboxAuto
	Format        Format   // default FormatMail
	// State, where set, records what is committed of each file, so that a replay that was
	// killed continues, and a file that has grown continues at its old end. A file that is
	// not what it was is read from its start; Stats tells.
	State Positions
	// SaveEvery is how often State is stored at most, and so how much a killed replay
	// repeats; default 200 ms, negative: at every Commit.
	SaveEvery time.Duration
	// Stdin is read for the path "-"; default os.Stdin.
	Stdin io.Reader

	blockSize int // tests make it small
}

// Format says what the files hold.
type Format string

// FormatReplies: each line is NDJSON or of a mail server's log, see [ReplyLog]. Lines that
// report a delivery attempt are messages with Reply set, and those that should and cannot be
// read are messages without; the others are only counted.
const (
	FormatMail    Format = ""
	FormatReplies Format = "replies"
)

const (
	defaultBatchMessages = 512
	defaultBatchReplies  = 4096
	defaultBatchBytes    = 8 << 20
	defaultSaveEvery     = 200 * time.Millisecond
)

// PathSource replays files: see [OpenPaths].
type PathSource struct {
	opts  PathOptions
	roots []string
	life  context.Context // ends with Close
	close context.CancelFunc

	// Of Fetch alone.
	fetching   sync.Mutex
	arena      arena
	walk       walker
	pending    *item // found and not opened yet
	file       *file
	containers []container // archives being read, the innermost last
	leaf       *leaf
	entering   *stream // opened and not looked into yet
	heads      [maxPacked + 2][]byte
	last       int // messages in the last batch

	mu          sync.Mutex
	outstanding []*pathBatch // fetched and not committed, in order
	unsaved     saves
	saved       time.Time
	drained     bool
	ledger      ledger
}

// OpenPaths returns a source of all messages in the named files and folders, in lexical
// order. Content alone decides what a file is: an mbox (which begins with "From "), a tar or
// zip archive, any of these or a mail compressed with gzip, bzip2, xz or zstd, a Maildir
// (a folder with cur and new, and the folders in it), or else a single mail, whatever its
// name. "-" is the standard input. Nothing is left out silently: a file that cannot be
// read, or only in part, is a message with Err set, and an empty file is an empty message.
//
// A path that does not exist is an error here; all else is found while reading.
func OpenPaths(opts PathOptions, paths ...string) (*PathSource, error) {
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.MaxBytes < MinMaxBytes {
		return nil, fmt.Errorf("a limit of %d bytes a message is too small: reports need at least %d", opts.MaxBytes, MinMaxBytes)
	}
	switch opts.Mbox {
	case MboxAuto, MboxRD, MboxO, MboxCL, MboxCL2:
	default:
		return nil, fmt.Errorf("unknown form of mbox %q: use mboxrd, mboxo, mboxcl or mboxcl2", opts.Mbox)
	}
	if opts.Format != FormatMail && opts.Format != FormatReplies {
		return nil, fmt.Errorf("unknown format %q: use replies, or none for mail", opts.Format)
	}
	if opts.BatchMessages <= 0 {
		opts.BatchMessages = defaultBatchMessages
		if opts.Format == FormatReplies {
			opts.BatchMessages = defaultBatchReplies
		}
	}
	if opts.BatchBytes <= 0 {
		opts.BatchBytes = defaultBatchBytes
	}
	if opts.SaveEvery == 0 {
		opts.SaveEvery = defaultSaveEvery
	}
	if opts.Stdin == nil {
		opts.Stdin = os.Stdin
	}
	if len(paths) == 0 {
		return nil, errors.New("no file or folder named")
	}
	s := &PathSource{opts: opts, roots: slices.Clone(paths)}
	s.walk.roots = s.roots
	for _, path := range paths {
		if path == "-" {
			s.ledger.total = -1
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		s.ledger.named(info)
	}
	size := max(cmp.Or(opts.blockSize, defaultBlock), opts.MaxBytes+tailLen+maxPostmark+minWindow)
	s.arena.pool = &blocks{size: size}
	s.life, s.close = context.WithCancel(context.Background())
	return s, nil
}

// errClosed is what Fetch and Commit return after Close.
var errClosed = fmt.Errorf("replay: %w", os.ErrClosed)

// pathBatch is a batch's position: the files it is from and how far it goes in each.
type pathBatch struct {
	blk   *block
	bytes int
	runs  []run
	saves saves
}

// run is how many messages of a batch are accounted to one line of the ledger.
type run struct {
	stats *FileStats
	n     int
}

// Fetch implements [Source].
func (s *PathSource) Fetch(ctx context.Context) (*Batch, error) {
	s.fetching.Lock()
	defer s.fetching.Unlock()
	if s.life.Err() != nil {
		return nil, errClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()

	if s.arena.blk == nil {
		s.arena.renew(nil)
	}
	b := &Batch{Messages: make([]Message, 0, s.last)}
	pb := &pathBatch{}
	var err error
	for err == nil && len(b.Messages) < s.opts.BatchMessages && pb.bytes < s.opts.BatchBytes {
		err = s.step(ctx, b, pb)
	}
	if s.life.Err() != nil {
		return nil, errClosed
	}
	if len(b.Messages) == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.drained = err == io.EOF
		s.attach(pb.saves)
		return nil, err
	}
	if s.file != nil {
		s.file.progress(s.leaf, pb)
	}
	b.position = pb
	s.last = len(b.Messages)
	pb.blk = s.arena.blk
	pb.blk.refs.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outstanding = append(s.outstanding, pb)
	s.ledger.fetched(b, pb)
	return b, nil
}

// attach has saves stored with what was fetched before.
func (s *PathSource) attach(more saves) {
	if n := len(s.outstanding); n > 0 {
		s.outstanding[n-1].saves.merge(more)
	} else {
		s.unsaved.merge(more)
	}
}

// step brings one message into the batch, or comes one step closer to one.
func (s *PathSource) step(ctx context.Context, b *Batch, pb *pathBatch) error {
	if s.leaf == nil {
		err := s.advance(ctx, b, pb)
		if err == errChanged {
			s.reopen()
			return nil
		}
		return err
	}
	m, err := s.leaf.next(ctx, len(b.Messages) > 0, s.file)
	switch {
	case err == io.EOF:
		s.file.ended(s.leaf)
		s.leaf.close()
		s.leaf = nil
		return nil
	case err == errChanged:
		s.reopen()
		return nil
	case err == nil && m != nil:
		s.add(b, pb, *m)
	}
	return err
}

func (s *PathSource) add(b *Batch, pb *pathBatch, m Message) {
	b.Messages = append(b.Messages, m)
	pb.bytes += len(m.Raw)
	stats := s.file.stats
	if n := len(pb.runs); n > 0 && pb.runs[n-1].stats == stats {
		pb.runs[n-1].n++
		return
	}
	pb.runs = append(pb.runs, run{stats, 1})
}

// fail accounts for something that cannot be read.
func (s *PathSource) fail(b *Batch, pb *pathBatch, loc location, err error) {
	s.file.failed = true
	s.add(b, pb, Message{Source: loc.file(), Err: fmt.Errorf("%s: %w", s.file.path, err)})
}

// Commit implements [Source]. Nothing is done to files; what the outcomes were is counted.
func (s *PathSource) Commit(ctx context.Context, b *Batch, outcomes []Outcome) error {
	pb, ok := b.position.(*pathBatch)
	if !ok {
		return errors.New("replay: this batch is another source's")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return errClosed
	}
	if n := slices.Index(s.outstanding, pb); n >= 0 {
		s.ledger.committed(pb, outcomes)
		for _, done := range s.outstanding[:n+1] {
			s.unsaved.merge(done.saves)
			s.arena.pool.release(done.blk)
		}
		s.outstanding = slices.Delete(s.outstanding, 0, n+1)
	}
	if s.drained && len(s.outstanding) == 0 || time.Since(s.saved) >= s.opts.SaveEvery {
		return s.save(ctx)
	}
	return nil
}

// Close implements [Source]. It stores the positions that are committed and not stored yet.
func (s *PathSource) Close() error {
	if s.life.Err() != nil {
		return nil
	}
	s.close()
	s.fetching.Lock()
	defer s.fetching.Unlock()
	s.closeFile()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outstanding = nil
	return s.save(context.Background())
}
