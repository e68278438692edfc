package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// When UIDs lose their meaning, between sessions or within one, all is read again, and that is said once.
func TestIMAPUIDValidity(t *testing.T) {
	noLeaks(t)
	for _, tt := range []struct {
		name    string
		restart bool
		change  func(f *fakeIMAP)
		told    string
	}{
		{"between sessions", true, func(f *fakeIMAP) { f.validity = 8 }, "UIDVALIDITY changed from 7 to 8"},
		{"within one", false, func(f *fakeIMAP) { f.validity = 8 }, "UIDVALIDITY changed from 7 to 8"},
		{"UIDNEXT goes back", true, func(f *fakeIMAP) { delete(f.mails, 3) }, "UIDNEXT went back to 3"},
		{"UIDNEXT goes back within one", false, func(f *fakeIMAP) { delete(f.mails, 3) }, "UIDNEXT went back to 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeIMAP(t, 3)
			var told []string
			opts := f.options()
			opts.Action = IMAPAction{Kind: IMAPSeen}
			opts.Interval = 10 * time.Millisecond
			opts.Start.Now = true // only ever for a mailbox that was not read before
			opts.Notify = func(msg string) { told = append(told, msg) }
			f.uidnext = 1
			pos := &MemoryPositions{}
			s := openIMAP(t, opts, pos)
			drained(t, s)
			f.mu.Lock()
			f.uidnext = 0
			f.mu.Unlock()
			takeIMAP(t, s, 3)
			old := fetchOld(t, s, f)
			f.mu.Lock()
			tt.change(f)
			want := len(f.mails)
			f.mu.Unlock()
			if tt.restart {
				s.Close()
				s = openIMAP(t, opts, pos)
			}
			uids, _ := takeIMAP(t, s, want)
			if uids[0] != "1" || len(uids) != want {
				t.Errorf("then %s", uids)
			}
			stores := len(f.commands("UID STORE"))
			if !tt.restart { // a batch from before moves nothing and does nothing
				commitAll(t, s, old, Bounce)
				if len(f.commands("UID STORE")) != stores {
					t.Error("acted on UIDs of another time")
				}
			}
			drained(t, s)
			if len(told) != 1 || !strings.Contains(told[0], tt.told) {
				t.Errorf("told %q", told)
			}
			s.Close()
			s = openIMAP(t, opts, pos)
			drained(t, s)
		})
	}
}

// fetchOld leaves a batch uncommitted.
func fetchOld(t *testing.T, s *IMAP, f *fakeIMAP) *Batch {
	drained(t, s)
	f.add(9, fakeMail)
	defer f.remove(9)
	return fetchBatch(t, s)
}

func TestIMAPWithoutUIDNEXT(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 3)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		switch {
		case verb == "EXAMINE":
			c.say("* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n%s OK", tag)
			return true
		case verb == "UID SEARCH" && args == "UID *":
			c.say("* SEARCH 3\r\n%s OK", tag)
			return true
		}
		return false
	}
	s := openIMAP(t, f.options(), &MemoryPositions{})
	if uids, _ := takeIMAP(t, s, 3); strings.Join(uids, " ") != "1 2 3" {
		t.Error(uids)
	}
	g := newFakeIMAP(t, 3)
	g.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "EXAMINE" {
			c.say("* 3 EXISTS\r\n%s OK", tag)
		}
		return verb == "EXAMINE"
	}
	if err := openIMAP(t, g.options(), &MemoryPositions{}).Check(context.Background()); err == nil || !strings.Contains(err.Error(), "gives no UIDVALIDITY") {
		t.Error(err)
	}
}

// UIDs that lie far apart do not cost a round trip for each gap.
func TestIMAPSparseUIDs(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 0)
	uids := []uint32{1, 5_000, 4_000_000, 1_000_000_000, 1<<32 - 2}
	for _, uid := range uids {
		f.add(uid, fakeMail)
	}
	f.uidnext = 1<<32 - 1
	s := openIMAP(t, f.options(), &MemoryPositions{})
	got, _ := takeIMAP(t, s, len(uids))
	for i, uid := range uids {
		if got[i] != fmt.Sprint(uid) {
			t.Fatalf("got %s", got)
		}
	}
	if n := len(f.commands("UID SEARCH")); n > 25 {
		t.Errorf("%d searches", n)
	}
	drained(t, s)
}

// A mailbox of a million messages starts at once, in little memory, and resumes in the middle.
func TestIMAPMillion(t *testing.T) {
	noLeaks(t)
	const n = 1_000_000
	f := newFakeIMAP(t, 0)
	var most atomic.Int64
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		set, _, _ := strings.Cut(strings.TrimPrefix(args, "UID "), " ")
		from, to, _ := strings.Cut(set, ":")
		a, _ := strconv.Atoi(from)
		b, err := strconv.Atoi(to)
		if err != nil {
			b = a
		}
		switch verb {
		case "EXAMINE":
			c.say("* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT %d] ok\r\n%s OK", n, n+1, tag)
		case "UID SEARCH":
			most.Store(max(most.Load(), int64(b-a)))
			var line strings.Builder
			line.WriteString("* SEARCH")
			for i := a; i <= b; i++ {
				fmt.Fprintf(&line, " %d", i)
			}
			c.say("%s\r\n%s OK", line.String(), tag)
		case "UID FETCH":
			if !strings.Contains(args, "BODY") {
				c.say("* %d FETCH (UID %d INTERNALDATE \"17-Jul-2026 02:44:25 -0700\")\r\n%s OK", a, a, tag)
				return true
			}
			var out strings.Builder
			for i := a; i <= b; i++ {
				fmt.Fprintf(&out, "* %d FETCH (UID %d RFC822.SIZE %d BODY[]<0> {%d}\r\n%s)\r\n", i, i, len(fakeMail), len(fakeMail), fakeMail)
			}
			io.WriteString(c, out.String())
			c.say("%s OK", tag)
		default:
			return false
		}
		return true
	}
	pos := &MemoryPositions{}
	start := time.Now()
	s := openIMAP(t, f.options(), pos)
	b := fetchBatch(t, s)
	if n := len(f.commands("UID SEARCH", "UID FETCH")); n > 5 {
		t.Errorf("%d commands for the first batch", n)
	}
	commitAll(t, s, b, Bounce)
	st := s.Stats()
	if st.Backlog != n-int64(len(b.Messages)) || !st.Exact || st.Oldest.IsZero() {
		t.Errorf("%+v", st)
	}
	total := len(b.Messages)
	read := func(upTo int) {
		for total < upTo {
			b := fetchBatch(t, s)
			for _, m := range b.Messages {
				total++
				if !strings.HasSuffix(m.Source, ";UID="+strconv.Itoa(total)) {
					t.Fatalf("message %d: %s", total, m.Source)
				}
			}
			commitAll(t, s, b, Bounce)
		}
	}
	read(6_000)
	var ms runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&ms)
	if ms.HeapAlloc > 64<<20 {
		t.Errorf("heap: %d bytes", ms.HeapAlloc)
	}
	s.Close()
	s = openIMAP(t, f.options(), pos)
	read(9_000)
	if most.Load() > 10_000 {
		t.Errorf("a search over %d messages", most.Load())
	}
	t.Logf("first batch and %d messages in %v, heap %d KiB, %d searches", total, time.Since(start), ms.HeapAlloc>>10, len(f.commands("UID SEARCH")))
}

// A server that offers IDLE and does not keep to it is noticed, told of once, and polled. Later it is tried again.
func TestIMAPIDLEFails(t *testing.T) {
	noLeaks(t)
	for _, answer := range []string{"", "NO not now"} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			f := newFakeIMAP(t, 1)
			f.caps = "IMAP4rev1 IDLE"
			f.on = func(c *fakeConn, tag, verb, args string) bool {
				if verb == "IDLE" && answer != "" {
					c.say("%s %s", tag, answer)
				}
				return verb == "IDLE"
			}
			told := make(chan string, 10)
			opts := f.options()
			opts.NoIDLE, opts.Timeout, opts.Interval = false, 2*time.Second, 200*time.Millisecond
			opts.Notify = func(msg string) { told <- msg }
			s := openIMAP(t, opts, &MemoryPositions{})
			takeIMAP(t, s, 1)
			got := make(chan error)
			go func() {
				for range 2 {
					b, err := s.Fetch(short(t, patience))
					if err == nil {
						commitAll(t, s, b, Bounce)
					}
					got <- err
				}
			}()
			if msg := <-told; !strings.Contains(msg, "IDLE") || !strings.Contains(msg, "polling only") || strings.Contains(msg, "\n") {
				t.Errorf("told %q", msg)
			}
			for uid := range uint32(2) {
				f.add(2+uid, fakeMail)
				if err := <-got; err != nil {
					t.Fatal(err)
				}
			}
			if len(told) > 0 || len(f.commands("IDLE")) != 1 {
				t.Errorf("told %d times more, %q", len(told), f.commands("IDLE"))
			}
			s.Close()

			opts.idleRetry = 10 * time.Millisecond
			s = openIMAP(t, opts, &MemoryPositions{})
			takeIMAP(t, s, 3)
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				_, err := s.Fetch(ctx)
				got <- err
			}()
			<-told
			eventually(t, "IDLE is tried again", func() bool { return len(f.commands("IDLE")) > 3 })
			cancel()
			<-got
			if len(told) > 0 {
				t.Errorf("told again: %q", <-told)
			}
		})
	}
}

// IDLE is ended and begun anew in cycles; a server that drops the connection within it is not asked in a loop,
// and one that falls silent is noticed when the cycle ends.
func TestIMAPIDLECycles(t *testing.T) {
	noLeaks(t)
	const interval, cycle = 100 * time.Millisecond, 30 * time.Millisecond
	for _, tt := range []struct {
		name    string
		idle    func(c *fakeConn, tag string)
		timeout time.Duration
		every   time.Duration // IDLE at the most
		stays   bool          // one connection is enough
	}{
		{"cycles", nil, testTimeout, cycle, true},
		{"drops", func(c *fakeConn, tag string) { c.say("+ idling"); c.Close() }, testTimeout, interval * 9 / 10, false},
		{"half-open", func(c *fakeConn, tag string) { c.say("+ idling"); io.Copy(io.Discard, c) }, time.Second, interval * 9 / 10, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFakeIMAP(t, 0)
			f.caps = "IMAP4rev1 IDLE"
			f.on = func(c *fakeConn, tag, verb, args string) bool {
				if verb == "IDLE" && tt.idle != nil {
					tt.idle(c, tag)
					return true
				}
				return false
			}
			opts := f.options()
			opts.NoIDLE, opts.Interval, opts.idleCycle, opts.Timeout = false, interval, cycle, tt.timeout
			s := openIMAP(t, opts, &MemoryPositions{})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			start := time.Now()
			go func() {
				_, err := s.Fetch(ctx)
				ended <- err
			}()
			eventually(t, "it has asked three times", func() bool { return len(f.commands("IDLE")) >= 3 })
			n, most := len(f.commands("IDLE")), int(time.Since(start)/tt.every)+1
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			if n > most {
				t.Errorf("%d IDLE where %d were due", n, most)
			}
			if n := len(f.commands("LOGIN")); tt.stays && n > 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// A connection that died between two polls is replaced without an error.
func TestIMAPStaleConnection(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	opts := f.options()
	opts.Interval = 50 * time.Millisecond
	s := openIMAP(t, opts, &MemoryPositions{})
	takeIMAP(t, s, 1)
	f.cut()
	f.add(2, fakeMail)
	if b := fetchBatch(t, s); len(b.Messages) != 1 {
		t.Fatal(b)
	}
	if st := s.Stats(); st.Errors != 0 || st.Reconnects != 1 {
		t.Errorf("%+v", st)
	}
}

// The session ends cleanly wherever Fetch is, and says so.
func TestIMAPClose(t *testing.T) {
	noLeaks(t)
	for _, at := range []string{"EXAMINE", "UID FETCH", "IDLE", "nowhere"} {
		t.Run(at, func(t *testing.T) {
			f := newFakeIMAP(t, 1)
			f.caps = "IMAP4rev1 IDLE"
			reached := make(chan bool, 10)
			f.on = func(c *fakeConn, tag, verb, args string) bool {
				if verb != at {
					return false
				}
				if at == "IDLE" {
					c.say("+ idling")
				}
				reached <- true
				io.Copy(io.Discard, c)
				return true
			}
			opts := f.options()
			opts.NoIDLE, opts.Interval = at != "IDLE", time.Hour
			s := openIMAP(t, opts, &MemoryPositions{})
			done := make(chan error, 1)
			go func() {
				for {
					if _, err := s.Fetch(context.Background()); err != nil {
						done <- err
						return
					}
				}
			}()
			if at == "nowhere" {
				time.Sleep(100 * time.Millisecond)
			} else {
				<-reached
			}
			start := time.Now()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if err := <-done; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Fetch: %v", err)
			}
			if took := time.Since(start); took > testTimeout*2/3 {
				t.Errorf("Close took %v", took)
			}
			if _, err := s.Fetch(context.Background()); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Fetch after Close: %v", err)
			}
		})
	}
}

// Two workers on one mailbox: nothing is lost, and each message is seen at most twice.
func TestIMAPTwoWorkers(t *testing.T) {
	noLeaks(t)
	a := newAccount(t)
	const n = 120
	for range n {
		a.append(fakeMail)
	}
	a.opts.Action, a.opts.Batch = IMAPAction{IMAPMove, a.opts.Mailbox + "-done"}, 7
	a.opts.Interval = 20 * time.Millisecond
	t.Cleanup(func() { a.client().Delete(a.opts.Mailbox + "-done").Wait() })
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 2 {
		s := openIMAP(t, a.opts, &MemoryPositions{})
		wg.Go(func() {
			defer s.Close()
			for ctx.Err() == nil {
				b, err := s.Fetch(ctx)
				if err != nil {
					continue
				}
				mu.Lock()
				for _, m := range b.Messages {
					seen[m.Source]++
				}
				mu.Unlock()
				if err := s.Commit(context.Background(), b, make([]Outcome, len(b.Messages))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	eventually(t, "the mailbox is empty", func() bool { return len(a.flags(a.opts.Mailbox)) == 0 })
	cancel()
	wg.Wait()
	for uri, times := range seen {
		if times > 2 {
			t.Errorf("%s: %d times", uri, times)
		}
	}
	if left := a.flags(a.opts.Mailbox); len(seen) != n || len(left) != 0 {
		t.Errorf("%d of %d messages seen, %d left", len(seen), n, len(left))
	}
	if moved := a.flags(a.opts.Mailbox + "-done"); len(moved) < n {
		t.Errorf("%d of %d messages in the folder", len(moved), n)
	}
}

func TestIMAPRate(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 20)
	opts := f.options()
	opts.Batch, opts.MaxPerSecond = 5, 50
	s := openIMAP(t, opts, &MemoryPositions{})
	start := time.Now()
	takeIMAP(t, s, 20)
	if took := time.Since(start); took < 250*time.Millisecond {
		t.Errorf("20 messages in %v", took)
	}
	if r := s.Stats().Rate; r < 0.2 || r > 0.4 {
		t.Errorf("rate %v over a minute", r)
	}
}

func TestIMAPSchedule(t *testing.T) {
	now := time.Now()
	var all []time.Duration
	for range 100 {
		all = append(all, intervalSchedule{time.Minute}.Next(now).Sub(now))
	}
	if lo, hi := slices.Min(all), slices.Max(all); lo < 54*time.Second || hi > 66*time.Second || hi-lo < 3*time.Second {
		t.Errorf("from %v to %v", lo, hi)
	}
}
