package pipeline

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
	"github.com/bouncepipe/bouncepipe/sink"
)

var messageID = regexp.MustCompile(`(?im)^(message-id: <)`)

// benchMbox writes an mbox of the sample reports, each copy with a Message-ID and a recipient of its
// own and of about the given size, and returns its path and what is in it.
func benchMbox(b *testing.B, total, size int) (path string, mails, n int) {
	b.Helper()
	all := samples(b)
	delete(all, "11-ordinary-mail.eml")
	var sources [][]byte
	for _, name := range slices.Sorted(maps.Keys(all)) {
		sources = append(sources, all[name])
	}
	pad := bytes.Repeat([]byte("X-Filler: The quick brown fox jumps over the lazy dog, and then it does so again.\n"), size/80+1)
	var out bytes.Buffer
	for out.Len() < total {
		raw := sources[mails%len(sources)]
		raw = messageID.ReplaceAll(raw, fmt.Appendf(nil, "${1}%d.", mails))
		raw = bytes.ReplaceAll(raw, []byte("kim@"), fmt.Appendf(nil, "kim%d@", mails))
		// The original's header is where real reports are long.
		if i := bytes.LastIndex(raw, []byte("\nX-Campaign-Id:")); i >= 0 && len(raw) < size {
			fill := pad[:(size-len(raw))/82*82]
			raw = slices.Concat(raw[:i+1], fill, raw[i+1:])
		}
		fmt.Fprintf(&out, "From MAILER-DAEMON Tue Mar 11 09:00:00 2025\n%s\n", raw)
		mails++
	}
	path = filepath.Join(b.TempDir(), "bench.mbox")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path, mails, out.Len()
}

// scanTime is how long it takes to find the line ends of a file: what reading cannot beat.
func scanTime(b *testing.B, path string) time.Duration {
	b.Helper()
	best := time.Hour
	buf := make([]byte, 1<<20)
	for range 3 {
		start := time.Now()
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		for lines := 0; ; {
			n, err := f.Read(buf)
			lines += bytes.Count(buf[:n], []byte("\n"))
			if err == io.EOF {
				break
			}
		}
		f.Close()
		best = min(best, time.Since(start))
	}
	return best
}

// cpuTime is what the process has used: it says more than the clock where others use the machine, too.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkReplay replays an mbox through the whole path, and through parts of it.
func BenchmarkReplay(b *testing.B) {
	rules := newRules(b)
	for _, size := range []int{4400, 30_000} {
		path, mails, n := benchMbox(b, 10<<20, size)
		scan := scanTime(b, path)
		bench := func(name string, workers int, change func(b *testing.B, p *Pipeline)) {
			b.Run(fmt.Sprintf("%s/%dB/%dcpu", name, size, workers), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
				b.SetBytes(int64(n))
				b.ReportAllocs()
				cpu := cpuTime()
				for b.Loop() {
					src, err := ingest.OpenPaths(ingest.PathOptions{}, path)
					if err != nil {
						b.Fatal(err)
					}
					p := &Pipeline{Source: src, Classify: rules.Classify, Workers: workers, Sinks: []Sink{{Name: "none", Writer: sink.Discard{}}}}
					if change != nil {
						change(b, p)
					}
					if err := p.Run(b.Context()); err != nil {
						b.Fatal(err)
					}
					src.Close()
					if in := p.Stats().In; in != int64(mails) {
						b.Fatalf("%d mails, want %d", in, mails)
					}
				}
				perRun := b.Elapsed() / time.Duration(b.N)
				b.ReportMetric(float64(mails)/perRun.Seconds(), "mails/s")
				b.ReportMetric(float64(perRun)/float64(scan), "x-scan")
				b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(b.N*mails), "cpu-us/mail")
			})
		}
		for _, workers := range []int{1, 2} {
			bench("discard", workers, nil)
		}
		bench("read-only", 2, func(_ *testing.B, p *Pipeline) {
			p.Parse = func(raw []byte) (*dsn.Report, error) { return nil, dsn.ErrNotReport }
		})
		bench("dsn-only", 2, func(_ *testing.B, p *Pipeline) {
			p.Parse = func(raw []byte) (*dsn.Report, error) {
				new(dsn.Parser).Parse(raw)
				return nil, dsn.ErrNotReport
			}
		})
		bench("ndjson", 2, func(_ *testing.B, p *Pipeline) {
			p.Sinks = []Sink{{Name: "ndjson", Writer: sink.NewNDJSON(io.Discard, "discarded")}}
		})
		cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(12, "bounces"))
		if err != nil {
			b.Fatal(err)
		}
		bench("kafka", 2, func(b *testing.B, p *Pipeline) {
			conn, err := kafkaconn.New(kafkaconn.Config{Brokers: cluster.ListenAddrs()})
			if err != nil {
				b.Fatal(err)
			}
			w, err := sink.NewKafka(conn, sink.KafkaOptions{Topics: map[string]string{sink.StreamEvents: "bounces"}})
			if err != nil {
				b.Fatal(err)
			}
			p.Sinks = []Sink{{Name: "kafka", Writer: w}}
			p.Record = func(e *sink.Event, value []byte) sink.Record {
				return sink.Record{Stream: sink.StreamEvents, Key: sink.Key(e), Value: value, Headers: sink.CloudEventHeaders(e, "/bench")}
			}
			b.Cleanup(func() { w.Close(b.Context()) })
		})
		cluster.Close()
	}
}
