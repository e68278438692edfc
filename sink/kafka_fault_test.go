package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
)

// TestKafkaLostAcknowledgement: stored, but the answer says otherwise: stored again.
func TestKafkaLostAcknowledgement(t *testing.T) {
	for _, e := range []*kerr.Error{kerr.NotEnoughReplicasAfterAppend, kerr.RequestTimedOut} {
		t.Run(e.Message, func(t *testing.T) {
			c := fake(t)
			k := writer(t, c.ListenAddrs()[0], KafkaOptions{})
			c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Partitions: []int32{1}, Err: e})
			recs := keyed(400, 40)
			if errs := until(t, k, recs); len(errs) != 1 {
				t.Errorf("errors: %v", errs)
			}
			again := 0
			for _, r := range recs {
				if partition(r.Key, 4) == 1 {
					again++
				}
			}
			count := map[string]int{}
			for _, r := range consume(t, c.ListenAddrs()[0], "events", 400+again) {
				count[string(r.Value)]++
			}
			for _, r := range recs {
				want := 1
				if partition(r.Key, 4) == 1 {
					want = 2
				}
				if count[string(r.Value)] != want {
					t.Errorf("%s stored %d times, want %d", r.Value, count[string(r.Value)], want)
				}
			}
		})
	}
}

// TestKafkaAcknowledgesExactly: of three partitions that fail, those of the fourth are stored, and only they.
func TestKafkaAcknowledgesExactly(t *testing.T) {
	c := fake(t)
	k := writer(t, c.ListenAddrs()[0], KafkaOptions{})
	fault := c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Partitions: []int32{0, 1, 3}, Err: kerr.NotEnoughReplicas, Count: -1})
	recs := keyed(100, 20)
	err := k.Write(deadline(t), recs)
	if !errors.Is(err, kafka.NotEnoughReplicas) || !strings.Contains(err.Error(), "fewer replicas in sync than min.insync.replicas") || !strings.Contains(err.Error(), "2 of 4 partitions more") {
		t.Errorf("error %v", err)
	}
	for i, r := range recs {
		if r.Acked != (partition(r.Key, 4) == 2) {
			t.Errorf("record %d: acked %v", i, r.Acked)
		}
	}
	fault.Remove()
	until(t, k, recs)
	consume(t, c.ListenAddrs()[0], "events", 100)
}

func TestKafkaFollowsTheLeader(t *testing.T) {
	c := fake(t, kfake.NumBrokers(3))
	k := writer(t, c.ListenAddrs()[0], KafkaOptions{})
	until(t, k, keyed(100, 20))
	for p := range int32(4) {
		if err := c.MoveTopicPartition("events", p, (c.LeaderFor("events", p)+1)%3); err != nil {
			t.Fatal(err)
		}
	}
	errs := until(t, k, keyed(100, 20))
	for _, err := range errs {
		if !errors.Is(err, kafka.NotLeaderForPartition) || !strings.Contains(err.Error(), "no leader at the moment") {
			t.Errorf("error %v", err)
		}
	}
	consume(t, c.ListenAddrs()[0], "events", 200)
}

func TestKafkaUnknownTopic(t *testing.T) {
	c := fake(t)
	k := writer(t, c.ListenAddrs()[0], KafkaOptions{Topics: map[string]string{StreamEvents: "events", StreamUnrecognized: "late"}})
	recs := append(keyed(10, 5), Record{Stream: StreamUnrecognized, Value: []byte("raw")}, Record{Stream: "raw", Value: []byte("x")})
	err := k.Write(deadline(t), recs)
	for _, want := range []string{"topic late: ", "bouncepipe topics create", `stream "raw" has no topic`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if !errors.Is(err, kafka.UnknownTopicOrPartition) || acked(recs) != "++++++++++--" {
		t.Error(acked(recs))
	}
	if err := c.CreateTopic("late", 1, nil); err != nil {
		t.Fatal(err)
	}
	until(t, k, recs[:11])
	consume(t, c.ListenAddrs()[0], "events", 10)
	consume(t, c.ListenAddrs()[0], "late", 1)
}

func TestKafkaTopicGrows(t *testing.T) {
	c := fake(t)
	addr := c.ListenAddrs()[0]
	k := writer(t, addr, KafkaOptions{})
	until(t, k, keyed(10, 5))
	res, err := k.conn.Client().CreatePartitions(deadline(t), &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: "events", Count: 9}}})
	if err != nil || res.Errors["events"] != nil {
		t.Fatal(err, res)
	}
	for n := 0; n != 9; {
		if n, err = k.count(deadline(t), StreamEvents, "events"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	until(t, k, keyed(100, 50))
	seen := map[int32]bool{}
	for _, r := range consume(t, addr, "events", 110) {
		seen[r.Partition] = true
	}
	if len(seen) != 9 {
		t.Errorf("%d partitions hold records", len(seen))
	}
}

// TestKafkaRejectedRecord: one that no broker takes does not keep the others.
func TestKafkaRejectedRecord(t *testing.T) {
	c := fake(t)
	k := writer(t, c.ListenAddrs()[0], KafkaOptions{})
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.InvalidRecord, Count: -1, When: func(req kmsg.Request) bool {
		return bytes.Contains(req.(*kmsg.ProduceRequest).Topics[0].Partitions[0].Records, []byte("poison"))
	}})
	recs := keyed(100, 20)
	recs[42].Value = []byte("poison")
	err := k.Write(deadline(t), recs)
	if !errors.Is(err, ErrRejected) || errors.Is(err, ErrTooLarge) || strings.Count(acked(recs), "+") != 99 || recs[42].Acked || !errors.Is(recs[42].Refused, ErrRejected) || recs[41].Refused != nil {
		t.Errorf("%v, %s", err, acked(recs))
	}
	// Nor does a record that cannot be shortened.
	recs = keyed(100, 20)
	recs[42].Key = bytes.Repeat([]byte("k"), 2_000_000)
	recs[43].Value = bytes.Repeat([]byte("not JSON"), 200_000)
	err = k.Write(deadline(t), recs)
	if !errors.Is(err, ErrTooLarge) || strings.Count(acked(recs), "+") != 98 || !errors.Is(recs[42].Refused, ErrTooLarge) || !errors.Is(recs[43].Refused, ErrTooLarge) {
		t.Errorf("%v, %s", err, acked(recs))
	}
	consume(t, c.ListenAddrs()[0], "events", 99+98)
}

// unusedPort returns a port where nobody listens. It is none of those that systems give out by themselves, so that
// nobody else takes it while its broker is down.
func unusedPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20_000 + rand.IntN(10_000)
		if l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

func TestKafkaBrokerDown(t *testing.T) {
	port := unusedPort(t)
	addr := fmt.Sprint("127.0.0.1:", port)
	k := writer(t, addr, KafkaOptions{})
	recs := keyed(100, 20)
	for range 2 {
		if err := k.Write(deadline(t), recs); err == nil || !strings.Contains(err.Error(), "connection refused ("+addr+")") || strings.Contains(acked(recs), "+") {
			t.Fatal(err)
		}
	}
	start := func() *kfake.Cluster {
		c, err := kfake.NewCluster(kfake.Ports(port), kfake.SeedTopics(4, "events"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := start()
	until(t, k, recs)
	consume(t, addr, "events", 100)
	c.Close()
	recs = keyed(100, 20)
	if err := k.Write(deadline(t), recs); err == nil || strings.Contains(acked(recs), "+") {
		t.Fatal(err)
	}
	c = start()
	defer c.Close()
	until(t, k, recs)
	consume(t, addr, "events", 100)
}

func TestKafkaWrongPassword(t *testing.T) {
	c := fake(t, kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "jo", "s3cret"))
	sasl := func(password string) func(*kafkaconn.Config) {
		return func(cfg *kafkaconn.Config) {
			cfg.SASL = &kafkaconn.SASL{Mechanism: "SCRAM-SHA-256", User: "jo", Password: password}
		}
	}
	recs := keyed(10, 5)
	err := writer(t, c.ListenAddrs()[0], KafkaOptions{}, sasl("wr0ng")).Write(deadline(t), recs)
	if err == nil || !strings.Contains(err.Error(), "check user and password (SCRAM-SHA-256 as jo)") || strings.Contains(acked(recs), "+") {
		t.Error(err)
	}
	until(t, writer(t, c.ListenAddrs()[0], KafkaOptions{}, sasl("s3cret")), recs)
}

func TestKafkaContextEnds(t *testing.T) {
	c := fake(t)
	k := writer(t, c.ListenAddrs()[0], KafkaOptions{})
	until(t, k, keyed(10, 5))
	release := make(chan struct{})
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.SleepControl(func() { <-release })
		return nil, nil, false
	})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	recs := keyed(10, 1)
	if err := k.Write(ctx, recs); err == nil || strings.Contains(acked(recs), "+") {
		t.Error(err, acked(recs))
	}
	close(release)
}

func TestKafkaClosed(t *testing.T) {
	k := writer(t, fake(t).ListenAddrs()[0], KafkaOptions{})
	until(t, k, keyed(10, 5))
	if err := k.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	recs := keyed(10, 5)
	ctx := deadline(t)
	if err := k.Write(ctx, recs); err == nil || ctx.Err() != nil {
		t.Errorf("write after close: %v", err)
	}
	if err := k.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestTopicSpecs(t *testing.T) {
	c := fake(t)
	conn, err := kafkaconn.New(kafkaconn.Config{Brokers: c.ListenAddrs()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	results, err := conn.EnsureTopics(deadline(t), TopicSpecs(map[string]string{StreamUnrecognized: "raw", StreamEvents: "bounces"}))
	if err != nil || len(results) != 2 {
		t.Fatal(err, results)
	}
	for i, want := range []kafkaconn.TopicInfo{
		{Name: "bounces", Partitions: 12, Retention: 30 * 24 * time.Hour},
		{Name: "raw", Partitions: 3, Retention: 14 * 24 * time.Hour},
	} {
		got := results[i]
		if !got.Created || got.Err != nil || got.Info.Name != want.Name || got.Info.Partitions != want.Partitions || got.Info.Retention != want.Retention {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// TestKafkaOneRequestInFlight: a second Write to a partition waits for the first.
func TestKafkaOneRequestInFlight(t *testing.T) {
	k := writer(t, "127.0.0.1:1", KafkaOptions{})
	p := topicPartition{"events", 1}
	release, err := k.acquire(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := k.acquire(ctx, p); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("second request: %v", err)
	}
	if other, err := k.acquire(context.Background(), topicPartition{"events", 2}); err != nil {
		t.Errorf("other partition: %v", err)
	} else {
		other()
	}
	release()
	if again, err := k.acquire(context.Background(), p); err != nil {
		t.Error(err)
	} else {
		again()
	}
}

func TestKafkaConfiguration(t *testing.T) {
	conn, err := kafkaconn.New(kafkaconn.Config{Brokers: []string{"localhost"}, Topics: []string{"events"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for want, opts := range map[string]KafkaOptions{
		`compression "br" is unknown`:                      {Compression: "br"},
		"stream events has no topic":                       {Topics: map[string]string{StreamEvents: ""}},
		"topic other is not among the connection's topics": {Topics: map[string]string{StreamEvents: "other"}},
	} {
		if _, err := NewKafka(conn, opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", opts, err, want)
		}
	}
}

// cutter makes connections to a broker that can be cut in the moment it answers.
type cutter struct{ cut func() bool }

func (c *cutter) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	return &cutListener{l, c}, err
}

type cutListener struct {
	net.Listener
	*cutter
}

func (l *cutListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &cutConn{conn, l.cutter}, err
}

type cutConn struct {
	net.Conn
	*cutter
}

func (c *cutConn) Write(p []byte) (int, error) {
	if c.cut() {
		c.Close()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// TestKafkaTrouble: whatever goes wrong, and however often, nothing is lost, first occurrences keep
// their order per key, and nothing is acknowledged that is not stored.
func TestKafkaTrouble(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	trouble := true
	chance := func(percent int) bool {
		mu.Lock()
		defer mu.Unlock()
		return trouble && random.IntN(100) < percent
	}
	cut := &cutter{func() bool { return chance(5) }}
	c := fake(t, kfake.NumBrokers(3), kfake.ListenFn(cut.listen))
	for _, e := range []*kerr.Error{kerr.NotEnoughReplicasAfterAppend, kerr.RequestTimedOut, kerr.NotLeaderForPartition, kerr.NotEnoughReplicas, kerr.UnknownTopicOrPartition, kerr.UnknownServerError} {
		c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: e, Count: -1, When: func(kmsg.Request) bool { return chance(4) }})
	}
	k := writer(t, c.ListenAddrs()[0], KafkaOptions{MaxBatchBytes: 2000}, func(cfg *kafkaconn.Config) { cfg.MetadataTTL = 250 * time.Millisecond })
	all := keyed(3000, 50)
	failures := 0
	for batch := range slices.Chunk(all, 300) {
		failures += len(until(t, k, batch))
		if chance(50) {
			if err := c.MoveTopicPartition("events", 1, (c.LeaderFor("events", 1)+1)%3); err != nil {
				t.Fatal(err)
			}
		}
	}
	mu.Lock()
	trouble = false
	mu.Unlock()
	stored := 0
	for _, p := range c.PartitionInfos("events") {
		stored += int(p.HighWatermark)
	}
	t.Logf("%d attempts failed, %d records of %d stored twice", failures, stored-len(all), len(all))
	seen := map[string]bool{}
	last := map[string]string{}
	for _, r := range consume(t, c.ListenAddrs()[0], "events", stored) {
		value, key := string(r.Value), string(r.Key)
		if seen[value] {
			continue
		}
		seen[value] = true
		if value < last[key] {
			t.Errorf("%s: %s first stored after %s", key, value, last[key])
		}
		last[key] = value
	}
	if len(seen) != len(all) || failures == 0 || stored == len(all) {
		t.Errorf("%d of %d records stored", len(seen), len(all))
	}
}
