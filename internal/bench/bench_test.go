package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

// stage is what is measured: it reads the archive once.
type stage struct {
	name string
	run  func(b *testing.B, path string)
}

// BenchmarkReplay reads archives of 4.4 KB and 30 KB a mail through more and more of the
// path. Beside mails/s, every stage is given as a ratio to a newline scan of the same bytes
// in the same process ("x-scan": how many scans long it takes).
func BenchmarkReplay(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
		total int
	}{{"4.4KB", 4400, 64 << 20}, {"30KB", 30000, 64 << 20}} {
		path, mails := archive(b, size.bytes, size.total)
		raw, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		scan := newlineScan(raw)
		for _, s := range stages {
			b.Run(size.name+"/"+s.name, func(b *testing.B) {
				b.SetBytes(int64(len(raw)))
				b.ReportAllocs()
				for b.Loop() {
					s.run(b, path)
				}
				each := b.Elapsed() / time.Duration(b.N)
				b.ReportMetric(float64(mails)/each.Seconds(), "mails/s")
				b.ReportMetric(float64(each)/float64(scan), "x-scan")
			})
		}
	}
}

var stages = []stage{
	{"split", func(b *testing.B, path string) { each(b, path, func(*ingest.Message) {}) }},
	{"dsn", func(b *testing.B, path string) {
		p := new(dsn.Parser)
		each(b, path, func(m *ingest.Message) {
			if _, err := p.Parse(m.Raw); err != nil && !errors.Is(err, dsn.ErrNotReport) {
				b.Fatal(err)
			}
		})
	}},
	{"dsn+classify", func(b *testing.B, path string) {
		p, c := new(dsn.Parser), classifier(b)
		each(b, path, func(m *ingest.Message) {
			if r, err := p.Parse(m.Raw); err == nil {
				for i := range r.Recipients {
					c.Classify(r, &r.Recipients[i])
				}
			}
		})
	}},
	{"discard", func(b *testing.B, path string) { replay(b, path, sink.Discard{}) }},
	{"ndjson", func(b *testing.B, path string) {
		f, err := os.Create(filepath.Join(b.TempDir(), "events.ndjson"))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		replay(b, path, sink.NewNDJSON(f, f.Name()))
	}},
}

// newlineScan returns the time of the fastest of three scans for line ends.
func newlineScan(raw []byte) time.Duration {
	best := time.Hour
	for range 3 {
		start, n := time.Now(), 0
		for rest := raw; ; n++ {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			rest = rest[i+1:]
		}
		best = min(best, time.Since(start))
	}
	return best
}

// each hands every message to f, on one goroutine.
func each(b *testing.B, path string, f func(*ingest.Message)) {
	src, err := ingest.OpenPaths(ingest.PathOptions{}, path)
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	ctx := context.Background()
	for {
		batch, err := src.Fetch(ctx)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			b.Fatal(err)
		}
		for i := range batch.Messages {
			f(&batch.Messages[i])
		}
		if err := src.Commit(ctx, batch, make([]ingest.Outcome, len(batch.Messages))); err != nil {
			b.Fatal(err)
		}
	}
}

// replay runs the whole pipeline.
func replay(b *testing.B, path string, w sink.Writer) {
	src, err := ingest.OpenPaths(ingest.PathOptions{}, path)
	if err != nil {
		b.Fatal(err)
	}
	p := &pipeline.Pipeline{Source: src, Classify: classifier(b).Classify, Sinks: []*pipeline.Sink{{Name: "bench", Writer: w}}}
	if err := p.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	src.Close()
}

var theClassifier *classify.Classifier

func classifier(b *testing.B) *classify.Classifier {
	if theClassifier == nil {
		c, err := classify.New(classify.Options{})
		if err != nil {
			b.Fatal(err)
		}
		theClassifier = c
	}
	return theClassifier
}
