package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(patient{m}) }

// patient gives goroutines time to end before they count as leaked: on a busy machine that can be seconds.
type patient struct{ *testing.M }

func (m patient) Run() int {
	status := m.M.Run()
	for end := time.Now().Add(time.Minute); goleak.Find() != nil && time.Now().Before(end); {
	}
	return status
}

// fake starts an embedded broker with a topic "events" of 4 partitions.
func fake(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(4, "events")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// broker returns a broker and a new topic of 4 partitions on it. It is the one that
// BOUNCEPIPE_TEST_KAFKA names, else an embedded one.
func broker(t testing.TB, change ...func(*kafkaconn.TopicSpec)) (addr, topic string) {
	t.Helper()
	addr = os.Getenv("BOUNCEPIPE_TEST_KAFKA")
	if addr == "" {
		addr = fake(t).ListenAddrs()[0]
	}
	conn, err := kafkaconn.New(kafkaconn.Config{Brokers: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	spec := kafkaconn.TopicSpec{Name: fmt.Sprintf("bouncepipe-test-%d", time.Now().UnixNano()), Partitions: 4, Replication: 1}
	for _, f := range change {
		f(&spec)
	}
	results, err := conn.EnsureTopics(context.Background(), []kafkaconn.TopicSpec{spec})
	if err != nil || results[0].Err != nil {
		t.Fatal(err, results)
	}
	// The leaders of a new topic take a moment to know that they lead.
	ask := &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{spec.Name: nil}}
	for p := range 4 {
		ask.Topics[spec.Name] = append(ask.Topics[spec.Name], kafka.LastOffsetOf(p))
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		answer, err := conn.Client().ListOffsets(context.Background(), ask)
		ready := 0
		for p := range 4 {
			if err == nil && p < len(answer.Topics[spec.Name]) && answer.Topics[spec.Name][p].Error == nil {
				ready++
			}
		}
		if ready == 4 {
			return addr, spec.Name
		}
		if time.Now().After(end) {
			t.Fatal("no leaders for ", spec.Name, ": ", err, answer)
		}
	}
}

// onRealBroker reports whether broker's is a real one.
func onRealBroker() bool { return os.Getenv("BOUNCEPIPE_TEST_KAFKA") != "" }

func writer(t testing.TB, addr string, opts KafkaOptions, change ...func(*kafkaconn.Config)) *Kafka {
	t.Helper()
	if opts.Topics == nil {
		opts.Topics = map[string]string{StreamEvents: "events"}
	}
	cfg := kafkaconn.Config{Brokers: []string{addr}}
	for _, topic := range opts.Topics {
		cfg.Topics = append(cfg.Topics, topic)
	}
	for _, f := range change {
		f(&cfg)
	}
	conn, err := kafkaconn.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewKafka(conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close(context.Background()) })
	return k
}

// consume reads n records of the topic, and fails if there are fewer or more.
func consume(t testing.TB, addr, topic string, n int) []*kgo.Record {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := deadline(t)
	var recs []*kgo.Record
	for len(recs) < n && ctx.Err() == nil {
		recs = append(recs, c.PollFetches(ctx).Records()...)
	}
	more, stop := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer stop()
	recs = append(recs, c.PollFetches(more).Records()...)
	if len(recs) != n {
		t.Fatalf("%d records in %s, want %d", len(recs), topic, n)
	}
	return recs
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// until writes recs as the pipeline does, and returns the errors on the way.
func until(t testing.TB, k *Kafka, recs []Record) (errs []error) {
	t.Helper()
	ctx := deadline(t)
	for {
		err := k.Write(ctx, recs)
		if err == nil {
			if strings.Contains(acked(recs), "-") {
				t.Fatal("no error, but records without acknowledgement")
			}
			return errs
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		errs = append(errs, err)
		time.Sleep(20 * time.Millisecond)
	}
}

func keyed(n, keys int) []Record {
	recs := make([]Record, n)
	for i := range recs {
		recs[i] = Record{Stream: StreamEvents, Key: fmt.Appendf(nil, "user%d@example.org", i%keys), Value: fmt.Appendf(nil, `{"id":"%032d"}`, i)}
	}
	return recs
}

func TestKafkaDelivers(t *testing.T) {
	for _, compression := range []string{"", "none", "snappy", "lz4", "zstd", "gzip"} {
		t.Run(compression, func(t *testing.T) {
			addr, topic := broker(t)
			k := writer(t, addr, KafkaOptions{Topics: map[string]string{StreamEvents: topic}, Compression: compression, MaxBatchBytes: 8 << 10})
			recs := keyed(1000, 37)
			recs[7].Headers = CloudEventHeaders(sample(), "/bouncepipe")
			recs[8].Headers = []Header{{"empty", []byte{}}, {"", nil}}
			recs[9].Value = []byte{}
			recs[10].Value = nil
			recs[11].Value = bytes.Repeat([]byte("long "), 1000)
			start := time.Now().Add(-time.Millisecond)
			errs := until(t, k, recs)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			index := map[string]int{}
			for i, r := range recs {
				index[string(r.Key)+string(r.Value)] = i
			}
			last := map[string]int{}
			for _, got := range consume(t, addr, topic, len(recs)) {
				i, ok := index[string(got.Key)+string(got.Value)]
				if !ok {
					t.Fatalf("nobody wrote %s %s", got.Key, got.Value)
				}
				want := recs[i]
				if (got.Value == nil) != (want.Value == nil) || len(got.Headers) != len(want.Headers) {
					t.Fatalf("record %d: %v", i, got)
				}
				for h, header := range got.Headers {
					if header.Key != want.Headers[h].Key || !bytes.Equal(header.Value, want.Headers[h].Value) {
						t.Errorf("record %d: header %v", i, header)
					}
				}
				if p := partition(want.Key, 4); int(got.Partition) != p {
					t.Errorf("record %d in partition %d, Java's would be %d", i, got.Partition, p)
				}
				if got.Timestamp.Before(start) || got.Timestamp.After(time.Now()) {
					t.Errorf("record %d has time %v", i, got.Timestamp)
				}
				if n, seen := last[string(got.Key)]; seen && n > i {
					t.Errorf("record %d of %s after %d", i, got.Key, n)
				}
				last[string(got.Key)] = i
			}
			if s := k.Stats(); s.Records != 1000 || s.Failures != 0 || s.Shortened != 0 || s.Bytes == 0 || s.Requests < 4 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestKafkaSpreadsRecordsWithoutKey(t *testing.T) {
	addr, topic := broker(t)
	k := writer(t, addr, KafkaOptions{Topics: map[string]string{StreamEvents: topic}})
	recs := keyed(1000, 1)
	for i := range recs {
		recs[i].Key = nil
	}
	until(t, k, recs)
	count := map[int32]int{}
	for _, r := range consume(t, addr, topic, 1000) {
		if r.Key != nil {
			t.Errorf("key %q", r.Key)
		}
		count[r.Partition]++
	}
	for p := range int32(4) {
		if count[p] < 50 {
			t.Errorf("partition %d has %d of 1000", p, count[p])
		}
	}
}

// TestKafkaAcksAll: nothing counts as stored before all replicas in sync have it.
func TestKafkaAcksAll(t *testing.T) {
	c := fake(t)
	requests := 0
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		requests++
		if acks := req.(*kmsg.ProduceRequest).Acks; acks != -1 {
			t.Errorf("acks %d", acks)
		}
		if ms := req.(*kmsg.ProduceRequest).TimeoutMillis; ms < 2000 {
			t.Errorf("the broker has %d ms to replicate", ms)
		}
		return nil, nil, false
	})
	until(t, writer(t, c.ListenAddrs()[0], KafkaOptions{}), keyed(100, 20))
	if requests == 0 {
		t.Error("no requests")
	}
}

// TestKafkaOneOversizeAmongMany: 99 as they are, one shortened and marked.
func TestKafkaOneOversizeAmongMany(t *testing.T) {
	large := strings.Repeat("550 no, because of ümläuts. ", 50_000)
	limited := func(s *kafkaconn.TopicSpec) { s.MaxMessageBytes = 50_000 }
	t.Run("known before", func(t *testing.T) {
		addr, topic := broker(t)
		oneOversizeAmongMany(t, addr, topic, large)
	})
	t.Run("broker says so", func(t *testing.T) {
		addr, topic := broker(t, limited)
		oneOversizeAmongMany(t, addr, topic, large[:80_000])
	})
	t.Run("broker says so but not its limit", func(t *testing.T) {
		c := fake(t)
		if err := c.CreateTopic("limited", 4, map[string]string{"max.message.bytes": "50000"}); err != nil {
			t.Fatal(err)
		}
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.DescribeConfigs}, Err: kerr.TopicAuthorizationFailed, Count: -1})
		oneOversizeAmongMany(t, c.ListenAddrs()[0], "limited", large[:80_000])
	})
}

func oneOversizeAmongMany(t *testing.T, addr, topic, large string) {
	k := writer(t, addr, KafkaOptions{Topics: map[string]string{StreamEvents: topic}})
	recs := make([]Record, 100)
	for i := range recs {
		e := sample()
		e.ID = fmt.Sprintf("%032d", i)
		if i == 50 {
			e.DiagnosticCode = large
		}
		value, _ := JSON{}.Append(nil, e)
		recs[i] = Record{Stream: StreamEvents, Key: fmt.Append(nil, i%7), Value: value, Headers: CloudEventHeaders(e, "/x")}
	}
	if errs := until(t, k, recs); len(errs) > 0 {
		t.Error(errs)
	}
	whole := 0
	for _, r := range consume(t, addr, topic, 100) {
		var e Event
		if err := json.Unmarshal(r.Value, &e); err != nil {
			t.Fatal(err)
		}
		if e.ID == fmt.Sprintf("%032d", 50) {
			if len(e.Problems) != 1 || e.Problems[0].Name != ShortenedProblem || !strings.HasPrefix(large, e.DiagnosticCode) || len(e.DiagnosticCode) < 10_000 || e.Address != sample().Address {
				t.Errorf("%.300s", r.Value)
			}
		} else if len(e.Problems) == 0 {
			whole++
		}
	}
	if s := k.Stats(); whole != 99 || s.Shortened != 1 || s.Records != 100 {
		t.Errorf("%d whole, %+v", whole, s)
	}
}

func TestKafkaTruncatesRawMail(t *testing.T) {
	addr, topic := broker(t)
	k := writer(t, addr, KafkaOptions{Topics: map[string]string{StreamUnrecognized: topic}, MaxBatchBytes: 10_000})
	raw := bytes.Repeat([]byte("x"), 20_000)
	headers := []Header{{"bouncepipe_reason", []byte("not a report")}}
	until(t, k, []Record{{Stream: StreamUnrecognized, Value: raw, Headers: headers}, {Stream: StreamUnrecognized, Value: raw[:9000], Headers: headers}})
	lengths := map[int]int{}
	for _, r := range consume(t, addr, topic, 2) {
		lengths[len(r.Headers)] = len(r.Value)
		if len(r.Headers) == 2 && (r.Headers[1].Key != TruncatedHeader || string(r.Headers[1].Value) != "20000") {
			t.Errorf("headers %v", r.Headers)
		}
	}
	if lengths[1] != 9000 || lengths[2] < 9_500 || lengths[2] > 10_000 {
		t.Errorf("lengths %v", lengths)
	}
	if len(headers) != 1 {
		t.Error("the record was changed")
	}
}

func BenchmarkKafka(b *testing.B) {
	for _, compression := range []string{"none", "snappy", "lz4", "zstd", "gzip"} {
		b.Run(compression, func(b *testing.B) {
			addr, topic := "", "events"
			if onRealBroker() {
				addr, topic = broker(b)
			} else { // that keeps nothing: its memory is not what is measured
				addr = fake(b, kfake.BlackholeProduce()).ListenAddrs()[0]
			}
			k := writer(b, addr, KafkaOptions{Topics: map[string]string{StreamEvents: topic}, Compression: compression})
			recs := make([]Record, 4000)
			for i := range recs {
				e := sample()
				e.ID = fmt.Sprintf("%032d", i)
				value, _ := JSON{}.Append(nil, e)
				recs[i] = Record{Stream: StreamEvents, Key: fmt.Append(nil, i), Value: value, Headers: CloudEventHeaders(e, "/x")}
			}
			n := 0
			for b.Loop() {
				for i := range recs {
					recs[i].Acked = false
				}
				if err := k.Write(context.Background(), recs); err != nil {
					b.Fatal(err)
				}
				n += len(recs)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
