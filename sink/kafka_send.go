package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// TruncatedHeader is the header of a record whose value was cut; its value is the full size.
const TruncatedHeader = "bouncepipe_truncated"

// minBatch is the smallest limit that is learned from a broker's refusals.
const minBatch = 1 << 10

// send writes the records of j in order, batch after batch, and stops at the first batch that may
// work another time. Records that never will are marked and passed over.
func (k *Kafka) send(ctx context.Context, j *job, recs []Record) error {
	release, err := k.acquire(ctx, j.topicPartition)
	if err != nil {
		return err
	}
	defer release()
	b := k.batches.Get().(*recordBatch)
	var lost error
	pass := func(i int, err error) {
		recs[i].Refused = err
		if lost == nil {
			lost = err
		}
	}
	most := len(j.records) // in one batch
	for todo := j.records; len(todo) > 0; {
		n, shortened, err := k.fill(b, j.topic, recs, todo[:min(most, len(todo))])
		if err != nil {
			pass(todo[0], err)
			todo = todo[1:]
			continue
		}
		err = k.produce(ctx, j.topicPartition, b)
		switch {
		case err == nil:
			for _, i := range todo[:n] {
				recs[i].Acked = true
			}
			k.stats.records.Add(int64(n))
			k.stats.shortened.Add(int64(shortened))
			todo, most = todo[n:], most*2
		case errors.Is(err, kafka.MessageSizeTooLarge), errors.Is(err, kafka.RecordListTooLarge):
			if !k.learn(ctx, j.topic, b.size()) {
				pass(todo[0], fmt.Errorf("topic %s: %w: the broker takes no batch of %d bytes", j.topic, ErrTooLarge, b.size()))
				todo = todo[1:]
			}
		case rejected(err) && n > 1: // find out which it is
			most = n / 2
		case rejected(err):
			pass(todo[0], fmt.Errorf("topic %s: %w: %w", j.topic, ErrRejected, k.conn.Explain(err)))
			todo = todo[1:]
		default:
			// The library may still be sending b: it is not used again.
			return fmt.Errorf("topic %s: %w", j.topic, k.conn.Explain(err))
		}
	}
	k.batches.Put(b)
	return lost
}

func rejected(err error) bool {
	return errors.Is(err, kafka.InvalidRecord) || errors.Is(err, kafka.UnsupportedForMessageFormat)
}

// fill makes a batch of as many of the records as fit, at least one, and returns how many and how
// many of these it had to shorten. On an error it is the first that cannot be made to fit.
func (k *Kafka) fill(b *recordBatch, topic string, recs []Record, todo []int) (n, shortened int, err error) {
	limit := k.limit(topic)
	b.reset()
	for _, i := range todo {
		r := &recs[i]
		size := recordSize(r)
		if b.size()+size > limit {
			if n > 0 {
				break
			}
			short, err := shorten(*r, limit-batchHeader)
			if err != nil {
				return 0, 0, fmt.Errorf("topic %s: %w", topic, err)
			}
			b.add(&short)
			return 1, 1, nil
		}
		b.add(r)
		n++
	}
	return n, 0, nil
}

// shorten returns a copy of r that takes at most limit bytes of a batch.
func shorten(r Record, limit int) (Record, error) {
	full := len(r.Value)
	if r.Stream != StreamEvents {
		r.Headers = append(r.Headers[:len(r.Headers):len(r.Headers)], Header{TruncatedHeader, strconv.AppendInt(nil, int64(full), 10)})
	}
	room := limit - (recordSize(&r) - full)
	if room < 0 {
		return r, fmt.Errorf("%w: key and headers alone take %d bytes", ErrTooLarge, recordSize(&r)-full)
	}
	if r.Stream != StreamEvents {
		r.Value = r.Value[:min(room, full)]
		return r, nil
	}
	var err error
	r.Value, err = shortenJSON(r.Value, room)
	return r, err
}

// produce sends b and waits until all replicas in sync have it.
func (k *Kafka) produce(ctx context.Context, p topicPartition, b *recordBatch) error {
	records, err := b.finish(k.compression, time.Now())
	if err != nil {
		return err
	}
	k.stats.requests.Add(1)
	res, err := k.conn.Client().RawProduce(ctx, &kafka.RawProduceRequest{
		Topic:        p.topic,
		Partition:    p.partition,
		RequiredAcks: kafka.RequireAll,
		RawRecords:   protocol.RawRecordSet{Reader: bytes.NewReader(records)},
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		k.stats.failures.Add(1)
		return err
	}
	k.stats.bytes.Add(int64(len(records)))
	return nil
}

// learn lowers the topic's limit after a broker refused a batch of size bytes. It reports whether
// the limit is lower now.
func (k *Kafka) learn(ctx context.Context, topic string, size int) bool {
	limit := min(k.limit(topic), size)
	lower := limit / 2
	// The broker knows better, if we may ask. Its word does not help where something between
	// here and there refuses.
	if infos, err := k.conn.Check(ctx, topic); err == nil && len(infos) == 1 {
		if n := infos[0].MaxMessageBytes; n > 0 && n < limit {
			lower = n
		}
	}
	if lower < minBatch {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.limits[topic] = lower
	return true
}
