package pipeline

import (
	"context"
	"sync"

	"github.com/bouncepipe/bouncepipe/sink"
)

// store is one sink with what it has acknowledged of the batch being written.
type store struct {
	sink.Writer
	streams []string
	trouble *trouble
	records []sink.Record
}

func (p *Pipeline) stores() []*store {
	var all []*store
	for _, s := range p.Sinks {
		all = append(all, &store{Writer: s.Writer, streams: s.Streams, trouble: p.trouble("writing to " + s.Name)})
	}
	return all
}

// store writes b to all sinks beside each other and reports whether all have stored it.
func (p *Pipeline) store(ctx, grace context.Context, stop context.CancelCauseFunc, sinks []*store, b *batch) bool {
	if len(sinks) == 1 {
		return p.storeIn(ctx, grace, stop, sinks[0], b)
	}
	stored := make([]bool, len(sinks))
	var all sync.WaitGroup
	for i, s := range sinks {
		all.Go(func() { stored[i] = p.storeIn(ctx, grace, stop, s, b) })
	}
	all.Wait()
	for _, ok := range stored {
		if !ok {
			return false
		}
	}
	return true
}

// storeIn writes b to s until all of it is acknowledged. Once ctx has ended, a batch of which
// nothing is stored is left alone; one that is stored in part has until grace ends.
func (p *Pipeline) storeIn(ctx, grace context.Context, stop context.CancelCauseFunc, s *store, b *batch) bool {
	clear(s.records)
	s.records = b.records(s.records[:0], s.streams)
	for len(s.records) > 0 {
		err := s.Write(grace, s.records)
		if err == nil {
			break
		}
		wait := grace
		if !begun(s.records) {
			wait = ctx
		}
		if !p.again(wait, stop, s.trouble, err) {
			return false
		}
	}
	s.trouble.over()
	return true
}

func begun(records []sink.Record) bool {
	for i := range records {
		if records[i].Acked {
			return true
		}
	}
	return false
}
