package sink

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
)

const (
	idHeader = 64 << 10 // bytes of the header block that are hashed
	idBody   = 4 << 10  // bytes of the body that are hashed
	// idSearch is how far into the header block the body is looked for. It stays below the
	// smallest head a source fetches, whatever its line ends, so that head and full message agree.
	idSearch = 128 << 10
	// plainHeader is how far CRs are looked for at once.
	plainHeader = 4 << 10
)

// Identity makes the IDs of one message's events. An ID depends on what the sender of the
// message wrote, not on the way it came: the same message has the same IDs by IMAP, from an
// mbox file, as a head of at least 256 KiB, and in the next run.
//
// An ID is the first 16 bytes, in hex, of the SHA-256 over
//
//	header [ LF LF body ] NUL type NUL recipient NUL n
//
// where type is the event's type, recipient the final recipient in lower case and n, in
// decimal, says how many events of this message have that pair, this one included. Header and
// body are the message with
//   - every CR* LF, and every CR that is left, made one LF;
//   - a first line that starts with "From " dropped;
//   - every ">" dropped that stands between the start of a line and "From ";
//   - header fields dropped that mail stores add, with their continuation lines: Status,
//     X-Status, X-UID, X-Keywords, X-IMAP*, X-Mozilla-*, X-GM-*, X-Gmail-Labels,
//     Content-Length, Lines;
//
// cut after 64 KiB of header and 4 KiB of body, then without the LFs at the end of each. A body
// counts only if it is not empty and starts within the first 128 KiB.
//
// An Identity is for one goroutine. The zero value is ready for Reset.
type Identity struct {
	message digest // has taken header and body
	event   digest // takes the rest, from the state that message had
	state   []byte // of message
	seen    []pair
	counts  map[pair]int // instead of seen where there are many
	buf     []byte       // of the normalizer
	tail    []byte       // of ID
}

type pair struct{ eventType, recipient string }

// digest is a hash whose state can be put into another. That is what Clone does too, for which it
// needs a new one each time.
type digest interface {
	hash.Hash
	encoding.BinaryAppender
	encoding.BinaryUnmarshaler
}

// NewIdentity reads raw and keeps nothing of it.
func NewIdentity(raw []byte) *Identity {
	id := &Identity{}
	id.Reset(raw)
	return id
}

// Reset makes id the identity of another message, as NewIdentity does with less to collect.
func (id *Identity) Reset(raw []byte) {
	if id.message == nil {
		id.message, id.event = sha256.New().(digest), sha256.New().(digest)
	}
	id.message.Reset()
	clear(id.seen)
	id.seen, id.counts, id.state = id.seen[:0], nil, id.state[:0]
	n := normalizer{raw: raw, hash: id.message, buf: id.buf[:0]}
	n.header()
	if !n.plainBody() {
		n.body()
	}
	n.flush()
	n.hash.Write(n.buf)
	id.buf = n.buf
}

// ID returns the ID of the next event of this type for this final recipient, which may be
// empty. Calls must come in the order of the report.
func (id *Identity) ID(eventType, recipient string) string {
	recipient = strings.ToLower(recipient)
	b := append(id.tail[:0], 0)
	b = append(append(b, eventType...), 0)
	b = append(append(b, recipient...), 0)
	b = strconv.AppendInt(b, int64(id.count(pair{eventType, recipient})), 10)
	id.tail = b

	var err error
	if len(id.state) == 0 {
		id.state, err = id.message.AppendBinary(id.state)
	}
	if err == nil {
		err = id.event.UnmarshalBinary(id.state)
	}
	if err != nil {
		panic("sink: the state of SHA-256 cannot be copied: " + err.Error()) // documented not to happen
	}
	id.event.Write(b)
	sum := id.event.Sum(b[:0])
	var out [32]byte
	hex.Encode(out[:], sum[:16])
	return string(out[:])
}

// maxSeen is up to how many recipients a look at each is quicker than a map.
const maxSeen = 16

// count returns how often p was seen, this time included.
func (id *Identity) count(p pair) int {
	if id.counts == nil {
		n := 1
		for i := range id.seen {
			if id.seen[i] == p {
				n++
			}
		}
		if id.seen = append(id.seen, p); len(id.seen) < maxSeen {
			return n
		}
		id.counts = make(map[pair]int, 4*maxSeen)
		for _, old := range id.seen {
			id.counts[old]++
		}
		return n
	}
	id.counts[p]++
	return id.counts[p]
}
