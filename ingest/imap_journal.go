package ingest

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
)

// imapJournal says what was being read: it is stored before, so that a start after a crash knows
// where the mail must be that caused it, if a mail did.
type imapJournal struct {
	UIDValidity uint32   `json:"uidvalidity"`
	From        imap.UID `json:"from"`
	To          imap.UID `json:"to"`
	Batch       int      `json:"batch"`
	Tries       int      `json:"tries,omitempty"` // of a single message
}

type imapJournaler struct {
	pos Positions
	key string

	mu     sync.Mutex
	stored imapJournal
	calm   *time.Timer
	closed bool
}

// load gives what the process before this one left.
func (j *imapJournaler) load(ctx context.Context) (imapJournal, error) {
	var left imapJournal
	data, err := j.pos.Load(ctx, j.key)
	if err != nil || len(data) == 0 {
		return left, err
	}
	if json.Unmarshal(data, &left) != nil {
		left = imapJournal{} // a hint that cannot be read is none
	}
	j.mu.Lock()
	j.stored = left
	j.mu.Unlock()
	return left, nil
}

// begin stores that a range is about to be read, unless that is known.
func (j *imapJournaler) begin(ctx context.Context, e imapJournal) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.calm != nil {
		j.calm.Stop()
	}
	return j.store(ctx, e)
}

// covers says whether reading up to uid has been noted.
func (j *imapJournaler) covers(validity uint32, uid imap.UID) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.stored.UIDValidity == validity && j.stored.From <= uid && uid <= j.stored.To
}

// store is called with mu held.
func (j *imapJournaler) store(ctx context.Context, e imapJournal) error {
	if e == j.stored {
		return nil
	}
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := j.pos.Store(ctx, j.key, data); err != nil {
		return err
	}
	j.stored = e
	return nil
}

// handedOut starts the time after which a mail is no longer suspected: reading one takes milliseconds,
// and a process that is killed while it waits for a broker is not killed by a mail.
func (j *imapJournaler) handedOut(after time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.calm != nil {
		j.calm.Stop()
	}
	j.calm = time.AfterFunc(after, func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		if !j.closed {
			// A failure leaves a suspicion too many.
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			j.store(ctx, imapJournal{})
		}
	})
}

// close ends the suspicion: this process was not killed.
func (j *imapJournaler) close(ctx context.Context, rec imapRecord) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.calm != nil {
		j.calm.Stop()
	}
	if j.closed {
		return nil
	}
	j.closed = true
	if j.stored.UIDValidity != rec.UIDValidity || j.stored.To <= rec.UID {
		return nil // nothing is uncommitted
	}
	return j.store(ctx, imapJournal{})
}

// imapSuspect is what is known about mails that break things.
type imapSuspect struct {
	loaded bool
	limit  int      // messages to read at once; 0: as many as allowed
	until  imap.UID // the limit holds up to here
	serial bool     // each batch is committed before the next is read: the process died here
	uid    imap.UID // the message that it died at, when it was alone
	tries  int
	wait   time.Duration

	lone      imap.UID // the message at which FETCH failed, when it was alone
	fails     int
	given     bool // given up
	witnessed bool // another was read over the same connection
	turn      int
}

// suspicions takes up the journal of the process before, once.
func (s *IMAP) suspicions(ctx context.Context) error {
	sus := &s.scan.suspect
	if sus.loaded {
		return nil
	}
	left, err := s.journal.load(ctx)
	if err != nil {
		return err
	}
	sus.loaded = true
	rec := s.rec.position()
	if left.UIDValidity != s.scan.validity || left.To <= rec.UID || left.Batch == 0 {
		return nil
	}
	sus.limit, sus.until, sus.serial = max(1, left.Batch/2), left.To, true
	if left.From == left.To && left.Tries > 0 {
		sus.uid, sus.tries = left.From, left.Tries
	}
	// Mailboxes that share a process must not all be blamed for the mail in one of them.
	sus.wait = rand.N(s.opts.suspectDelay)
	return nil
}

// journalFor is what is stored before uids are read. Away from suspicion one entry serves several batches.
func (s *IMAP) journalFor(uids []imap.UID) (imapJournal, bool) {
	sus := &s.scan.suspect
	last := uids[len(uids)-1]
	e := imapJournal{UIDValidity: s.scan.validity, From: uids[0], To: last, Batch: len(uids)}
	if sus.limit == 0 {
		if s.journal.covers(s.scan.validity, last) && s.journal.covers(s.scan.validity, uids[0]) {
			return e, false
		}
		e.To = s.scan.todo[len(s.scan.todo)-1]
	}
	if e.From == e.To {
		e.Tries = 1
		if sus.uid == e.From {
			e.Tries = sus.tries + 1
		}
	}
	return e, true
}
