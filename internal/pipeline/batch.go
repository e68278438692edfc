package pipeline

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

// Result is what became of one message.
type Result struct {
	Outcome  ingest.Outcome
	Filtered bool   // it had events, and Keep wanted none of them
	Events   int    // published
	Lead     string // ID of the first event; "" where there is none
}

// A part is a run of messages that one worker reads; its buffers are used again.
type part struct {
	batch    *batch
	messages []ingest.Message
	results  []Result
	records  []sink.Record
	ends     []int  // of each message's records
	buf      []byte // of the records' values
	types    [len(eventTypes)]int64
}

const (
	partMessages = 64
	partBytes    = 256 << 10
)

// A batch is what the source handed out and what was made of it.
type batch struct {
	*ingest.Batch
	bytes  int
	parts  []*part
	unread atomic.Int32  // parts
	judged chan struct{} // closed when that is 0
	acts   []ingest.Outcome
}

var partPool = sync.Pool{New: func() any { return new(part) }}

func newBatch(in *ingest.Batch) *batch {
	b := &batch{Batch: in, judged: make(chan struct{})}
	rest := in.Messages
	for len(rest) > 0 {
		n, size := 0, 0
		for n < len(rest) && n < partMessages && size < partBytes {
			size += len(rest[n].Raw)
			n++
		}
		p := partPool.Get().(*part)
		p.batch, p.messages = b, rest[:n]
		b.parts, b.bytes, rest = append(b.parts, p), b.bytes+size, rest[n:]
	}
	if b.unread.Store(int32(len(b.parts))); len(b.parts) == 0 {
		close(b.judged)
	}
	return b
}

// done says that a part is judged.
func (b *batch) done() {
	if b.unread.Add(-1) == 0 {
		close(b.judged)
	}
}

// queue hands out batches in order.
type queue struct {
	fetched <-chan *batch
	next    *batch // was taken, and has to wait until it is judged
}

// ready waits for the next batch to be judged and returns it with all behind it that are judged
// already; none when fetched is closed. What one write takes need not wait for many: a sink
// that is slow once a write, as a disk is, so gets more at a time.
func (q *queue) ready(group []*batch) []*batch {
	b := q.next
	if q.next = nil; b == nil {
		b = <-q.fetched
	}
	if b == nil {
		return group
	}
	<-b.judged
	group = append(group, b)
	for {
		select {
		case b = <-q.fetched:
		default:
			return group
		}
		if b == nil {
			return group
		}
		select {
		case <-b.judged:
			group = append(group, b)
		default:
			q.next = b
			return group
		}
	}
}

// outcomes returns the outcome of each message, as Commit wants them.
func (b *batch) outcomes() []ingest.Outcome {
	if b.acts == nil {
		b.acts = make([]ingest.Outcome, 0, len(b.Messages))
		for _, p := range b.parts {
			for i := range p.results {
				b.acts = append(b.acts, p.results[i].Outcome)
			}
		}
	}
	return b.acts
}

// records appends to dst what of it s is to write.
func (b *batch) records(dst []sink.Record, s *store) []sink.Record {
	for _, p := range b.parts {
		for i := range p.records {
			if s.takes(p.records[i].Stream) {
				dst = append(dst, p.records[i])
			}
		}
	}
	return dst
}

// committed counts the batch and frees its room.
func (p *Pipeline) committed(b *batch) {
	var rs []Result
	for _, part := range b.parts {
		p.stats.add(part)
		if p.Committed != nil {
			rs = append(rs, part.results...)
		}
	}
	if p.Committed != nil {
		p.Committed(b.Batch, rs)
	}
	p.room.give(len(b.Messages), b.bytes)
	for _, part := range b.parts {
		part.batch, part.messages = nil, nil
		clear(part.records)
		if cap(part.buf) > 1<<20 { // one part of giants must not hold memory for ever
			part.buf = nil
		}
		partPool.Put(part)
	}
}

// room bounds what is in flight. Only the fetching goroutine waits and takes.
type room struct {
	mu              sync.Mutex
	messages, bytes int
	freed           chan struct{}
}

// wait returns when there is room for a batch, or false when ctx ends.
func (r *room) wait(ctx context.Context, messages, bytes int) bool {
	for ctx.Err() == nil {
		r.mu.Lock()
		free := r.messages < messages && r.bytes < bytes
		r.mu.Unlock()
		if free {
			return true
		}
		select {
		case <-r.freed:
		case <-ctx.Done():
		}
	}
	return false
}

func (r *room) take(messages, bytes int) {
	r.mu.Lock()
	r.messages += messages
	r.bytes += bytes
	r.mu.Unlock()
}

func (r *room) give(messages, bytes int) {
	r.take(-messages, -bytes)
	select {
	case r.freed <- struct{}{}:
	default:
	}
}

// send reports whether v went out before ctx ended.
func send[T any](ctx context.Context, ch chan<- T, v T) bool {
	select {
	case ch <- v:
		return true
	case <-ctx.Done():
		return false
	}
}
