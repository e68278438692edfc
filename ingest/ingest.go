// Package ingest brings raw messages in and records which of them are done.
//
// A [Source] hands out batches; a batch is committed, in Fetch order, only after
// everything that was made from it has been stored elsewhere. Sources look inside
// a message no further than finding where it starts and ends.
package ingest

import "context"

// DefaultMaxBytes is how much of one message a source reads when its options do not say.
const DefaultMaxBytes = 512 << 10

// MinMaxBytes is the smallest accepted limit: below it reports lose the header of the returned message.
const MinMaxBytes = 256 << 10

// Message is one raw message as a source holds it.
type Message struct {
	// Source is where the message is: a URI unique per mailbox, for example
	// imap://user%40dom@host/INBOX;UIDVALIDITY=1/;UID=7 (RFC 5092), mbox:///path#offset, file:///path.
	Source string
	// Raw is the message, at most MaxBytes of it. It is valid until the Commit of its
	// batch or the source's Close returns, and must not be written to.
	Raw []byte
	// Size is the full size in bytes; greater than len(Raw) when only the head was read.
	Size int64
	// Err is set when the source could not deliver the body; the message is then
	// published as quarantined.
	Err error
	// Cut is set when the archive that holds the message seems to end within it: no blank
	// line or less than its Content-Length follows. It is published as it is; when the
	// archive has grown, a replay with State reads the message again.
	Cut bool
	// Reply is what the line says where Raw is a line of a log of replies, see
	// PathOptions.Format; nil for mail, and for a line that cannot be read.
	Reply *ReplyLine
}

// Batch is the unit of acknowledgement.
type Batch struct {
	Messages []Message

	// position is the source's own record of where this batch ends.
	position any
}

// Source is a mailbox, an archive or a stream of messages.
type Source interface {
	// Fetch returns the next batch after the last fetched one. It returns what is there
	// without waiting for a batch to fill, waits when nothing is there, and returns io.EOF
	// once a finite source is drained. Errors are worth retrying unless they say otherwise.
	Fetch(ctx context.Context) (*Batch, error)
	// Commit records that b and all batches before it need no more work, and acts on
	// each message by its outcome (outcomes[i] belongs to b.Messages[i]). Called in Fetch
	// order; may run beside Fetch; idempotent.
	Commit(ctx context.Context, b *Batch, outcomes []Outcome) error
	// Close drops what is uncommitted; opening the source again is the only rewind.
	Close() error
}

// Outcome says what became of a message.
type Outcome uint8

// The outcomes. Other is mail that is no report, Unreadable a report nobody could read,
// Quarantined a message set aside without being read.
const (
	Bounce Outcome = iota
	Delay
	Delivery
	Complaint
	AutoReply
	Challenge
	Disposition
	Other
	Unreadable
	Quarantined
)

var outcomeNames = [...]string{"bounce", "delay", "delivery", "complaint", "auto_reply", "challenge", "disposition", "other", "unreadable", "quarantined"}

// String returns the outcome's name as logs and metrics write it.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return "unknown"
}

// Positions stores how far each source has been committed: a file each, or a compacted topic.
// Keys are chosen by the source and may hold any characters.
type Positions interface {
	// Load returns the stored position, or nil and no error when there is none.
	Load(ctx context.Context, key string) ([]byte, error)
	// Store replaces the position durably: after it returns nil, a crash cannot undo it.
	Store(ctx context.Context, key string, position []byte) error
}
