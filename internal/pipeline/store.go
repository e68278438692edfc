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

// store writes a group of batches to all sinks beside each other. It returns how many of them, from the
// first on, all sinks have stored.
func (p *Pipeline) store(ctx, grace context.Context, stop context.CancelCauseFunc, sinks []*store, group []*batch) int {
	stored := make([]int, len(sinks)+1)
	stored[len(sinks)] = len(group)
	var all sync.WaitGroup
	for i, s := range sinks {
		all.Go(func() {
			if stored[i] = len(group); !p.storeIn(ctx, grace, stop, s, group) {
				stored[i] = s.stored(group)
			}
		})
	}
	all.Wait()
	for _, s := range sinks {
		s.settle()
	}
	return slices.Min(stored)
}

// storeIn writes a group of batches to s until all of it is acknowledged. Once ctx has ended, a group of
// which nothing is stored is left alone; one that is stored in part has until grace ends.
func (p *Pipeline) storeIn(ctx, grace context.Context, stop context.CancelCauseFunc, s *store, group []*batch) bool {
	clear(s.records)
	s.records = s.records[:0]
	for _, b := range group {
		s.records = b.records(s.records, s)
	}
	s.replaced = nil
	for len(s.records) > 0 {
		err := s.Write(grace, s.records)
		if err == nil {
			break
		}
		if p.setAside(s, group) {
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

// stored returns how many batches, from the first on, s has acknowledged wholly.
func (s *store) stored(group []*batch) int {
	rest := s.records
	for n, b := range group {
		for range s.count(b) {
			if !rest[0].Acked {
				return n
			}
			rest = rest[1:]
		}
	}
	return len(group)
}

// count returns how many records of b are for s.
func (s *store) count(b *batch) (n int) {
	for _, p := range b.parts {
		for i := range p.records {
			if s.takes(p.records[i].Stream) {
				n++
			}
		}
	}
	return n
}

func begun(records []sink.Record) bool {
	for i := range records {
		if records[i].Acked {
			return true
		}
	}
	return false
}
