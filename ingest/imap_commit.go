package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
)

// imapRecord is a position as it is stored: how far the mailbox is done, and what is left
// to do to messages up to there.
type imapRecord struct {
	UIDValidity uint32        `json:"uidvalidity"`
	UID         imap.UID      `json:"uid"` // it and all below need no more work
	Pending     []imapPending `json:"pending,omitempty"`
}

// imapPending is one action and the messages that wait for it.
type imapPending struct {
	Action IMAPAction  `json:"action"`
	UIDs   imap.UIDSet `json:"uids"`
}

// maxPendingRanges bounds what is remembered of an action that fails for ever.
const maxPendingRanges = 10_000

// imapPosition is where a batch ends.
type imapPosition struct {
	source *IMAP
	gen    int
	last   imap.UID
	uids   []imap.UID // of each message
}

// imapRecorder keeps the record, in memory as it is stored.
type imapRecorder struct {
	pos Positions
	key string

	mu     sync.Mutex
	loaded bool
	gen    int // changes when UIDs lose their meaning
	rec    imapRecord
}

// load reads the record once. found is false when there is none yet.
func (r *imapRecorder) load(ctx context.Context) (found bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.loaded {
		return true, nil
	}
	data, err := r.pos.Load(ctx, r.key)
	if err != nil || data == nil {
		return false, err
	}
	if err := json.Unmarshal(data, &r.rec); err != nil {
		return false, fmt.Errorf("position %s: %w: restore it, or remove it to start over", r.key, err)
	}
	r.loaded = true
	return true, nil
}

// begin sets the first position of a mailbox, or one after UIDs have lost their meaning. It is stored
// only where the next start could not find it by itself.
func (r *imapRecorder) begin(ctx context.Context, rec imapRecord, store bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if store {
		if err := r.store(ctx, rec); err != nil {
			return err
		}
	}
	r.loaded, r.rec = true, rec
	r.gen++
	return nil
}

// store is called with mu held.
func (r *imapRecorder) store(ctx context.Context, rec imapRecord) error {
	data, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	return r.pos.Store(ctx, r.key, data)
}

func (r *imapRecorder) current() (imapRecord, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rec, r.gen
}

func (r *imapRecorder) position() imapRecord { rec, _ := r.current(); return rec }

func (r *imapRecorder) pending() int {
	n := 0
	for _, p := range r.position().Pending {
		for _, u := range p.UIDs {
			n += int(u.Stop-u.Start) + 1
		}
	}
	return n
}

// advance moves the position to the end of a batch and notes what is to be done, in one record.
// dropped counts pending messages that were too many to remember.
func (r *imapRecorder) advance(ctx context.Context, p *imapPosition, actions []IMAPAction) (dropped int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.gen != r.gen || p.last <= r.rec.UID {
		return 0, nil
	}
	rec := r.rec
	rec.UID = p.last
	rec.Pending = clonePending(rec.Pending)
	for i, a := range actions {
		if a.Kind != IMAPKeep {
			rec.Pending = addPending(rec.Pending, a, imap.UIDSetNum(p.uids[i]))
		}
	}
	for i := range rec.Pending {
		if over := len(rec.Pending[i].UIDs) - maxPendingRanges; over > 0 {
			rec.Pending[i].UIDs = slices.Delete(rec.Pending[i].UIDs, 0, over)
			dropped += over
		}
	}
	if err := r.store(ctx, rec); err != nil {
		return 0, err
	}
	r.rec = rec
	return dropped, nil
}

// clear takes what has been done out of the record.
func (r *imapRecorder) clear(ctx context.Context, gen int, done []imapPending) error {
	if len(done) == 0 {
		return nil
	}
	return r.update(ctx, gen, func(list []imapPending) []imapPending {
		for _, d := range done {
			list = removePending(list, d)
		}
		return list
	})
}

// rename makes one pending action another for some messages.
func (r *imapRecorder) rename(ctx context.Context, gen int, uids imap.UIDSet, from, to IMAPAction) error {
	return r.update(ctx, gen, func(list []imapPending) []imapPending {
		return addPending(removePending(list, imapPending{from, uids}), to, uids)
	})
}

// update changes what is pending, unless UIDs have lost their meaning since.
func (r *imapRecorder) update(ctx context.Context, gen int, change func([]imapPending) []imapPending) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if gen != r.gen {
		return nil
	}
	rec := r.rec
	rec.Pending = change(clonePending(rec.Pending))
	if err := r.store(ctx, rec); err != nil {
		return err
	}
	r.rec = rec
	return nil
}

func clonePending(list []imapPending) []imapPending {
	list = slices.Clone(list)
	for i := range list {
		list[i].UIDs = slices.Clone(list[i].UIDs)
	}
	return list
}

func addPending(list []imapPending, a IMAPAction, uids imap.UIDSet) []imapPending {
	for i := range list {
		if list[i].Action == a {
			list[i].UIDs.AddSet(uids)
			return list
		}
	}
	return append(list, imapPending{a, slices.Clone(uids)})
}

func removePending(list []imapPending, done imapPending) []imapPending {
	var out []imapPending
	for _, p := range list {
		if p.Action == done.Action {
			p.UIDs = subtract(p.UIDs, done.UIDs)
		}
		if len(p.UIDs) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// subtract gives the UIDs of a that are not in b; both are sorted.
func subtract(a, b imap.UIDSet) imap.UIDSet {
	var out imap.UIDSet
	for _, r := range a {
		start, whole := r.Start, true
		for _, d := range b {
			if d.Stop < start || d.Start > r.Stop {
				continue
			}
			if d.Start > start {
				out = append(out, imap.UIDRange{Start: start, Stop: d.Start - 1})
			}
			if d.Stop >= r.Stop {
				whole = false
				break
			}
			start = d.Stop + 1
		}
		if whole {
			out = append(out, imap.UIDRange{Start: start, Stop: r.Stop})
		}
	}
	return out
}

// actNow says whether it is time to act. While there is a backlog actions are collected: servers
// need as long for a handful of messages as for a thousand.
func (s *IMAP) actNow() bool {
	const many = 2_000
	pending := s.rec.pending()
	s.mu.Lock()
	defer s.mu.Unlock()
	return pending > 0 && (s.stats.Backlog == 0 || pending >= many || time.Since(s.acted) > s.opts.collect)
}

// Commit implements [Source]. Once the position is stored it returns nil, even where acting
// on the messages fails: that is tried again later, at the next start too.
func (s *IMAP) Commit(ctx context.Context, b *Batch, outcomes []Outcome) error {
	p, ok := b.position.(*imapPosition)
	if !ok || p.source != s {
		return errors.New("imap commit: a batch of another source")
	}
	if len(outcomes) != len(b.Messages) {
		return fmt.Errorf("imap commit: %d outcomes for %d messages", len(outcomes), len(b.Messages))
	}
	actions := make([]IMAPAction, len(outcomes))
	for i, outcome := range outcomes {
		if b.Messages[i].Err != nil {
			outcome = Quarantined
		}
		actions[i] = s.opts.action(outcome)
	}
	dropped, err := s.rec.advance(ctx, p, actions)
	if err != nil {
		return s.failed(wrong(doStore, err))
	}
	if dropped > 0 {
		s.notify("an action has failed for so long that %d ranges of messages are left as they are", dropped)
	}
	select {
	case s.committed <- struct{}{}:
	default:
	}
	if !s.actNow() {
		return nil
	}
	ctx, cancel := s.joined(ctx)
	defer cancel()
	if s.acquire(ctx) == nil {
		s.act(ctx)
		s.release()
	}
	return nil
}
