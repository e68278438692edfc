package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
)

// ErrRejected says that a broker will never take a record as it is, for example one without a
// key for a compacted topic.
var ErrRejected = errors.New("record rejected")

// KafkaOptions configure a [Kafka].
type KafkaOptions struct {
	// Topics names the topic of each stream. A record of another stream is an error.
	Topics map[string]string
	// Compression is "none" (default), "snappy", "lz4", "zstd" or "gzip".
	Compression string
	// MaxBatchBytes is how large a batch of records may be before compression; default
	// 1,000,000, just below what brokers take by default. A record that is larger is shortened.
	// Where a broker takes less, that is learned.
	MaxBatchBytes int
	// Parallel is how many partitions are written at the same time; default 32.
	Parallel int
}

// Kafka writes records to Kafka topics. A record counts as stored when all replicas in sync
// have it (acks=all).
//
// Each partition has one request in flight and gets records in the order of their Write, so
// that first occurrences of one key keep their order; partitions are written side by side. Where
// an acknowledgement is lost, the next Write stores the record again: see [Identity]. Records
// without a key are spread. An event that no broker would take for its size is stored shortened,
// see [Shorten]; anything else too large is cut, and a header tells its full size.
//
// It is safe for concurrent use. Writes to one partition wait for each other.
type Kafka struct {
	conn        *kafkaconn.Conn
	topics      map[string]string
	compression kafka.Compression
	maxBatch    int
	parallel    int

	mu         sync.Mutex
	partitions map[topicPartition]chan struct{} // holds a token while a request is in flight
	limits     map[string]int                   // of topics whose brokers take less than maxBatch
	spread     map[string]int                   // records without key so far

	batches sync.Pool // *recordBatch
	stats   kafkaStats
}

var _ Writer = (*Kafka)(nil)

type topicPartition struct {
	topic     string
	partition int
}

// KafkaStats counts what a [Kafka] did since it was made.
type KafkaStats struct {
	Records   int64 // acknowledged
	Bytes     int64 // of acknowledged batches, compressed
	Requests  int64
	Failures  int64 // requests without acknowledgement
	Shortened int64 // records acknowledged that are less than they were
}

type kafkaStats struct {
	records, bytes, requests, failures, shortened atomic.Int64
}

// NewKafka returns a writer over conn. It does not connect: [kafkaconn.Conn.Check] does.
func NewKafka(conn *kafkaconn.Conn, opts KafkaOptions) (*Kafka, error) {
	k := &Kafka{
		conn: conn, topics: opts.Topics, maxBatch: opts.MaxBatchBytes, parallel: opts.Parallel,
		partitions: map[topicPartition]chan struct{}{}, limits: map[string]int{}, spread: map[string]int{},
	}
	if opts.Compression != "" {
		if err := k.compression.UnmarshalText([]byte(opts.Compression)); err != nil {
			return nil, fmt.Errorf("kafka: compression %q is unknown: use none, snappy, lz4, zstd or gzip", opts.Compression)
		}
	}
	if k.maxBatch <= 0 {
		k.maxBatch = 1_000_000
	}
	if k.parallel <= 0 {
		k.parallel = 32
	}
	k.batches.New = func() any { return new(recordBatch) }
	known := conn.Config().Topics
	for stream, topic := range k.topics {
		if topic == "" {
			return nil, fmt.Errorf("kafka: stream %s has no topic", stream)
		}
		if len(known) > 0 && !slices.Contains(known, topic) {
			return nil, fmt.Errorf("kafka: topic %s is not among the connection's topics", topic)
		}
	}
	return k, nil
}

// TopicSpecs returns how the topics of streams should be, for [kafkaconn.Conn.EnsureTopics]; topics
// names them as in [KafkaOptions]. What it leaves open has kafkaconn's defaults.
func TopicSpecs(topics map[string]string) []kafkaconn.TopicSpec {
	var specs []kafkaconn.TopicSpec
	for _, stream := range slices.Sorted(maps.Keys(topics)) {
		spec := kafkaconn.TopicSpec{Name: topics[stream]}
		if stream == StreamUnrecognized { // raw mail: little of it, and nobody's for long
			spec.Partitions, spec.Retention = 3, 14*24*time.Hour
		}
		specs = append(specs, spec)
	}
	return specs
}

// Stats returns the counts so far.
func (k *Kafka) Stats() KafkaStats {
	s := &k.stats
	return KafkaStats{s.records.Load(), s.bytes.Load(), s.requests.Load(), s.failures.Load(), s.shortened.Load()}
}

// Close closes the connection that NewKafka was given.
func (k *Kafka) Close(context.Context) error { return k.conn.Close() }

// Write implements [Writer]. All errors are worth another attempt, except that those which wrap
// [ErrTooLarge] or [ErrRejected] will not go away by themselves.
func (k *Kafka) Write(ctx context.Context, recs []Record) error {
	jobs, err := k.assign(ctx, recs)
	if len(jobs) == 1 {
		return errors.Join(err, k.send(ctx, jobs[0], recs))
	}
	errs := make([]error, len(jobs))
	room := make(chan struct{}, k.parallel)
	var all sync.WaitGroup
	for i, j := range jobs {
		room <- struct{}{}
		all.Go(func() {
			errs[i] = k.send(ctx, j, recs)
			<-room
		})
	}
	all.Wait()
	return errors.Join(err, summary(errs))
}

// summary is one line for many partitions, which mostly fail for one reason.
func summary(errs []error) error {
	var first error
	failed := 0
	for _, err := range errs {
		if err == nil {
			continue
		}
		failed++
		// What will not go away by itself matters more.
		if first == nil || !permanent(first) && permanent(err) {
			first = err
		}
	}
	if failed > 1 {
		return fmt.Errorf("%w (and %d of %d partitions more)", first, failed-1, len(errs))
	}
	return first
}

func permanent(err error) bool { return errors.Is(err, ErrTooLarge) || errors.Is(err, ErrRejected) }

// job is what one Write has for one partition.
type job struct {
	topicPartition
	records []int // indexes, ascending
}

// assign finds the partitions of the records that are not stored yet. On an error it returns the
// jobs of those topics that can be written.
func (k *Kafka) assign(ctx context.Context, recs []Record) ([]*job, error) {
	type topic struct {
		name  string
		count int // of partitions
		jobs  []*job
	}
	var jobs []*job
	var failed error
	byStream := map[string]*topic{}
	for i := range recs {
		r := &recs[i]
		if r.Acked {
			continue
		}
		t := byStream[r.Stream]
		if t == nil {
			t = &topic{name: k.topics[r.Stream]}
			byStream[r.Stream] = t
			var err error
			if t.count, err = k.count(ctx, r.Stream, t.name); err != nil {
				failed = errors.Join(failed, err)
			}
			t.jobs = make([]*job, t.count)
		}
		if t.count == 0 {
			continue
		}
		p := 0
		if r.Key == nil {
			p = k.keyless(t.name) % t.count
		} else {
			p = partition(r.Key, t.count)
		}
		j := t.jobs[p]
		if j == nil {
			j = &job{topicPartition: topicPartition{t.name, p}}
			t.jobs[p] = j
			jobs = append(jobs, j)
		}
		j.records = append(j.records, i)
	}
	return jobs, failed
}

// count returns how many partitions the topic has, as of at most the metadata's lifetime ago.
func (k *Kafka) count(ctx context.Context, stream, topic string) (int, error) {
	if topic == "" {
		return 0, fmt.Errorf("kafka: %w: stream %q has no topic", ErrRejected, stream)
	}
	meta, err := k.conn.Client().Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, k.conn.Explain(err)
	}
	t := meta.Topics[0]
	if t.Error == nil && len(t.Partitions) == 0 {
		t.Error = kafka.UnknownTopicOrPartition
	}
	if t.Error != nil {
		return 0, fmt.Errorf("topic %s: %w", topic, k.conn.Explain(t.Error))
	}
	return len(t.Partitions), nil
}

// keyless returns a number for the next record without a key. It changes only now and then, so
// that batches do not become small.
func (k *Kafka) keyless(topic string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.spread[topic]
	k.spread[topic] = n + 1
	return n / 100
}

// limit returns how large a batch for the topic may be.
func (k *Kafka) limit(topic string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n, ok := k.limits[topic]; ok {
		return n
	}
	return k.maxBatch
}

// acquire waits until p has no request in flight and takes its turn.
func (k *Kafka) acquire(ctx context.Context, p topicPartition) (release func(), err error) {
	k.mu.Lock()
	turn := k.partitions[p]
	if turn == nil {
		turn = make(chan struct{}, 1)
		k.partitions[p] = turn
	}
	k.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
