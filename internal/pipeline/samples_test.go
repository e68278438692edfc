package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

// samples returns the sample bounces of the demo and the mails of this package.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, pattern := range []string{"../../cmd/demo/samples/*.eml", "testdata/*.eml"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.Base(name)] = raw
		}
	}
	if len(all) < 12 {
		t.Fatalf("%d samples found", len(all))
	}
	return all
}

// lines are the records of one stage of tests: it runs each message through a whole pipeline.
type lines struct{ values [][]byte }

func (l *lines) Write(_ context.Context, recs []sink.Record) error {
	for i := range recs {
		recs[i].Acked = true
		l.values = append(l.values, bytes.Clone(recs[i].Value))
	}
	return nil
}

func (l *lines) Close(context.Context) error { return nil }

// through runs the mails through a pipeline and returns the encoded events.
func through(t testing.TB, rules *classify.Classifier, mails ...[]byte) [][]byte {
	t.Helper()
	b := &ingest.Batch{}
	for _, raw := range mails {
		b.Messages = append(b.Messages, ingest.Message{Source: "test:", Raw: raw, Size: int64(len(raw))})
	}
	out := &lines{}
	p := &Pipeline{
		Source: &mailbox{batches: []*ingest.Batch{b}}, Classify: rules.Classify, Sinks: []*Sink{{Name: "test", Writer: out}}, Workers: 1,
		Sender: &Sender{
			MTAs: []string{"mx.example.com"}, Domains: []string{"example.com"}, MessageIDs: []Form{"*@news.example.com"},
			Headers: []string{"Feedback-ID"}, Campaigns: []string{"X-Campaign-Id"},
		},
		Now: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
	}
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l := p.Stats().Ledger; l.In != int64(len(mails)) || l.In != l.Reports+l.Other+l.Unreadable+l.Quarantined+l.Filtered || l.Events != int64(len(out.values)) {
		t.Errorf("the ledger does not add up: %+v for %d events", l, len(out.values))
	}
	return out.values
}

func newRules(t testing.TB) *classify.Classifier {
	t.Helper()
	rules, err := classify.New(classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// Line ends, the envelope line of an mbox, quoting and what mail stores add change nothing: neither
// what is said nor the ID.
func TestTwins(t *testing.T) {
	rules := newRules(t)
	lf := func(raw []byte) []byte { return bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")) }
	for name, raw := range samples(t) {
		raw = lf(raw)
		want := through(t, rules, raw)
		for twin, other := range map[string][]byte{
			"CRLF":       bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")),
			"CR":         bytes.ReplaceAll(raw, []byte("\n"), []byte("\r")),
			"CRCRLF":     bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\r\n")),
			"From line":  append([]byte("From MAILER-DAEMON Tue Mar 11 09:00:00 2025\n"), raw...),
			"store":      append([]byte("Status: RO\nX-UID: 7\n"), raw...),
			"no newline": bytes.TrimRight(raw, "\n"),
			"newlines":   append(bytes.Clone(raw), "\n\n\n"...),
		} {
			got := through(t, rules, other)
			if len(got) != len(want) {
				t.Errorf("%s as %s: %d events, want %d", name, twin, len(got), len(want))
				continue
			}
			for i := range got {
				if !bytes.Equal(got[i], want[i]) {
					t.Errorf("%s as %s:\n got %s\nwant %s", name, twin, got[i], want[i])
				}
			}
		}
	}
}

// All that comes out is as the published schema says.
func TestSchema(t *testing.T) {
	valid := schema(t)
	rules := newRules(t)
	for name, raw := range samples(t) {
		for _, value := range through(t, rules, raw) {
			if err := valid(value); err != nil {
				t.Errorf("%s: %v\n%s", name, err, value)
			}
		}
	}
}

func schema(t testing.TB) func([]byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(sink.EventSchema)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("event.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("event.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(value []byte) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
		if err != nil {
			return err
		}
		return s.Validate(v)
	}
}

// The same mail a hundred times, beside each other and in any order: the same events.
func TestSameAlways(t *testing.T) {
	rules := newRules(t)
	var mails [][]byte
	for range 100 {
		for _, raw := range samples(t) { // maps are in random order
			mails = append(mails, raw)
		}
	}
	seen := map[string]string{}
	for _, value := range through(t, rules, mails...) {
		var e sink.Event
		if err := json.Unmarshal(value, &e); err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[e.ID]; ok && before != string(value) {
			t.Errorf("%s:\n%s\n%s", e.ID, before, value)
		}
		seen[e.ID] = string(value)
	}
}

// Whatever the bytes: the process lives, the ledger adds up, and what comes out is valid.
func FuzzMessage(f *testing.F) {
	for _, raw := range samples(f) {
		f.Add(raw)
	}
	f.Add([]byte{})
	f.Add([]byte("\x00\xff\xfe"))
	rules := newRules(f)
	valid := schema(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, value := range through(t, rules, raw) {
			if err := valid(value); err != nil {
				t.Errorf("%v\n%s", err, value)
			}
			if bytes.Contains(value, []byte(`"type":"quarantined"`)) {
				t.Errorf("it breaks the reader: %s", value)
			}
		}
	})
}
