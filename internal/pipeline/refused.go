package pipeline

import (
	"encoding/json"
	"iter"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

// aside is a record that was refused for good and is replaced.
type aside struct {
	part      *part
	message   int
	stream    string
	eventType string // of the refused event
}

// setAside replaces each record that s will never store by an event of type quarantined, so that one
// record never stalls the others, and none is dropped without a trace. It reports whether there was any. Where the
// replacement is refused, too, it is not the record that is wrong: that is trouble, and tried again until
// somebody sees to it.
func (p *Pipeline) setAside(s *store, group []*batch) (found bool) {
	i := -1
	for part := range partsOf(group) {
		message, id := 0, (*sink.Identity)(nil)
		for r := range part.records {
			for part.ends[message] <= r {
				message, id = message+1, nil
			}
			if !s.takes(part.records[r].Stream) {
				continue
			}
			i++
			rec := &s.records[i]
			if rec.Acked || rec.Refused == nil || s.replaced[i] {
				continue
			}
			if id == nil {
				id = identity(&part.messages[message])
			}
			found = true
			if s.replaced == nil {
				s.replaced = map[int]bool{}
			}
			s.replaced[i] = true
			s.aside = append(s.aside, p.replace(rec, part, message, id))
		}
	}
	return found
}

func partsOf(group []*batch) iter.Seq[*part] {
	return func(yield func(*part) bool) {
		for _, b := range group {
			for _, part := range b.parts {
				if !yield(part) {
					return
				}
			}
		}
	}
}

// replace makes rec the event that tells of it.
func (p *Pipeline) replace(rec *sink.Record, part *part, message int, id *sink.Identity) aside {
	m := &part.messages[message]
	var was struct{ ID, Type string } // what can be told of it in the log
	if rec.Stream == sink.StreamEvents {
		json.Unmarshal(rec.Value, &was)
	}
	p.Log.Error("a record is refused for good; an event of type quarantined takes its place", "source", m.Source,
		"stream", rec.Stream, "id", was.ID, "type", was.Type, "error", rec.Refused)
	a := aside{part: part, message: message, stream: rec.Stream, eventType: was.Type}
	e := p.quarantined(m, id, "refused by the sink: "+rec.Refused.Error())
	if p.Prepare != nil {
		p.Prepare(e)
	}
	value, err := p.Encoder.Append(nil, e)
	if err != nil {
		p.Log.Error("an event of type quarantined could not be encoded", "source", m.Source, "error", err)
	}
	*rec = p.Record(e, value)
	if rec.Key == nil {
		rec.Key = []byte(e.ID) // that there was no key may be why it was refused
	}
	return a
}

// settle notes what was set aside: the messages count as quarantined, and are never deleted.
func (s *store) settle() {
	for _, a := range s.aside {
		r := &a.part.results[a.message]
		r.Outcome, r.Filtered = ingest.Quarantined, false
		if a.stream == sink.StreamEvents {
			a.part.types[typeIndex(a.eventType)]--
		} else {
			r.Events++
		}
		a.part.types[typeIndex(sink.TypeQuarantined)]++
	}
	s.aside = nil
}

func identity(m *ingest.Message) *sink.Identity {
	if len(m.Raw) == 0 {
		return sink.NewIdentity([]byte(m.Source)) // all that is known of it
	}
	return sink.NewIdentity(m.Raw)
}

// quarantined is the event that tells why a message, or part of what was made of it, was set aside.
func (p *Pipeline) quarantined(m *ingest.Message, id *sink.Identity, reason string) *sink.Event {
	return &sink.Event{
		ID:       id.ID(sink.TypeQuarantined, ""),
		Type:     sink.TypeQuarantined,
		Time:     p.Now().UTC(),
		Source:   m.Source,
		Problems: []sink.Problem{{Name: "quarantined", Detail: reason}},
	}
}
