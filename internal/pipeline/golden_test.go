package pipeline

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

var update = flag.Bool("update", false, "write the golden files anew")

// One mail through all rooms: what a Postfix wrote becomes the event in the file beside it.
func TestGolden(t *testing.T) {
	names, _ := filepath.Glob("testdata/*.eml")
	rules, err := classify.New(classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := ingest.OpenPaths(ingest.PathOptions{}, name)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			var out bytes.Buffer
			p := &Pipeline{
				Source: src, Classify: rules.Classify, Sinks: []*Sink{{Name: "buffer", Writer: sink.NewNDJSON(&out, "buffer")}},
				Sender: &Sender{
					MTAs: []string{"mx.example.net"}, Domains: []string{"example.com"}, Campaigns: []string{"X-Campaign-Id"}, Headers: []string{"Feedback-ID"},
					VERP: []VERP{verp(t, "bounce+{address}@b.example.com", "")},
				},
				Prepare: func(e *sink.Event) {
					e.Source = "file:///" + name // where the test runs differs
					if e.Rule == "" || e.Fingerprint == "" {
						t.Errorf("the event of %s lacks rule or fingerprint", e.Recipient)
					}
					e.Rule, e.Fingerprint = "of some name", "" // rules are renamed; classify has tests of its own
				},
			}
			if err := p.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			for line := range bytes.Lines(out.Bytes()) {
				if err := json.Indent(&got, line, "", "  "); err != nil {
					t.Fatal(err)
				}
			}
			golden := name[:len(name)-len(".eml")] + ".json"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}
