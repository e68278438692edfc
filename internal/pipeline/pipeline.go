// Package pipeline is the one data path: fetch, read, judge, encode, write with retry, commit.
//
// The batch is the unit of acknowledgement: it is committed to its source only after every
// writer has stored everything that was made of it. So a message is never marked done before
// its events are safe, and what is repeated after a crash has the same event IDs.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

// Pipeline moves the messages of one source to its sinks. The fields must not be changed while
// Run runs.
type Pipeline struct {
	Name     string // the source, for logs
	Source   ingest.Source
	Parse    func(raw []byte) (*dsn.Report, error) // default dsn.Reader.Read within Limits; called from several goroutines
	Limits   dsn.Limits
	Classify func(*dsn.Report, *dsn.Recipient) classify.Verdict
	Sender   *Sender      // default: nothing is known about the sender
	Encoder  sink.Encoder // default sink.JSON{}
	Record   RecordMaker  // default: the key is the address in lower case, no headers
	Sinks    []*Sink

	Prepare      func(*sink.Event)                  // changes an event before it is encoded, such as privacy does; default nothing
	Unrecognized bool                               // also write what is no report, or cannot be read, raw to sink.StreamUnrecognized
	Keep         func(*sink.Event) bool             // events to publish; default all. Called from several goroutines
	Committed    func(b *ingest.Batch, rs []Result) // called after each commit, in order
	GiveUp       func(err error) bool               // errors not worth retrying; default none
	Now          func() time.Time                   // default time.Now

	Workers  int           // that read and judge; default GOMAXPROCS
	Messages int           // in flight before fetching waits; default 5,000
	Bytes    int           // in flight before fetching waits; default 16 MiB
	Grace    time.Duration // to finish what is being written when the context ends; default 10 s
	Backoff  Backoff       // between attempts
	Log      *slog.Logger  // default: discarded

	stats stats
	room  room
}

// Sink is one place that events go to. Each keeps its own acknowledgements. Pipelines that write to
// the same place share the Sink: then its trouble is told once, not once for each of them.
type Sink struct {
	Name    string // for logs
	Writer  sink.Writer
	Streams []string // that it is given; default all

	alarm alarm
}

// maxQueue is how many batches may wait for a writer. Mostly the room that Messages and Bytes give ends
// before.
const maxQueue = 8

// Run moves messages until the source is drained (nil), the context ends (its cause), or an error
// is met that GiveUp knows. Everything else that goes wrong is logged once and tried again without
// end. When the context ends, what is being written has Grace to be stored and committed; what
// was not begun stays untouched.
func (p *Pipeline) Run(ctx context.Context) error {
	p.defaults()
	p.stats.forgetTroubles() // of a run before this one
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	grace, end := withGrace(ctx, p.Grace)
	defer end()

	parts := make(chan *part, 2*p.Workers)
	fetched := make(chan *batch, maxQueue) // in order; its parts may still be in work
	written := make(chan *batch, maxQueue)
	var all sync.WaitGroup
	all.Go(func() { p.fetch(ctx, stop, parts, fetched) })
	for range p.Workers {
		all.Go(func() { p.judge(parts) })
	}
	all.Go(func() { p.write(ctx, grace, stop, fetched, written) })
	all.Go(func() { p.commit(ctx, grace, stop, written) })
	all.Wait()
	return context.Cause(ctx)
}

// fetch deals each batch out in parts, and hands it on in order.
func (p *Pipeline) fetch(ctx context.Context, stop context.CancelCauseFunc, parts chan<- *part, fetched chan<- *batch) {
	defer close(fetched)
	defer close(parts)
	trouble := p.trouble("fetching from " + p.Name)
	for p.room.wait(ctx, p.Messages, p.Bytes) {
		in, err := p.Source.Fetch(ctx)
		if errors.Is(err, io.EOF) || ctx.Err() != nil {
			return
		}
		if err != nil {
			if !p.again(ctx, stop, trouble, err) {
				return
			}
			continue
		}
		trouble.over()
		b := newBatch(in)
		p.room.take(len(in.Messages), b.bytes)
		if !send(ctx, fetched, b) {
			return
		}
		for _, part := range b.parts {
			parts <- part // the workers take until this is closed
		}
	}
}

// judge reads, judges and encodes. It is pure: what it makes depends on the message alone.
func (p *Pipeline) judge(parts <-chan *part) {
	w := &worker{Pipeline: p}
	w.dsn.Limits = p.Limits
	for part := range parts {
		w.part(part)
		part.batch.done()
	}
}

// write stores the batches that are judged, again until every sink has acknowledged all of them.
func (p *Pipeline) write(ctx, grace context.Context, stop context.CancelCauseFunc, fetched <-chan *batch, written chan<- *batch) {
	defer close(written)
	sinks := p.stores()
	defer leave(sinks)
	q := queue{fetched: fetched}
	for group := q.ready(nil); len(group) > 0; group = q.ready(group[:0]) {
		if ctx.Err() != nil {
			continue // untouched
		}
		for _, b := range group[:p.store(ctx, grace, stop, sinks, group)] {
			send(grace, written, b)
		}
	}
}

// commit tells the source what is done.
func (p *Pipeline) commit(ctx, grace context.Context, stop context.CancelCauseFunc, written <-chan *batch) {
	trouble := p.trouble("committing to " + p.Name)
	for b := range written {
		err := p.Source.Commit(grace, b.Batch, b.outcomes())
		for err != nil && p.again(grace, stop, trouble, err) {
			err = p.Source.Commit(grace, b.Batch, b.outcomes())
		}
		if err != nil {
			continue // not done: it comes again
		}
		trouble.over()
		p.committed(b)
	}
}

func (p *Pipeline) defaults() {
	if p.Sender == nil {
		p.Sender = &Sender{}
	}
	if p.Encoder == nil {
		p.Encoder = sink.JSON{}
	}
	if p.Record == nil {
		p.Record = keyed
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	p.Workers = cmp.Or(p.Workers, runtime.GOMAXPROCS(0))
	p.Messages = cmp.Or(p.Messages, 5000)
	p.Bytes = cmp.Or(p.Bytes, 16<<20)
	p.Grace = cmp.Or(p.Grace, 10*time.Second)
	p.room.freed = make(chan struct{}, 1)
}
