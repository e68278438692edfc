package pipeline

import (
	"context"
	"slices"
	"sync"

	"github.com/bouncepipe/bouncepipe/sink"
)

// store is one sink with what it has acknowledged of the batch being written.
type store struct {
	sink.Writer
	streams []string // nil: all
	trouble *trouble
	records []sink.Record

	replaced map[int]bool // records that were refused, and tell of it now
	aside    []aside
}

func (s *store) takes(stream string) bool {
	return s.streams == nil || slices.Contains(s.streams, stream)
}

func (p *Pipeline) stores() []*store {
	var all []*store
	for _, s := range p.Sinks {
		t := p.trouble("writing to " + s.Name)
		t.alarm = &s.alarm
		all = append(all, &store{Writer: s.Writer, streams: s.Streams, trouble: t})
	}
	return all
}

func leave(sinks []*store) {
	for _, s := range sinks {
		s.trouble.leave()
	}
}

// store writes b to all sinks beside each other and reports whether all have stored it.
func (p *Pipeline) store(ctx, grace context.Context, stop context.CancelCauseFunc, sinks []*store, b *batch) bool {
	stored := make([]bool, len(sinks))
	var all sync.WaitGroup
	for i, s := range sinks {
		all.Go(func() { stored[i] = p.storeIn(ctx, grace, stop, s, b) })
	}
	all.Wait()
	for _, s := range sinks {
		s.settle()
	}
	return !slices.Contains(stored, false)
}

// storeIn writes b to s until all of it is acknowledged. Once ctx has ended, a batch of which
// nothing is stored is left alone; one that is stored in part has until grace ends.
func (p *Pipeline) storeIn(ctx, grace context.Context, stop context.CancelCauseFunc, s *store, b *batch) bool {
	clear(s.records)
	s.records = b.records(s.records[:0], s)
	s.replaced = nil
	for len(s.records) > 0 {
		err := s.Write(grace, s.records)
		if err == nil {
			break
		}
		if p.setAside(s, b) {
			continue
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
