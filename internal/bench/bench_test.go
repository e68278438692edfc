package bench

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

var (
	mailSizes    = flag.String("mail", "4400,30000", "bytes a mail")
	archiveSizes = flag.String("megabytes", "16", "sizes of the archives")
	procs        = flag.String("procs", "1,2", "values of GOMAXPROCS")
)

// stage is what is measured: it reads the archive once.
type stage struct {
	name string
	run  func(b *testing.B, a *archived)
}

// BenchmarkReplay reads archives through more and more of the path, with one and with two CPUs.
// Beside mails/s it gives the time as a multiple of that of a newline scan of the same file in the
// same process (x-scan), the CPU time of all threads (cpu-us/mail), the gain over the first value of procs, and the most memory that the
// process held (peak-MB, all of it, the benchmark included).
func BenchmarkReplay(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, total := range numbers(b, *archiveSizes) {
		for _, size := range numbers(b, *mailSizes) {
			a := archive(b, size, total<<20)
			b.Logf("%d mails, copies of %d", a.mails, len(a.samples))
			scan := newlineScan(b, a.path)
			for _, s := range stages {
				first := 0.0
				for _, n := range numbers(b, *procs) {
					b.Run(fmt.Sprintf("%.1fKB/%dMB/%s/procs=%d", float64(size)/1000, total, s.name, n), func(b *testing.B) {
						runtime.GOMAXPROCS(n)
						rate := a.measure(b, s, scan)
						if first == 0 {
							first = rate
						} else {
							b.ReportMetric(rate/first, "gain")
						}
					})
				}
			}
		}
	}
}

// measure returns mails/s.
func (a *archived) measure(b *testing.B, s stage, scan time.Duration) float64 {
	b.SetBytes(a.bytes)
	b.ReportAllocs()
	s.run(b, a) // what is made once is made
	forgetPeak()
	b.ResetTimer()
	busy := cpuTime()
	for b.Loop() {
		s.run(b, a)
	}
	busy = cpuTime() - busy
	each := b.Elapsed() / time.Duration(b.N)
	rate := float64(a.mails) / each.Seconds()
	b.ReportMetric(rate, "mails/s")
	b.ReportMetric(float64(each)/float64(scan), "x-scan")
	b.ReportMetric(float64(busy.Microseconds())/float64(b.N*a.mails), "cpu-us/mail")
	b.ReportMetric(peak(), "peak-MB")
	return rate
}

func numbers(b *testing.B, list string) (out []int) {
	for word := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n <= 0 {
			b.Fatalf("%q is no list of numbers", list)
		}
		out = append(out, n)
	}
	return out
}

var stages = []stage{
	{"split", func(b *testing.B, a *archived) { each(b, a.path, func(*ingest.Message) {}) }},
	{"dsn", func(b *testing.B, a *archived) {
		var rd dsn.Reader
		each(b, a.path, func(m *ingest.Message) {
			if _, err := rd.Read(m.Raw); err != nil && !errors.Is(err, dsn.ErrNotReport) {
				b.Fatal(err)
			}
		})
	}},
	{"classify", func(b *testing.B, a *archived) {
		c, reports := classifier(b), a.reports(b)
		for i := range a.mails {
			r := reports[i%len(reports)]
			for j := range r.Recipients {
				c.Classify(r, &r.Recipients[j])
			}
		}
	}},
	{"rest", func(b *testing.B, a *archived) { // the whole path but dsn, whose reports are there
		replay(b, a.path, sink.Discard{}, a.parsedBefore(b))
	}},
	{"discard", func(b *testing.B, a *archived) { replay(b, a.path, sink.Discard{}, nil) }},
	{"ndjson", func(b *testing.B, a *archived) {
		path := filepath.Join(b.TempDir(), "events.ndjson")
		defer os.Remove(path)
		w, err := sink.OpenNDJSON(path)
		if err != nil {
			b.Fatal(err)
		}
		replay(b, a.path, w, nil)
		if err := w.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}},
	{"kafka", func(b *testing.B, a *archived) { // a broker in this process, which has its part of the CPUs
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, "bounces"))
		if err != nil {
			b.Fatal(err)
		}
		defer cluster.Close()
		conn, err := kafkaconn.New(kafkaconn.Config{Brokers: cluster.ListenAddrs()})
		if err != nil {
			b.Fatal(err)
		}
		w, err := sink.NewKafka(conn, sink.KafkaOptions{Topics: map[string]string{sink.StreamEvents: "bounces"}})
		if err != nil {
			b.Fatal(err)
		}
		replay(b, a.path, w, nil)
		if err := w.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
	}},
}

// reports are those of the first mails.
func (a *archived) reports(b *testing.B) []*dsn.Report {
	if a.parsed == nil {
		p := new(dsn.Parser)
		for i, m := range a.samples {
			r, err := p.Parse(m.copyOf(i, a.size))
			if err != nil {
				b.Fatal(err)
			}
			a.parsed = append(a.parsed, r)
		}
	}
	return a.parsed
}

// newlineScan returns the time of the fastest of five scans of the file for line ends.
func newlineScan(b *testing.B, path string) time.Duration {
	best, buf := time.Hour, make([]byte, 1<<20)
	for range 5 {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		start, lines := time.Now(), 0
		for {
			n, err := f.Read(buf)
			for rest := buf[:n]; ; lines++ {
				i := bytes.IndexByte(rest, '\n')
				if i < 0 {
					break
				}
				rest = rest[i+1:]
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		best = min(best, time.Since(start))
		f.Close()
	}
	return best
}

// cpuTime is what this process has used, which depends less on what else runs than the time on the
// wall does.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// forgetPeak has the kernel measure the largest resident size anew.
func forgetPeak() {
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // elsewhere the peak is of the whole run
}

// peak returns the largest resident size in MB; 0 where the system does not tell.
func peak() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	_, after, _ := bytes.Cut(text, []byte("VmHWM:"))
	kb := 0
	fmt.Sscan(string(after), &kb)
	return float64(kb) / 1000
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

// parsedBefore returns in the place of dsn a function that finds the report of a mail's sample by
// the number that stands in the mail's first line.
func (a *archived) parsedBefore(b *testing.B) func(raw []byte) (*dsn.Report, error) {
	reports := a.reports(b)
	return func(raw []byte) (*dsn.Report, error) {
		n := 0
		for _, c := range raw[len("Message-ID: <"):] {
			if c == '.' {
				break
			}
			n = 10*n + int(c-'0')
		}
		return reports[n%len(reports)], nil
	}
}

// replay runs the whole pipeline; parse nil is that of dsn.
func replay(b *testing.B, path string, w sink.Writer, parse func([]byte) (*dsn.Report, error)) {
	src, err := ingest.OpenPaths(ingest.PathOptions{}, path)
	if err != nil {
		b.Fatal(err)
	}
	p := &pipeline.Pipeline{Source: src, Parse: parse, Classify: classifier(b).Classify, Sinks: []*pipeline.Sink{{Name: "bench", Writer: w}}}
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
