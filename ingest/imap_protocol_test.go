package ingest

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// Nothing is asked for but what a server answers in bounded space: no envelopes, no structures, nothing of an empty set; size
// and head of a message come by one FETCH for all of a batch.
func TestIMAPAsksForLittle(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 5)
	opts := f.options()
	opts.Action, opts.Interval = IMAPAction{Kind: IMAPSeen}, 50*time.Millisecond
	s := openIMAP(t, opts, &MemoryPositions{})
	takeIMAP(t, s, 5)
	f.add(6, fakeMail)
	takeIMAP(t, s, 1)
	s.Close()
	bodies := 0
	known := regexp.MustCompile(`^(CAPABILITY|LOGIN \S+ \S+|SELECT "?INBOX"?|LOGOUT|UID SEARCH UID \d+(:\d+)?|UID STORE \d+(:\d+)? \+FLAGS\.SILENT \(\\Seen\)` +
		`|UID FETCH \d+(:\d+)? \(UID (INTERNALDATE|RFC822\.SIZE BODY\.PEEK\[\]<0\.524288>)\))$`)
	for _, line := range f.commands("") {
		if strings.Contains(line, "BODY") {
			bodies++
		}
		if !known.MatchString(line) {
			t.Errorf("asked for %q", line)
		}
	}
	if bodies != 2 {
		t.Errorf("%d FETCH of bodies for two batches: %q", bodies, f.commands("UID FETCH"))
	}
}

// What a batch holds has been read to its end when it is handed out: however long it waits to be stored, the server
// waits for nobody.
func TestIMAPHoldsNoFetchOpen(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 0)
	const n, size = 8, 400 << 10 // far more than the buffers of a connection
	for uid := range uint32(n) {
		f.add(uid+1, fakeMail+strings.Repeat("x", size))
	}
	sent := make(chan bool, 1)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb != "UID FETCH" || !strings.Contains(args, "BODY") {
			return false
		}
		io.WriteString(c, c.fetchReply(args))
		c.say("%s OK done", tag)
		select {
		case sent <- true:
		default:
		}
		return true
	}
	s := openIMAP(t, f.options(), &MemoryPositions{})
	fetchBatch(t, s)
	select {
	case <-sent:
	case <-time.After(testTimeout):
		t.Error("the server is still sending")
	}
}

// After a refused sign-in the connection is closed: the library's state is not to be relied on.
func TestIMAPRefusedSignInCloses(t *testing.T) {
	noLeaks(t)
	for _, mechanism := range []string{"LOGIN", "PLAIN", "XOAUTH2"} {
		f := newFakeIMAP(t, 1)
		closed := make(chan error, 1)
		f.on = func(c *fakeConn, tag, verb, args string) bool {
			if verb != "AUTHENTICATE" && verb != "LOGIN" {
				return false
			}
			if verb == "AUTHENTICATE" {
				c.say("+ ")
				c.br.ReadString('\n')
			}
			c.say("%s NO [AUTHENTICATIONFAILED] no", tag)
			for {
				line, err := c.br.ReadString('\n')
				if strings.HasSuffix(line, " CAPABILITY\r\n") {
					continue // the library asks by itself, at any time after the greeting
				}
				closed <- err
				return true
			}
		}
		opts := f.options()
		opts.Mechanism = mechanism
		opts.Token = func(context.Context, string) (string, error) { return "token", nil }
		s := openIMAP(t, opts, &MemoryPositions{})
		if err := s.Check(short(t, testTimeout)); !isRefusal(err) {
			t.Errorf("%s: %v", mechanism, err)
		}
		if err := <-closed; err == nil {
			t.Errorf("%s: another command on the same connection", mechanism)
		}
	}
}

// Messages that another client has removed in between keep no action from being done.
func TestIMAPActionsOnVanished(t *testing.T) {
	noLeaks(t)
	for _, action := range []IMAPAction{{Kind: IMAPSeen}, {Kind: IMAPDelete}, {Kind: IMAPMove}} {
		t.Run(action.String(), func(t *testing.T) {
			a := newAccount(t)
			a.append(fakeMail, fakeMail, fakeMail)
			if action.Kind == IMAPMove {
				action.Name = a.opts.Mailbox + "-done"
				t.Cleanup(func() { a.client().Delete(action.Name).Wait() })
			}
			a.opts.Action = action
			s := openIMAP(t, a.opts, &MemoryPositions{})
			b := fetchBatch(t, s)
			a.expunge(1, 2)
			commitAll(t, s, b, Bounce)
			if st := s.Stats(); st.Pending != 0 || st.Errors != 0 {
				t.Errorf("%+v", st)
			}
			want := map[IMAPActionKind]string{IMAPSeen: `\seen`}[action.Kind]
			if got := strings.Join(a.flags(a.opts.Mailbox), "|"); got != want {
				t.Errorf("left: %q, want %q", got, want)
			}
		})
	}
}

// A server that refuses to move because some are gone is told to say which, and asked again.
func TestIMAPMoveOfVanished(t *testing.T) {
	noLeaks(t)
	for _, caps := range []string{"IMAP4rev1 MOVE UIDPLUS", "IMAP4rev1 UIDPLUS"} {
		f := newFakeIMAP(t, 3)
		f.caps = caps
		told := false
		f.on = func(c *fakeConn, tag, verb, args string) bool {
			if verb == "NOOP" {
				told = true
			}
			if told || verb != "UID MOVE" && verb != "UID COPY" {
				return false
			}
			c.say("%s NO [EXPUNGEISSUED] Some of the requested messages no longer exist", tag)
			return true
		}
		opts := f.options()
		opts.Action = IMAPAction{IMAPMove, "Done"}
		s := openIMAP(t, opts, &MemoryPositions{})
		takeIMAP(t, s, 3)
		if st := s.Stats(); st.Pending != 0 || st.Errors != 0 || len(f.commands("UID MOVE", "UID COPY")) != 2 {
			t.Errorf("%s: %+v, %q", caps, st, f.commands("UID"))
		}
	}
}

// expunge removes messages as another client.
func (a *account) expunge(uids ...imap.UID) {
	a.t.Helper()
	c := a.client()
	if _, err := c.Select(a.opts.Mailbox, nil).Wait(); err != nil {
		a.t.Fatal(err)
	}
	if err := c.Store(imap.UIDSetNum(uids...), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
		a.t.Fatal(err)
	}
	if err := c.Expunge().Close(); err != nil {
		a.t.Fatal(err)
	}
	c.Logout().Wait()
}

// A failing action waits longer each time, up to an hour.
func TestIMAPActionBackoff(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	f.caps = "IMAP4rev1 MOVE"
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "UID MOVE" {
			c.say("%s NO [OVERQUOTA] full", tag)
		}
		return verb == "UID MOVE"
	}
	opts := f.options()
	opts.Action = IMAPAction{IMAPMove, "Done"}
	s := openIMAP(t, opts, &MemoryPositions{})
	takeIMAP(t, s, 1)
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute, time.Hour, time.Hour} {
		if wait := time.Until(s.acting.after); wait > want || wait < want-testTimeout {
			t.Errorf("waits %v, want %v", wait, want)
		}
		s.acting.after = time.Time{}
		s.act(short(t, testTimeout))
	}
}

// At set times, without IDLE; and a connection that nobody needs for long is closed.
func TestIMAPCron(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	f.caps = "IMAP4rev1 IDLE"
	opts := f.options()
	opts.NoIDLE, opts.Cron = false, "@every 1s"
	s := openIMAP(t, opts, &MemoryPositions{})
	takeIMAP(t, s, 1)
	f.add(2, fakeMail)
	takeIMAP(t, s, 1)
	s.Close()
	opts.Cron = "@yearly"
	s = openIMAP(t, opts, &MemoryPositions{})
	takeIMAP(t, s, 2)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	logouts := len(f.commands("LOGOUT"))
	go func() {
		_, err := s.Fetch(ctx)
		done <- err
	}()
	eventually(t, "the connection is closed until next year", func() bool { return len(f.commands("LOGOUT")) > logouts })
	cancel()
	<-done
	if n := len(f.commands("IDLE")); n > 0 {
		t.Errorf("%d IDLE", n)
	}
}
