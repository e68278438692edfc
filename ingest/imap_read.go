package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Fetch implements [Source]. It returns what is there and waits when there is nothing; an
// error leaves the place in the mailbox as it was, and the next call connects anew.
func (s *IMAP) Fetch(ctx context.Context) (*Batch, error) {
	ctx, cancel := s.joined(ctx)
	defer cancel()
	for {
		if err := s.pace(ctx); err != nil {
			return nil, err
		}
		b, err := s.batch(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, s.failed(err)
		}
		if b != nil {
			s.counted(b)
			return b, nil
		}
		if err := s.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// pace keeps to the rate limit, and behind a crash to one batch at a time.
func (s *IMAP) pace(ctx context.Context) error {
	if err := s.acquire(ctx); err != nil {
		return err
	}
	until, serial, handed, gen := s.scan.notBefore, s.scan.suspect.serial, s.scan.handed, s.scan.gen
	s.release()
	if err := sleep(ctx, time.Until(until)); err != nil {
		return err
	}
	for serial {
		if rec, g := s.rec.current(); g != gen || rec.UID >= handed {
			break
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.committed:
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// batch gives the next messages, or nil when the mailbox is drained for now.
func (s *IMAP) batch(ctx context.Context) (*Batch, error) {
	if err := s.acquire(ctx); err != nil {
		return nil, err
	}
	defer s.release()
	// A drain of hours is polled through, too: Stats should not look as if nobody asked.
	if s.sess == nil || s.sess.dead() || !s.scan.selected || s.scan.pollDue || time.Since(s.scan.polled) > max(s.opts.Interval, time.Minute) {
		if err := s.open(ctx); err != nil {
			return nil, err
		}
		if s.scan.suspect.wait > 0 {
			wait := s.scan.suspect.wait
			s.scan.suspect.wait = 0
			if err := sleep(ctx, wait); err != nil {
				return nil, err
			}
		}
	}
	for {
		if err := s.refill(ctx); err != nil {
			return nil, err
		}
		if len(s.scan.todo) == 0 {
			s.mu.Lock()
			s.stats.Backlog, s.stats.Oldest = 0, time.Time{}
			s.mu.Unlock()
			s.act(ctx)
			return nil, nil
		}
		b, err := s.read(ctx)
		if err != nil || b != nil {
			return b, err
		}
	}
}

// read reads the first messages of todo. It returns nil when none of them is there any more.
func (s *IMAP) read(ctx context.Context) (*Batch, error) {
	uids := s.plan()
	b := &Batch{}
	pos := &imapPosition{source: s, gen: s.scan.gen}
	b.position = pos
	done := 0
	sus := &s.scan.suspect
	switch {
	case sus.lone == uids[0] && sus.given:
		s.setAside(b, uids[0], fmt.Errorf("reading it broke the connection %d times", sus.fails))
		done, uids = 1, nil
	case len(uids) == 1 && sus.uid == uids[0] && sus.tries >= 2:
		s.setAside(b, uids[0], fmt.Errorf("the process died %d times while it was read", sus.tries))
		done, uids = 1, nil
	}
	if len(uids) > 0 {
		if e, due := s.journalFor(uids); due {
			if err := s.journal.begin(ctx, e); err != nil {
				return nil, wrong(doStore, err)
			}
		}
		if sus.lone == uids[0] && sus.fails > 0 {
			if err := s.witness(ctx); err != nil {
				return nil, wrong(doFetch, err)
			}
		}
		bodies, err := s.sess.fetch(ctx, uids, s.opts.MaxBytes, s.opts.BatchBytes)
		if err != nil {
			if ctx.Err() == nil {
				s.blame(uids, err)
			}
			s.journal.handedOut(s.opts.calmAfter)
			return nil, wrong(doFetch, err)
		}
		n, bytes := s.gather(b, uids, bodies)
		done += n
		s.expect(n, len(uids), bytes)
	}
	last := s.scan.todo[done-1]
	s.scan.todo = s.scan.todo[done:]
	s.scan.next = last + 1
	if s.scan.next > sus.until {
		sus.limit, sus.serial = 0, false
	}
	if len(b.Messages) == 0 {
		return nil, nil
	}
	pos.last, s.scan.handed = last, last
	s.journal.handedOut(s.opts.calmAfter)
	if s.opts.MaxPerSecond > 0 {
		s.scan.notBefore = time.Now().Add(time.Duration(len(b.Messages)) * time.Second / time.Duration(s.opts.MaxPerSecond))
	}
	return b, nil
}

// setAside adds a message without its body.
func (s *IMAP) setAside(b *Batch, uid imap.UID, err error) {
	b.Messages = append(b.Messages, Message{Source: s.source(s.scan.validity, uid), Err: fmt.Errorf("imap: message set aside: %w", err)})
	pos := b.position.(*imapPosition)
	pos.uids = append(pos.uids, uid)
}

// gather makes messages of bodies up to the first that found no room. n is how many UIDs are dealt with.
func (s *IMAP) gather(b *Batch, uids []imap.UID, bodies map[imap.UID]*imapBody) (n int, bytes int64) {
	pos := b.position.(*imapPosition)
	for _, uid := range uids {
		body := bodies[uid]
		switch {
		case body.dropped:
			return n, bytes
		case body.got:
			b.Messages = append(b.Messages, Message{
				Source: s.source(s.scan.validity, uid),
				Raw:    body.raw,
				Size:   max(body.size, body.literal),
			})
			pos.uids = append(pos.uids, uid)
			bytes += int64(len(body.raw))
		case !body.vanish:
			s.setAside(b, uid, errIMAPNoBody)
		}
		n++
	}
	return n, bytes
}

// expect learns how large messages are, so that the next batch is about as large as it may be.
func (s *IMAP) expect(n, asked int, bytes int64) {
	switch {
	case n == 0:
		s.scan.estimate = s.opts.BatchBytes // one message at a time
	case n < asked:
		s.scan.estimate = min(s.opts.BatchBytes, max(s.scan.estimate*2, 2*bytes/int64(n)))
	default:
		s.scan.estimate = max(2*bytes/int64(n), 1<<10)
	}
}

// plan chooses what to read next.
func (s *IMAP) plan() []imap.UID {
	limit := s.opts.Batch
	if sus := &s.scan.suspect; sus.limit > 0 {
		limit = min(limit, sus.limit)
	}
	limit = min(limit, int(max(1, s.opts.BatchBytes/s.scan.estimate)), len(s.scan.todo))
	// UIDs with gaps make a long command line, and servers take no more than 8 KiB of it.
	const mostRanges = 400
	for i, ranges := 1, 1; i < limit; i++ {
		if s.scan.todo[i] != s.scan.todo[i-1]+1 {
			if ranges++; ranges > mostRanges {
				limit = i
			}
		}
	}
	return s.scan.todo[:limit]
}

// witness reads another message before one that broke a connection is tried again: if that works
// and this does not, the fault is the message's. Messages are tried in turn, for there may be
// two bad ones side by side.
func (s *IMAP) witness(ctx context.Context) error {
	sus := &s.scan.suspect
	sus.witnessed = false
	others := s.scan.todo[1:]
	if len(others) == 0 {
		return nil
	}
	uid := others[sus.turn%len(others)]
	sus.turn++
	bodies, err := s.sess.fetch(ctx, []imap.UID{uid}, s.opts.MaxBytes, s.opts.BatchBytes)
	sus.witnessed = err == nil && bodies[uid].got
	return err
}

// blame narrows down after a FETCH that failed: half as many next time, then one at a time.
func (s *IMAP) blame(uids []imap.UID, err error) {
	sus := &s.scan.suspect
	last := uids[len(uids)-1]
	sus.until = max(sus.until, last)
	if len(uids) > 1 {
		sus.limit = max(1, len(uids)/2)
		return
	}
	sus.limit = 1
	if sus.lone != last {
		sus.lone, sus.fails, sus.turn, sus.witnessed = last, 0, 0, false
	}
	sus.fails++
	// Where there is no other message to compare with, an answer that cannot be read is sign
	// enough; a cut connection may be anybody's fault.
	alone := len(s.scan.todo) == 1
	unreadable := errors.Is(err, errIMAPProtocol) || isNo(err)
	sus.given = sus.fails >= 2 && (sus.witnessed || alone && (unreadable || sus.fails >= 5))
}
