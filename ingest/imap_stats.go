package ingest

import (
	"math"
	"time"
)

// IMAPStats is the state of one mailbox for metrics, logs and people.
type IMAPStats struct {
	Mailbox   string // its URL
	Connected bool
	LastPoll  time.Time // when the server was last asked for new messages
	// Backlog is how many messages are there and not yet handed out, as of the last poll; Exact is false
	// where the server could only be asked for an upper bound.
	Backlog int64
	Exact   bool
	// Oldest is when the first of them arrived, where the server said.
	Oldest time.Time

	Messages   uint64 // handed out, by this process
	Bytes      uint64
	Rate       float64 // messages a second over about the last minute
	Reconnects uint64
	Errors     uint64
	LastError  string
	Pending    int // actions that wait to be taken
}

// Stats returns a snapshot; safe for concurrent use.
func (s *IMAP) Stats() IMAPStats {
	pending := s.rec.pending()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Rate = s.rate.now(time.Now())
	st.Pending = pending
	return st
}

// counted notes messages that are handed out.
func (s *IMAP) counted(b *Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Messages += uint64(len(b.Messages))
	for _, m := range b.Messages {
		s.stats.Bytes += uint64(len(m.Raw))
	}
	if s.stats.Backlog = max(0, s.stats.Backlog-int64(len(b.Messages))); s.stats.Backlog == 0 {
		s.stats.Oldest = time.Time{}
	}
	s.rate.add(time.Now(), len(b.Messages))
}

// rateMeter is a rate that forgets with a time constant of a minute.
type rateMeter struct {
	at   time.Time
	rate float64
}

const rateMemory = time.Minute

func (r *rateMeter) now(t time.Time) float64 {
	if r.at.IsZero() {
		return 0
	}
	return r.rate * math.Exp(-float64(t.Sub(r.at))/float64(rateMemory))
}

func (r *rateMeter) add(t time.Time, n int) {
	r.rate = r.now(t) + float64(n)/rateMemory.Seconds()
	r.at = t
}
