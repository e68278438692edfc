package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// imapScan is how far reading has come in this process.
type imapScan struct {
	selected bool
	pollDue  bool
	polled   time.Time
	validity uint32
	gen      int
	end      imap.UID // UIDNEXT as the server last said
	next     imap.UID // the first UID not dealt with
	handed   imap.UID // where the last batch ends
	searched imap.UID // below it nothing is left but todo
	todo     []imap.UID
	window   uint32 // UIDs to search at once

	estimate  int64 // bytes that a message is expected to have
	notBefore time.Time
	suspect   imapSuspect
	noDate    bool // the server's INTERNALDATE cannot be read
}

// The bounds of one search: the answer names each message, and UIDs can lie far apart.
const (
	firstWindow   = 2_000
	longestSearch = 1 << 31
)

// open makes sure of a connection, selects the mailbox and sees what is new.
func (s *IMAP) open(ctx context.Context) error {
	s.scan.selected = false
	if s.sess != nil && s.sess.dead() {
		s.drop()
	}
	if s.sess != nil {
		err := s.poll(ctx)
		if err == nil || !s.sess.dead() || ctx.Err() != nil {
			return err
		}
		// A connection that lay idle may be gone; that is no failure yet.
		s.drop()
	}
	if err := s.connect(ctx); err != nil {
		return err
	}
	return s.poll(ctx)
}

// imapRefusal remembers that the server refused to sign in: asking on and on locks accounts.
type imapRefusal struct {
	err    error
	secret imapSecret
	times  int
	until  time.Time
}

func (s *IMAP) connect(ctx context.Context) error {
	if r := &s.refused; r.err != nil && time.Now().Before(r.until) {
		if secret, err := s.opts.secret(ctx, ""); err == nil && secret == r.secret {
			return r.err
		}
	}
	sess, err := dialIMAP(ctx, &s.opts, s.spoke)
	if isRefusal(err) {
		s.refused.err, s.refused.times = err, s.refused.times+1
		s.refused.secret, _ = s.opts.secret(ctx, "")
		s.refused.until = time.Now().Add(min(30*time.Second<<min(s.refused.times-1, 6), 15*time.Minute))
	}
	if err != nil {
		return err
	}
	s.refused = imapRefusal{}
	s.sess = sess
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Connected = true
	if s.connectedOnce {
		s.stats.Reconnects++
	}
	s.connectedOnce = true
	return nil
}

// spoke is called from the connection's reader when the server tells of messages.
func (s *IMAP) spoke() {
	select {
	case s.hint <- struct{}{}:
	default:
	}
}

// poll selects the mailbox anew, so that UIDVALIDITY is seen each time, and looks for new UIDs.
func (s *IMAP) poll(ctx context.Context) error {
	var data *imap.SelectData
	err := s.sess.do(ctx, func() (err error) {
		data, err = s.sess.client.Select(s.opts.Mailbox, &imap.SelectOptions{ReadOnly: s.opts.readOnly()}).Wait()
		return err
	})
	if err != nil {
		return wrong(doOpen, err)
	}
	if data.UIDValidity == 0 {
		return wrong(doOpen, fmt.Errorf("%w: the server gives no UIDVALIDITY", ErrMisconfigured))
	}
	s.acting.permanent = data.PermanentFlags
	end := data.UIDNext
	if end == 0 && data.NumMessages > 0 {
		if end, err = s.highest(ctx); err != nil {
			return wrong(doSearch, err)
		}
		end++
	}
	if err := s.locate(ctx, data.UIDValidity, end); err != nil {
		return err
	}
	s.scan.end = max(end, s.scan.next)
	s.scan.selected, s.scan.pollDue, s.scan.polled = true, false, time.Now()
	s.look(ctx, data.NumMessages)
	if err := s.suspicions(ctx); err != nil {
		return wrong(doLoad, err)
	}
	s.act(ctx)
	if err := s.sess.conn.why(); err != nil {
		return wrong(doSearch, err)
	}
	return nil
}

// highest gives the greatest UID, for servers that do not tell UIDNEXT.
func (s *IMAP) highest(ctx context.Context) (imap.UID, error) {
	found, err := s.sess.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{{imap.UIDRange{}}}})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	return found[len(found)-1].Stop, nil
}

// locate makes the stored position that of the mailbox as it is now.
func (s *IMAP) locate(ctx context.Context, validity uint32, end imap.UID) error {
	found, err := s.rec.load(ctx)
	if err != nil {
		return wrong(doLoad, err)
	}
	rec, gen := s.rec.current()
	fresh := imapRecord{UIDValidity: validity}
	switch {
	case !found:
		if fresh.UID, err = s.startUID(ctx, end); err != nil {
			return err
		}
		err = s.rec.begin(ctx, fresh, fresh.UID > 0)
	case rec.UIDValidity != validity:
		s.notify("UIDVALIDITY changed from %d to %d: all messages are read again%s", rec.UIDValidity, validity, forgotten(s.rec.pending()))
		err = s.rec.begin(ctx, fresh, false)
	case end != 0 && (end <= rec.UID || s.scan.gen == gen && end < s.scan.next):
		s.notify("UIDNEXT went back to %d though UIDVALIDITY is the same: all messages are read again", end)
		err = s.rec.begin(ctx, fresh, false)
	}
	if err != nil {
		return wrong(doStore, err)
	}
	rec, gen = s.rec.current()
	if s.scan.gen != gen || s.scan.next == 0 {
		s.scan = imapScan{
			validity: validity, gen: gen, next: rec.UID + 1, searched: rec.UID + 1, window: firstWindow,
			estimate: int64(s.opts.MaxBytes), notBefore: s.scan.notBefore, noDate: s.scan.noDate,
			suspect: imapSuspect{loaded: s.scan.suspect.loaded},
		}
	}
	return nil
}

// forgotten tells of actions whose messages cannot be named any more.
func forgotten(pending int) string {
	if pending == 0 {
		return ""
	}
	return fmt.Sprintf(", and what was left to do with %d of them is dropped", pending)
}

// startUID is the last UID to be skipped in a mailbox that is read for the first time.
func (s *IMAP) startUID(ctx context.Context, end imap.UID) (imap.UID, error) {
	if end <= 1 {
		return 0, nil
	}
	if s.opts.Start.Now {
		return end - 1, nil
	}
	if s.opts.Start.Since.IsZero() {
		return 0, nil
	}
	window := uint64(50_000)
	for from := uint64(1); from < uint64(end); {
		to := min(from+window-1, uint64(end)-1)
		found, err := s.sess.search(ctx, &imap.SearchCriteria{
			UID:   []imap.UIDSet{{imap.UIDRange{Start: imap.UID(from), Stop: imap.UID(to)}}},
			Since: s.opts.Start.Since,
		})
		if err != nil {
			return 0, wrong(doSearch, err)
		}
		if len(found) > 0 {
			return found[0].Start - 1, nil
		}
		from, window = to+1, min(window*4, longestSearch)
	}
	return end - 1, nil
}

// look notes for Stats how much there is to do, and since when.
func (s *IMAP) look(ctx context.Context, exists uint32) {
	backlog, exact := int64(0), true
	if s.scan.next < s.scan.end {
		backlog, exact = s.count(ctx, exists)
	}
	var oldest time.Time
	if backlog > 0 {
		oldest = s.oldest(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.LastPoll = time.Now()
	s.stats.Backlog, s.stats.Exact, s.stats.Oldest = backlog, exact, oldest
}

func (s *IMAP) count(ctx context.Context, exists uint32) (int64, bool) {
	most := min(int64(s.scan.end-s.scan.next), int64(exists))
	if s.scan.next == 1 {
		return int64(exists), true
	}
	if !s.sess.caps.Has(imap.CapESearch) {
		return most, false
	}
	var n uint32
	err := s.sess.do(ctx, func() error {
		data, err := s.sess.client.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{{imap.UIDRange{Start: s.scan.next, Stop: s.scan.end - 1}}}},
			&imap.SearchOptions{ReturnCount: true}).Wait()
		n = data.Count
		return err
	})
	if err != nil {
		return most, false
	}
	return int64(n), true
}

// oldest asks when the first message that is left arrived.
func (s *IMAP) oldest(ctx context.Context) time.Time {
	if s.scan.noDate {
		return time.Time{}
	}
	if err := s.refill(ctx); err != nil || len(s.scan.todo) == 0 {
		return time.Time{}
	}
	uid := s.scan.todo[0]
	c := newIMAPCollector(s.sess.conn, []imap.UID{uid}, 0, 0)
	err := s.sess.collected(ctx, c, func() *imapclient.FetchCommand {
		return s.sess.client.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, InternalDate: true})
	})
	if err != nil && !isNo(err) && ctx.Err() == nil {
		s.scan.noDate = true // whatever it was, this must not be what keeps a mailbox from being read
		return time.Time{}
	}
	return c.bodies[uid].date
}

// refill searches window by window until there is something to read.
func (s *IMAP) refill(ctx context.Context) error {
	sc := &s.scan
	for len(sc.todo) == 0 && sc.searched < sc.end {
		from := sc.searched
		to := imap.UID(min(uint64(from)+uint64(sc.window)-1, uint64(sc.end)-1))
		found, err := s.sess.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{{imap.UIDRange{Start: from, Stop: to}}}})
		if err != nil {
			sc.window = max(sc.window/16, firstWindow)
			return wrong(doSearch, err)
		}
		n := 0
		for _, r := range found {
			// What was not asked for is not believed.
			for uid := uint64(max(r.Start, from)); uid <= uint64(min(r.Stop, to)); uid++ {
				sc.todo = append(sc.todo, imap.UID(uid))
				n++
			}
		}
		sc.searched = to + 1
		switch {
		case n < firstWindow/8:
			sc.window = min(sc.window*4, longestSearch)
		case n > firstWindow*4:
			sc.window = max(sc.window/8, firstWindow)
		}
	}
	return nil
}
