package pipeline

import (
	"slices"
	"sync"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

var eventTypes = [...]string{sink.TypeBounce, sink.TypeDelay, sink.TypeDelivery, sink.TypeComplaint, sink.TypeAutoReply, sink.TypeChallenge, sink.TypeDisposition, sink.TypeQuarantined}

// Ledger accounts for every committed message:
// In = Reports + Other + Unreadable + Quarantined + Filtered.
type Ledger struct {
	In          int64
	Reports     int64 // gave at least one event
	Other       int64 // no report
	Unreadable  int64 // claims to be a report, and nobody can tell of what
	Quarantined int64 // could not be delivered by the source, or broke the reader
	Filtered    int64 // a report of which no event was wanted
	Events      int64
	Bytes       int64
}

// Add counts one message of the given size.
func (l *Ledger) Add(r Result, size int64) {
	l.In++
	l.Bytes += size
	l.Events += int64(r.Events)
	switch {
	case r.Filtered:
		l.Filtered++
	case r.Outcome == ingest.Other:
		l.Other++
	case r.Outcome == ingest.Unreadable:
		l.Unreadable++
	case r.Outcome == ingest.Quarantined:
		l.Quarantined++
	default:
		l.Reports++
	}
}

// Stats is what a pipeline has done and what ails it.
type Stats struct {
	Ledger
	ByOutcome map[string]int64 // messages
	ByType    map[string]int64 // events
	Troubles  []Trouble        // empty: all is well
	InFlight  int              // messages fetched and not yet committed
}

type stats struct {
	mu       sync.Mutex
	ledger   Ledger
	outcomes [ingest.Quarantined + 1]int64
	types    [len(eventTypes)]int64
	troubles []*trouble
}

func (s *stats) watch(t *trouble) {
	s.mu.Lock()
	s.troubles = append(s.troubles, t)
	s.mu.Unlock()
}

func (s *stats) forgetTroubles() {
	s.mu.Lock()
	s.troubles = nil
	s.mu.Unlock()
}

func (s *stats) add(p *part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range p.results {
		s.ledger.Add(p.results[i], p.messages[i].Size)
		s.outcomes[p.results[i].Outcome]++
	}
	for i, n := range p.types {
		s.types[i] += n
	}
}

// Stats may be called at any time.
func (p *Pipeline) Stats() Stats {
	s := &p.stats
	s.mu.Lock()
	defer s.mu.Unlock()
	out := Stats{Ledger: s.ledger, ByOutcome: map[string]int64{}, ByType: map[string]int64{}}
	for o, n := range s.outcomes {
		out.ByOutcome[ingest.Outcome(o).String()] = n
	}
	for t, n := range s.types {
		out.ByType[eventTypes[t]] = n
	}
	for _, t := range s.troubles {
		if now := t.now.Load(); now != nil {
			out.Troubles = append(out.Troubles, *now)
		}
	}
	p.room.mu.Lock()
	out.InFlight = p.room.messages
	p.room.mu.Unlock()
	return out
}

func typeIndex(eventType string) int { return max(0, slices.Index(eventTypes[:], eventType)) }
