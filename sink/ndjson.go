package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// NDJSON writes the values of records as lines. It takes one stream; which records it is
// given is the caller's choice.
type NDJSON struct {
	mu   sync.Mutex
	w    io.Writer
	name string
	buf  []byte
	rest []byte // of a line that w took in part

	file *os.File // nil: not ours to sync, repair and close
	size int64    // of file, up to the end of the last complete Write; -1: not a regular file
	torn bool     // file holds part of a Write that failed
}

var _ Writer = (*NDJSON)(nil)

// NewNDJSON writes to w, which Close leaves open; name is what errors call it. Records count
// as stored once w took them: what w does with them is beyond its control.
func NewNDJSON(w io.Writer, name string) *NDJSON {
	return &NDJSON{w: w, name: name}
}

// OpenNDJSON appends to the file at path, and creates it if need be. Records count as stored
// once they are synced to disk. The start of an event at the end of the file, as a crash
// leaves it, is removed: it was never acknowledged.
func OpenNDJSON(path string) (*NDJSON, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	n := &NDJSON{w: f, name: path, file: f, size: -1}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		if n.size, err = endOfEvents(f, info.Size()); err == nil {
			n.torn = n.size != info.Size()
			err = n.repair()
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("output: %w", err)
	}
	return n, nil
}

// endOfEvents returns the offset after the last complete line in the first size bytes of f.
func endOfEvents(f *os.File, size int64) (int64, error) {
	var block [64 << 10]byte
	end := int64(0)
	for stop := size; stop > 0 && end == 0; {
		start := max(0, stop-int64(len(block)))
		b := block[:stop-start]
		if _, err := f.ReadAt(b, start); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			end = start + int64(i) + 1
		}
		stop = start
	}
	if end == size {
		return end, nil
	}
	event := []byte(`{"id":"`)
	tail := make([]byte, min(size-end, int64(len(event))))
	if _, err := f.ReadAt(tail, end); err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(event, tail) {
		return 0, fmt.Errorf("%s does not end with a newline and its last line is no event: not a file of events; name another", f.Name())
	}
	return end, nil
}

// repair drops what a failed write left behind the last complete one.
func (n *NDJSON) repair() error {
	if n.torn {
		if err := n.file.Truncate(n.size); err != nil {
			return err
		}
		n.torn = false
	}
	_, err := n.file.Seek(n.size, io.SeekStart)
	return err
}

// Write implements [Writer]. Where the reader of a pipe has left, the error wraps syscall.EPIPE.
func (n *NDJSON) Write(ctx context.Context, recs []Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.buf = append(n.buf[:0], n.rest...)
	for i := range recs {
		if !recs[i].Acked {
			n.buf = append(append(n.buf, recs[i].Value...), '\n')
		}
	}
	if len(n.buf) == 0 {
		return nil
	}
	var written int
	var err error
	if n.file != nil {
		written, err = n.store()
	} else {
		written, err = n.w.Write(n.buf)
	}
	n.acknowledge(recs, written)
	if cap(n.buf) > 8<<20 { // one batch of giants must not hold memory for ever
		n.buf = nil
	}
	var perr *os.PathError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &perr): // names the file
		return fmt.Errorf("output: %w", err)
	default:
		return fmt.Errorf("output: write %s: %w", n.name, err)
	}
}

// acknowledge marks the records of which the first written bytes of n.buf hold the whole line.
func (n *NDJSON) acknowledge(recs []Record, written int) {
	end := len(n.rest)
	if written < end {
		n.rest = append([]byte(nil), n.rest[written:]...)
		return
	}
	n.rest = n.rest[:0]
	for i := range recs {
		if recs[i].Acked {
			continue
		}
		start := end
		end += len(recs[i].Value) + 1
		if written < end {
			if written > start {
				n.rest = append(n.rest, n.buf[written:end]...)
			}
			return
		}
		recs[i].Acked = true
	}
}

// store appends n.buf to the file, wholly or not at all, and returns how much it stored.
func (n *NDJSON) store() (int, error) {
	if n.size < 0 { // a pipe or a device
		return n.w.Write(n.buf)
	}
	if n.torn {
		if err := n.repair(); err != nil {
			return 0, err
		}
	}
	n.torn = true
	if _, err := n.w.Write(n.buf); err != nil {
		return 0, err
	}
	if err := n.file.Sync(); err != nil {
		return 0, err
	}
	n.torn = false
	n.size += int64(len(n.buf))
	return len(n.buf), nil
}

// Close closes a file that OpenNDJSON opened.
func (n *NDJSON) Close(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.file == nil {
		return nil
	}
	if n.torn && n.size >= 0 {
		n.repair() // best effort: the next start would do it
	}
	return n.file.Close()
}

// Discard acknowledges everything and stores nothing: for measuring, and for runs that only count.
type Discard struct{}

var _ Writer = Discard{}

// Write implements [Writer].
func (Discard) Write(ctx context.Context, recs []Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range recs {
		recs[i].Acked = true
	}
	return nil
}

// Close implements [Writer].
func (Discard) Close(context.Context) error { return nil }
