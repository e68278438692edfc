package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

func TestMain(m *testing.M) {
	if os.Getenv("PIPELINE_TEST_WORKER") != "" {
		killedWorker()
	}
	goleak.VerifyTestMain(patient{m})
}

// patient gives goroutines time to end before they count as leaked: on a busy machine that can be seconds.
type patient struct{ *testing.M }

func (m patient) Run() int {
	status := m.M.Run()
	for end := time.Now().Add(time.Minute); goleak.Find() != nil && time.Now().Before(end); {
	}
	return status
}

// mailbox is a source in memory. It fails on purpose before the fetches and commits listed.
type mailbox struct {
	batches []*ingest.Batch
	wait    bool // at the end wait for the context instead of io.EOF

	mu          sync.Mutex
	next        int
	committed   []*ingest.Batch
	outcomes    []ingest.Outcome
	fetchFails  int
	commitFails int
}

func (s *mailbox) Fetch(ctx context.Context) (*ingest.Batch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetchFails > 0 {
		s.fetchFails--
		return nil, errors.New("connection refused")
	}
	if s.next == len(s.batches) {
		if !s.wait {
			return nil, io.EOF
		}
		s.mu.Unlock()
		<-ctx.Done()
		s.mu.Lock()
		return nil, ctx.Err()
	}
	s.next++
	return s.batches[s.next-1], nil
}

func (s *mailbox) Commit(ctx context.Context, b *ingest.Batch, outcomes []ingest.Outcome) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.commitFails > 0 {
		s.commitFails--
		return errors.New("disk full")
	}
	if len(outcomes) != len(b.Messages) {
		return fmt.Errorf("%d outcomes for %d messages", len(outcomes), len(b.Messages))
	}
	s.committed = append(s.committed, b)
	s.outcomes = append(s.outcomes, outcomes...)
	return nil
}

func (s *mailbox) Close() error { return nil }

// topic is a writer in memory. do, where set, decides what becomes of an attempt.
type topic struct {
	mu      sync.Mutex
	records []sink.Record
	do      func(ctx context.Context, attempt int, recs []sink.Record) error
	tries   int
}

func (w *topic) Write(ctx context.Context, recs []sink.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries++
	if w.do != nil {
		if err := w.do(ctx, w.tries, recs); err != nil {
			for i := range recs {
				if recs[i].Acked {
					w.keep(recs[i])
				}
			}
			return err
		}
	}
	for i := range recs {
		if !recs[i].Acked {
			recs[i].Acked = true
			w.keep(recs[i])
		}
	}
	return nil
}

// keep holds on to r: the bytes of its value are used again once its batch is committed.
func (w *topic) keep(r sink.Record) {
	r.Value = bytes.Clone(r.Value)
	w.records = append(w.records, r)
}

func (w *topic) Close(context.Context) error { return nil }

func (w *topic) events(t *testing.T) []sink.Event {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []sink.Event
	for _, r := range w.records {
		if r.Stream != sink.StreamEvents {
			continue
		}
		var e sink.Event
		if err := json.Unmarshal(r.Value, &e); err != nil {
			t.Fatalf("%v: %s", err, r.Value)
		}
		out = append(out, e)
	}
	return out
}

func userUnknown(*dsn.Report, *dsn.Recipient) classify.Verdict {
	return classify.Verdict{Category: classify.UserUnknown, Class: classify.Hard, Advice: classify.AdviceSuppress}
}

func bounceMail(i int) []byte {
	return fmt.Appendf(nil, "Received: by mx.example.net; Mon, 24 Nov 2025 10:00:05 +0100\nFrom: MAILER-DAEMON@mx.example.net\nTo: news@example.com\nMessage-ID: <%d@mx.example.net>\n"+
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"+
		"Final-Recipient: rfc822; user%[1]d@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b--\n", i)
}

// mails returns n bounces in batches of size per.
func mails(n, per int) []*ingest.Batch {
	var out []*ingest.Batch
	for i := range n {
		if i%per == 0 {
			out = append(out, &ingest.Batch{})
		}
		b := out[len(out)-1]
		raw := bounceMail(i)
		b.Messages = append(b.Messages, ingest.Message{Source: fmt.Sprint("test:", i), Raw: raw, Size: int64(len(raw))})
	}
	return out
}

var quick = Backoff{Min: time.Millisecond, Max: 4 * time.Millisecond}

func TestAllArriveInOrder(t *testing.T) {
	src, dst := &mailbox{batches: mails(1000, 7)}, &topic{}
	p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "topic", Writer: dst}}, Messages: 50}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := dst.events(t)
	if len(events) != 1000 {
		t.Fatalf("%d events, want 1000", len(events))
	}
	for i, e := range events {
		if want := fmt.Sprintf("user%d@example.org", i); e.Recipient != want {
			t.Fatalf("event %d is for %s, want %s", i, e.Recipient, want)
		}
	}
	if len(src.committed) != len(src.batches) {
		t.Errorf("%d batches committed, want %d", len(src.committed), len(src.batches))
	}
	for i, b := range src.committed {
		if b != src.batches[i] {
			t.Fatalf("commit %d is out of order", i)
		}
	}
	want := Ledger{In: 1000, Reports: 1000, Events: 1000}
	got := p.Stats().Ledger
	want.Bytes = got.Bytes
	if got != want {
		t.Errorf("ledger %+v, want %+v", got, want)
	}
}

// What is broken is tried again without end, said once when it begins and once when it ends, and
// nothing is marked done meanwhile.
func TestTrouble(t *testing.T) {
	var log bytes.Buffer
	src := &mailbox{batches: mails(20, 10), fetchFails: 3, commitFails: 3}
	dst := &topic{}
	dst.do = func(_ context.Context, attempt int, _ []sink.Record) error {
		if attempt <= 10 {
			src.mu.Lock()
			defer src.mu.Unlock()
			if len(src.committed) != 0 {
				t.Error("committed before it was written")
			}
			return errors.New("connection refused")
		}
		return nil
	}
	p := &Pipeline{Name: "inbox", Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "kafka", Writer: dst}}, Backoff: quick, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(dst.events(t)); n != 20 {
		t.Errorf("%d events, want 20", n)
	}
	for _, line := range []string{"fetching from inbox fails", "fetching from inbox works again", "writing to kafka fails", "writing to kafka works again", "committing to inbox fails", "committing to inbox works again"} {
		if n := strings.Count(log.String(), line); n != 1 {
			t.Errorf("%q is logged %d times, want once:\n%s", line, n, &log)
		}
	}
	if tr := p.Stats().Troubles; len(tr) != 0 {
		t.Errorf("troubles remain: %v", tr)
	}
}

// Pipelines that share a sink tell of its trouble once.
func TestSharedTrouble(t *testing.T) {
	var log lockedLog
	var ps []*Pipeline
	down, dst := true, &topic{}
	dst.do = func(context.Context, int, []sink.Record) error { // down until all of them have seen it
		down = down && slices.ContainsFunc(ps, func(p *Pipeline) bool { return len(p.Stats().Troubles) == 0 })
		if down {
			return errors.New("connection refused")
		}
		return nil
	}
	shared := &Sink{Name: "kafka", Writer: dst}
	for i := range 4 {
		ps = append(ps, &Pipeline{Name: fmt.Sprint("inbox", i), Source: &mailbox{batches: mails(3, 3)}, Classify: userUnknown, Sinks: []*Sink{shared}, Backoff: Backoff{Min: 30 * time.Millisecond}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	}
	var all sync.WaitGroup
	for _, p := range ps {
		all.Go(func() {
			if err := p.Run(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if begun, over := strings.Count(log.String(), "fails, trying again"), strings.Count(log.String(), "works again"); begun != 1 || over != 1 {
		t.Errorf("begun %d times, over %d times:\n%s", begun, over, log.String())
	}
}

// lockedLog is written by several pipelines.
type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string { return l.b.String() }

func TestPartialAcknowledgement(t *testing.T) {
	src, dst := &mailbox{batches: mails(10, 10)}, &topic{}
	dst.do = func(_ context.Context, attempt int, recs []sink.Record) error {
		if attempt == 1 {
			for i := range 4 {
				recs[i].Acked = true
			}
			return errors.New("one partition has no leader")
		}
		return nil
	}
	p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "kafka", Writer: dst}}, Backoff: quick}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(dst.events(t)); n != 10 {
		t.Errorf("%d events, want each of the 10 once", n)
	}
}

// Each sink keeps its own acknowledgements: the one that works is not written to again.
func TestSeveralSinks(t *testing.T) {
	src, good, bad := &mailbox{batches: mails(10, 5)}, &topic{}, &topic{}
	bad.do = func(_ context.Context, attempt int, _ []sink.Record) error {
		if attempt < 4 {
			return errors.New("down")
		}
		return nil
	}
	p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "good", Writer: good}, {Name: "bad", Writer: bad}}, Backoff: quick}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g, b := len(good.events(t)), len(bad.events(t)); g != 10 || b != 10 || good.tries > 2 {
		t.Errorf("good has %d events in %d writes, bad %d", g, good.tries, b)
	}
}

func TestEndOfContext(t *testing.T) {
	t.Run("what is being written is finished", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src, dst := &mailbox{batches: mails(30, 10), wait: true}, &topic{}
		dst.do = func(ctx context.Context, attempt int, _ []sink.Record) error {
			if attempt == 1 {
				cancel()
				time.Sleep(10 * time.Millisecond)
			}
			return ctx.Err()
		}
		p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "kafka", Writer: dst}}}
		if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if n, c := len(dst.events(t)), len(src.committed); c == 0 || n != 10*c || dst.tries != 1 {
			t.Errorf("%d events, %d commits, %d writes; want what was being written whole and the others untouched", n, c, dst.tries)
		}
	})
	t.Run("an endless write is left after the grace period", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src, dst := &mailbox{batches: mails(10, 10), wait: true}, &topic{}
		dst.do = func(ctx context.Context, _ int, _ []sink.Record) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}
		p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "kafka", Writer: dst}}, Grace: 20 * time.Millisecond}
		if err := p.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if len(src.committed) != 0 {
			t.Error("committed what was not acknowledged")
		}
	})
	t.Run("nothing is begun with the broker down", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		src, dst := &mailbox{batches: mails(10, 10), wait: true}, &topic{}
		dst.do = func(context.Context, int, []sink.Record) error { cancel(); return errors.New("down") }
		p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "kafka", Writer: dst}}, Grace: time.Minute}
		start := time.Now()
		p.Run(ctx)
		if time.Since(start) > 30*time.Second || len(src.committed) != 0 {
			t.Errorf("took %v, %d commits", time.Since(start), len(src.committed))
		}
	})
}

func TestGiveUp(t *testing.T) {
	broken := errors.New("broken pipe")
	src, dst := &mailbox{batches: mails(1000, 1)}, &topic{}
	dst.do = func(_ context.Context, attempt int, _ []sink.Record) error {
		if attempt == 3 {
			return broken
		}
		return nil
	}
	p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "stdout", Writer: dst}}, GiveUp: func(err error) bool { return err == broken }}
	if err := p.Run(t.Context()); err != broken {
		t.Errorf("Run: %v, want %v", err, broken)
	}
	if n := len(dst.events(t)); len(src.committed) > n {
		t.Errorf("%d batches committed, %d stored", len(src.committed), n)
	}
}

// Messages that break the reader, or that the source could not deliver, are set aside with an
// event; the others arrive.
func TestPoison(t *testing.T) {
	b := mails(5, 5)
	b[0].Messages[1].Raw = []byte("Subject: boom\n\n")
	b[0].Messages[3].Raw, b[0].Messages[3].Err = nil, errors.New("the server closes the connection at this message")
	src, dst := &mailbox{batches: b}, &topic{}
	parse := func(raw []byte) (*dsn.Report, error) {
		if bytes.Contains(raw, []byte("boom")) {
			panic("index out of range")
		}
		return new(dsn.Parser).Parse(raw)
	}
	p := &Pipeline{Source: src, Parse: parse, Classify: userUnknown, Sinks: []*Sink{{Name: "kafka", Writer: dst}}, Unrecognized: true}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := dst.events(t)
	var types []string
	ids := map[string]bool{}
	for _, e := range events {
		types = append(types, e.Type)
		ids[e.ID] = true
	}
	if got := strings.Join(types, " "); got != "bounce quarantined bounce quarantined bounce" || len(ids) != 5 {
		t.Errorf("events: %s, %d IDs", got, len(ids))
	}
	if len(dst.records) != 6 {
		t.Errorf("%d records, want 5 events and one raw mail", len(dst.records))
	}
	if src.outcomes[1] != ingest.Quarantined || src.outcomes[3] != ingest.Quarantined {
		t.Errorf("outcomes %v", src.outcomes)
	}
	if got := p.Stats().Ledger; got.Quarantined != 2 || got.Reports != 3 || got.In != 5 {
		t.Errorf("ledger %+v", got)
	}
}

func TestLedger(t *testing.T) {
	b := mails(4, 4)
	b[0].Messages[0].Raw = []byte("From: kim@example.org\nSubject: lunch?\n\nAt noon?\n")
	b[0].Messages[1].Raw = []byte("From: mailer-daemon@example.net\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nsomething\n--b--\n")
	src, dst := &mailbox{batches: b}, &topic{}
	p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "kafka", Writer: dst}}, Unrecognized: true,
		Keep: func(e *sink.Event) bool { return e.Recipient != "user3@example.org" }}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := p.Stats().Ledger
	want := Ledger{In: 4, Reports: 1, Other: 1, Unreadable: 1, Filtered: 1, Events: 2, Bytes: got.Bytes}
	if got != want {
		t.Errorf("ledger %+v, want %+v", got, want)
	}
	raw := 0
	for _, r := range dst.records {
		if r.Stream == sink.StreamUnrecognized {
			raw++
		}
	}
	if raw != 2 {
		t.Errorf("%d raw mails, want 2", raw)
	}
}

// Fetching stops while too much is in flight.
func TestBounded(t *testing.T) {
	src, dst := &mailbox{batches: mails(1000, 10)}, &topic{}
	most := 0
	dst.do = func(context.Context, int, []sink.Record) error {
		src.mu.Lock()
		defer src.mu.Unlock()
		most = max(most, src.next*10-len(src.outcomes))
		return nil
	}
	p := &Pipeline{Source: src, Classify: userUnknown, Sinks: []*Sink{{Name: "kafka", Writer: dst}}, Messages: 25}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if most > 35 { // less than the limit, and one batch more
		t.Errorf("%d messages in flight", most)
	}
}

func TestBackoff(t *testing.T) {
	for attempt := range 100 {
		if d := (Backoff{}).after(attempt); d < 100*time.Millisecond || d > 30*time.Second || attempt > 10 && d < 15*time.Second {
			t.Errorf("attempt %d waits %v", attempt, d)
		}
	}
}
