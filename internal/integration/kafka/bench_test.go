//go:build integration

package kafka

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
	"github.com/bouncepipe/bouncepipe/sink"
)

const (
	benchRecords    = 400_000
	benchPartitions = 12
)

// BenchmarkProducer writes the same number of records of the same size to one real broker, by Java's
// producer (as it comes, and with large batches) and by bouncepipe's, acknowledged by all replicas, not compressed. Each goes twice, in
// an order that gives neither the warmer broker.
func BenchmarkProducer(b *testing.B) {
	k := &lab.Kafka{Config: map[string]string{"log.retention.bytes": "268435456", "log.retention.check.interval.ms": "5000"}}
	k.Start(b)
	for _, topic := range []string{"java", "events"} {
		k.CreateTopic(topic, benchPartitions, 1)
	}
	recs := benchmarkRecords()
	size := 0
	for _, r := range recs {
		size += recordBytes(&r)
	}
	size /= len(recs)
	var lines strings.Builder
	for _, r := range recs { // key and headers are part of the size
		fmt.Fprintf(&lines, "%s%s\n", r.Value, strings.Repeat("x", recordBytes(&r)-len(r.Value)))
	}
	file := filepath.Join(b.TempDir(), "records")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		java := func() float64 { return javaRate(b, k, file) }
		tuned := func() float64 {
			return javaRate(b, k, file, "batch.size=262144", "linger.ms=20", "buffer.memory=134217728")
		}
		one := func() float64 { return ourRate(b, k, recs, 1) }
		four := func() float64 { return ourRate(b, k, recs, 4) }
		var rate [4]float64
		producers := [...]func() float64{java, tuned, one, four}
		for _, i := range [...]int{0, 1, 2, 3, 3, 2, 1, 0} {
			rate[i] += producers[i]() / 2
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(size), "B/record")
		b.ReportMetric(rate[0], "java/s")
		b.ReportMetric(rate[1], "java-large-batches/s")
		b.ReportMetric(rate[2], "one-source/s")
		b.ReportMetric(rate[3], "four-sources/s")
		b.ReportMetric(rate[2]/rate[0], "one-source/java")
		b.ReportMetric(rate[2]/rate[1], "one-source/java-large-batches")
	}
}

// BenchmarkReplay has the whole of bouncepipe write to one real broker: read, judge, publish.
func BenchmarkReplay(b *testing.B) {
	k := &lab.Kafka{}
	k.Start(b)
	k.CreateTopic("events", benchPartitions, 1)
	dir := b.TempDir()
	conf, in := filepath.Join(dir, "c.yaml"), filepath.Join(dir, "in.mbox")
	const mails = 100_000
	many := make([]string, mails)
	for i := range many {
		many[i] = fmt.Sprintf("user%05d@example.net", i)
	}
	text := fmt.Sprintf("kafka: {brokers: [%q], topic: events}\n", k.Addrs()[0])
	for file, text := range map[string]string{conf: text, in: mbox(many...)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		for _, compression := range []string{"none", "zstd"} {
			if err := os.WriteFile(conf, []byte(strings.Replace(text, "}", ", compression: "+compression+"}", 1)), 0o600); err != nil {
				b.Fatal(err)
			}
			began := time.Now()
			if out, err := command("", "replay", "-q", "-c", conf, in).CombinedOutput(); err != nil {
				b.Fatalf("%v\n%s", err, out)
			}
			b.ReportMetric(mails/time.Since(began).Seconds(), compression+"/s")
		}
		b.ReportMetric(0, "ns/op")
	}
}

var perSecond = regexp.MustCompile(`records sent, ([0-9.]+) records/sec`)

// javaRate runs what kafka-producer-perf-test.sh runs.
func javaRate(b *testing.B, k *lab.Kafka, file string, props ...string) float64 {
	b.Helper()
	out := k.ProducerPerf(b, "java", benchRecords, file, props...)
	all := perSecond.FindAllStringSubmatch(out, -1)
	if len(all) == 0 {
		b.Fatalf("no figure in\n%s", out)
	}
	rate, err := strconv.ParseFloat(all[len(all)-1][1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return rate
}

// ourRate writes the records as so many pipelines do: 512 in a Write, each waiting for its Write.
func ourRate(b *testing.B, k *lab.Kafka, recs []sink.Record, sources int) float64 {
	b.Helper()
	conn, err := kafkaconn.New(kafkaconn.Config{Brokers: k.Addrs()})
	if err != nil {
		b.Fatal(err)
	}
	w, err := sink.NewKafka(conn, sink.KafkaOptions{Topics: map[string]string{sink.StreamEvents: "events"}})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close(context.Background())
	began := time.Now()
	var all sync.WaitGroup
	for range sources {
		all.Go(func() {
			batch := make([]sink.Record, 512)
			for n := 0; n < benchRecords/sources; n += len(batch) {
				for i := range batch {
					batch[i] = recs[(n+i)%len(recs)]
				}
				if err := w.Write(context.Background(), batch); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return benchRecords / time.Since(began).Seconds()
}

// benchmarkRecords are events as they are on average.
func benchmarkRecords() []sink.Record {
	recs := make([]sink.Record, 10_000)
	for i := range recs {
		e := &sink.Event{
			ID: fmt.Sprintf("%032x", i), Type: sink.TypeBounce, Time: time.Unix(1772532000, 0).UTC(),
			Address: fmt.Sprintf("user%05d@example.net", i), RecipientDomain: "example.net", Action: "failed", Status: "5.1.1", ReplyCode: 550,
			DiagnosticCode: strings.Repeat("550 5.1.1 Recipient address rejected: User unknown ", 10), Category: "user_unknown",
		}
		value, err := sink.JSON{}.Append(nil, e)
		if err != nil {
			panic(err)
		}
		recs[i] = sink.Record{Stream: sink.StreamEvents, Key: sink.Key(e), Value: value, Headers: sink.CloudEventHeaders(e, "/bench")}
	}
	return recs
}

func recordBytes(r *sink.Record) int {
	n := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}
