package pipeline

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

var errRefused = errors.New("record rejected: no key")

// refuse stores all but the records that bad names, as Kafka does.
func refuse(bad func(*sink.Record) bool) func(context.Context, int, []sink.Record) error {
	return func(_ context.Context, _ int, recs []sink.Record) error {
		if !slices.ContainsFunc(recs, func(r sink.Record) bool { return bad(&r) }) {
			return nil
		}
		for i := range recs {
			if bad(&recs[i]) {
				recs[i].Refused = errRefused
			} else {
				recs[i].Acked = true
			}
		}
		return errRefused
	}
}

// One record that is refused for good does not keep the others; an event tells of it, and its
// message is no longer one that may be deleted.
func TestRefused(t *testing.T) {
	for _, batches := range []int{1, 3} {
		in := mails(30, (30 / batches))
		victim := "user7@example.org"
		mailbox := &mailbox{batches: in}
		clean, picky := &topic{}, &topic{}
		picky.do = refuse(func(r *sink.Record) bool { return strings.Contains(string(r.Value), victim) })
		p := &Pipeline{Source: mailbox, Classify: userUnknown, Sinks: []*Sink{{Name: "picky", Writer: picky}, {Name: "clean", Writer: clean}}}
		if !strings.Contains(string(in[0].Messages[7].Raw), victim) {
			t.Fatalf("the test's mail is not what it thinks: %s", in[0].Messages[7].Raw)
		}
		if err := p.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		var told []sink.Event
		ids := map[string]bool{}
		for _, e := range picky.events(t) {
			ids[e.ID] = true
			if e.Type == sink.TypeQuarantined {
				told = append(told, e)
			}
		}
		if len(ids) != 30 || len(told) == 0 || told[0].Source != in[0].Messages[7].Source || !strings.Contains(told[0].Problems[0].Detail, "no key") {
			t.Errorf("%d events, of which %+v", len(ids), told)
		}
		if n := len(clean.events(t)); n != 30 {
			t.Errorf("the other sink has %d events", n)
		}
		for i, o := range mailbox.outcomes {
			if (o == ingest.Quarantined) != (i == 7) {
				t.Errorf("message %d is %s", i, o)
			}
		}
		if s := p.Stats(); s.In != 30 || s.Quarantined != 1 || s.Events != 30 || s.ByType[sink.TypeBounce] != 29 || s.ByType[sink.TypeQuarantined] != 1 {
			t.Errorf("%+v", s)
		}
		if !slices.ContainsFunc(picky.records, func(r sink.Record) bool { return string(r.Key) == told[0].ID }) {
			t.Error("the event in its place has no key")
		}
	}
}

// A sink that refuses everything is trouble: nothing is committed.
func TestAllRefused(t *testing.T) {
	mailbox, w := &mailbox{batches: mails(5, 5)}, &topic{}
	w.do = refuse(func(*sink.Record) bool { return true })
	p := &Pipeline{Source: mailbox, Classify: userUnknown, Sinks: []*Sink{{Name: "w", Writer: w}}, Grace: time.Millisecond, Backoff: Backoff{Min: time.Millisecond, Max: time.Millisecond}}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := p.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if len(mailbox.committed) > 0 || len(p.stats.troubles) == 0 {
		t.Errorf("committed: %v", mailbox.outcomes)
	}
}
