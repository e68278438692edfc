package sink

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/segmentio/kafka-go"
)

// batchHeader is the size of a record batch without its records: the number that brokers hold
// against max.message.bytes includes it.
const batchHeader = 61

// recordBatch builds one Kafka record batch (message format v2). The library's own encoder would
// read the values in its own time and so after Write has returned; this one copies them at once,
// and knows the size before anything is sent.
type recordBatch struct {
	buf   []byte // 4 bytes of length, the batch header, the records
	count int
}

func (b *recordBatch) reset() {
	b.buf = append(b.buf[:0], make([]byte, 4+batchHeader)...)
	b.count = 0
}

// size returns the size of the batch, uncompressed.
func (b *recordBatch) size() int { return len(b.buf) - 4 }

// recordSize returns the most that r adds to a batch.
func recordSize(r *Record) int { return binary.MaxVarintLen32 + recordBody(r, 1<<20) }

// recordBody returns the length of r as record number n of a batch, without the length itself.
func recordBody(r *Record, n int) int {
	size := 1 + 1 + varintLen(n) + bytesLen(r.Key) + bytesLen(r.Value) + varintLen(len(r.Headers))
	for _, h := range r.Headers {
		size += varintLen(len(h.Key)) + len(h.Key) + bytesLen(h.Value)
	}
	return size
}

func bytesLen(p []byte) int {
	if p == nil {
		return 1
	}
	return varintLen(len(p)) + len(p)
}

func varintLen(n int) int {
	size := 1
	for v := uint64(n) << 1; v >= 0x80; v >>= 7 {
		size++
	}
	return size
}

func (b *recordBatch) add(r *Record) {
	p := binary.AppendVarint(b.buf, int64(recordBody(r, b.count)))
	p = append(p, 0, 0) // attributes; time, as a difference to the batch's
	p = binary.AppendVarint(p, int64(b.count))
	p = appendBytes(p, r.Key)
	p = appendBytes(p, r.Value)
	p = binary.AppendVarint(p, int64(len(r.Headers)))
	for _, h := range r.Headers {
		p = append(binary.AppendVarint(p, int64(len(h.Key))), h.Key...)
		p = appendBytes(p, h.Value)
	}
	b.buf = p
	b.count++
}

func appendBytes(b, p []byte) []byte {
	if p == nil {
		return binary.AppendVarint(b, -1)
	}
	return append(binary.AppendVarint(b, int64(len(p))), p...)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// finish returns the batch with its length before it, as a produce request holds it. All of its
// records have the time now. The result is valid until the next reset.
func (b *recordBatch) finish(compression kafka.Compression, now time.Time) ([]byte, error) {
	p := b.buf
	if compression != 0 {
		var c bytes.Buffer
		c.Grow(4 + batchHeader + len(p)/2)
		c.Write(p[:4+batchHeader])
		w := compression.Codec().NewWriter(&c)
		if _, err := w.Write(p[4+batchHeader:]); err != nil {
			return nil, err
		}
		if err := w.Close(); err != nil {
			return nil, err
		}
		p = c.Bytes()
	}
	be := binary.BigEndian
	be.PutUint32(p, uint32(len(p)-4))
	h := p[4:]
	be.PutUint64(h[0:], 0)                        // base offset
	be.PutUint32(h[8:], uint32(len(h)-12))        // length of what follows
	be.PutUint32(h[12:], ^uint32(0))              // partition leader epoch
	h[16] = 2                                     // magic
	be.PutUint16(h[21:], uint16(compression)&7)   // attributes
	be.PutUint32(h[23:], uint32(b.count-1))       // last offset delta
	be.PutUint64(h[27:], uint64(now.UnixMilli())) // first and
	be.PutUint64(h[35:], uint64(now.UnixMilli())) // greatest time
	be.PutUint64(h[43:], ^uint64(0))              // producer id: none
	be.PutUint16(h[51:], ^uint16(0))              // producer epoch
	be.PutUint32(h[53:], ^uint32(0))              // base sequence
	be.PutUint32(h[57:], uint32(b.count))
	be.PutUint32(h[17:], crc32.Checksum(h[21:], castagnoli))
	return p, nil
}
