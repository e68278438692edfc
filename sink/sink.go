// Package sink owns the published event and gets records acknowledged.
//
// The guarantee is at least once: a record may be stored twice, never not at all, and the
// two copies share their event ID.
package sink

import "context"

// The streams a record can belong to.
const (
	StreamEvents       = "events"
	StreamUnrecognized = "unrecognized"
)

// Record is one thing to store: an encoded event, or a raw message.
type Record struct {
	Stream  string // StreamEvents, StreamUnrecognized
	Key     []byte // nil: no key
	Value   []byte
	Headers []Header
	Acked   bool // set by Write: this record is stored
	// Refused is set by Write where the record will never be stored as it is. It may be replaced;
	// given again, it is tried again.
	Refused error
}

// Header is a record header.
type Header struct {
	Key   string
	Value []byte
}

// Encoder turns an event into bytes. It runs in the pipeline's parallel stage and must be
// safe for concurrent use.
type Encoder interface {
	// Append appends the encoded event to dst and returns the extended buffer.
	Append(dst []byte, e *Event) ([]byte, error)
}

// Writer stores records.
type Writer interface {
	// Write makes one attempt to store recs (Kafka: acks=all; files: fsync). A nil error
	// says that all are stored. On an error the records with Acked set are stored, and the
	// caller gives the same slice again for the rest.
	Write(ctx context.Context, recs []Record) error
	// Close flushes and releases the writer.
	Close(ctx context.Context) error
}
