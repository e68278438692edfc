package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

func TestIMAPActions(t *testing.T) {
	noLeaks(t)
	outcomes := []Outcome{Bounce, Other, Unreadable, Quarantined, Complaint, Delay}
	for _, tt := range []struct {
		name      string
		action    IMAPAction
		byOutcome map[Outcome]IMAPAction
		caps      []imap.Cap
		want      string // flags of what is left, by message
		folder    int    // messages in the folder
	}{
		{name: "keep", want: "|||||"},
		{name: "seen", action: IMAPAction{Kind: IMAPSeen}, want: `\seen|\seen|\seen|\seen|\seen|\seen`},
		{name: "keyword", action: IMAPAction{IMAPKeyword, "$Done"}, want: "$done|$done|$done|$done|$done|$done"},
		{name: "move", action: IMAPAction{IMAPMove, "/done"}, want: "", folder: 6},
		{name: "delete", action: IMAPAction{Kind: IMAPDelete}, want: "||"},
		{name: "each", action: IMAPAction{Kind: IMAPSeen}, byOutcome: map[Outcome]IMAPAction{
			Bounce: {Kind: IMAPDelete}, Other: {}, Complaint: {IMAPMove, "/done"}, Delay: {IMAPMove, "/done"},
		}, want: `|\seen|\seen`, folder: 2},
		{name: "move without MOVE", action: IMAPAction{IMAPMove, "/done"}, caps: []imap.Cap{imap.CapIMAP4rev1, imap.CapUIDPlus}, want: "", folder: 6},
		{name: "move without MOVE and UIDPLUS", action: IMAPAction{IMAPMove, "/done"}, caps: []imap.Cap{imap.CapIMAP4rev1},
			want: `\deleted|\deleted|\deleted|\deleted|\deleted|\deleted`, folder: 6},
		{name: "delete without UIDPLUS", action: IMAPAction{Kind: IMAPDelete}, caps: []imap.Cap{imap.CapIMAP4rev1},
			want: `\deleted||||\deleted|\deleted`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(t, tt.caps...)
			folder := a.opts.Mailbox + "-done"
			named := func(act IMAPAction) IMAPAction {
				if act.Name == "/done" {
					act.Name = folder
				}
				return act
			}
			t.Cleanup(func() { a.client().Delete(folder).Wait() })
			a.opts.Action = named(tt.action)
			a.opts.Actions = map[Outcome]IMAPAction{}
			for o, act := range tt.byOutcome {
				a.opts.Actions[o] = named(act)
			}
			for range outcomes {
				a.append(fakeMail)
			}
			pos := &MemoryPositions{}
			s := openIMAP(t, a.opts, pos)
			b := fetchBatch(t, s)
			if len(b.Messages) != len(outcomes) {
				t.Fatalf("%d messages", len(b.Messages))
			}
			for range 2 { // a repeat changes nothing
				if err := s.Commit(context.Background(), b, outcomes); err != nil {
					t.Fatal(err)
				}
			}
			if got := strings.Join(a.flags(a.opts.Mailbox), "|"); got != tt.want {
				t.Errorf("left: %s, want %s", got, tt.want)
			}
			if tt.folder > 0 {
				if n := len(a.flags(folder)); n != tt.folder {
					t.Errorf("%d messages in the folder, want %d", n, tt.folder)
				}
			}
			if st := s.Stats(); st.Pending != 0 || st.Errors != 0 {
				t.Errorf("%+v", st)
			}
			drained(t, s)
		})
	}
}

// What another client has flagged as deleted stays.
func TestIMAPExpungesOnlyItsOwn(t *testing.T) {
	noLeaks(t)
	a := newAccount(t)
	a.append(fakeMail, fakeMail)
	if _, err := a.c.Select(a.opts.Mailbox, nil).Wait(); err != nil {
		t.Fatal(err)
	}
	if err := a.c.Store(imap.UIDSetNum(1), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagDeleted}}, nil).Close(); err != nil {
		t.Fatal(err)
	}
	a.opts.Action = IMAPAction{Kind: IMAPDelete}
	s := openIMAP(t, a.opts, &MemoryPositions{})
	b := fetchBatch(t, s)
	if err := s.Commit(context.Background(), b, []Outcome{Other, Bounce}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(a.flags(a.opts.Mailbox), "|"); got != `\deleted` {
		t.Errorf("left: %q", got)
	}
}

func TestIMAPActionNeedsNoMoreThanItsName(t *testing.T) {
	for text, want := range map[string]string{
		"keep": "keep", "seen": "seen", " keyword  $Bounced ": "keyword $Bounced", "move Done/2026 and later": "move Done/2026 and later", "delete": "delete",
		"": "!", "purge": "!", "move": "!", "keyword": "!", "keyword a b": "!", "delete all": "!", "keyword (": "!",
	} {
		a, err := ParseIMAPAction(text)
		if err != nil {
			if want != "!" {
				t.Errorf("%q: %v", text, err)
			}
		} else if a.String() != want {
			t.Errorf("%q: %q, want %q", text, a, want)
		}
	}
	_, err := NewIMAP(IMAPOptions{Address: "mail.example.com", Username: "u", Password: secret(""),
		Actions: map[Outcome]IMAPAction{Unreadable: {Kind: IMAPDelete}}}, &MemoryPositions{})
	if err == nil || !strings.Contains(err.Error(), "refused for unreadable") {
		t.Errorf("delete of unreadable: %v", err)
	}
}

// An action that fails is told once, blocks nothing, is kept over restarts, and is done in the end.
func TestIMAPFailingAction(t *testing.T) {
	noLeaks(t)
	for _, tt := range []struct{ name, caps, verb, answer, told string }{
		{"MOVE, full folder", "IMAP4rev1 MOVE UIDPLUS", "UID MOVE", "NO [OVERQUOTA] full", "make room"},
		{"COPY, full folder", "IMAP4rev1 UIDPLUS", "UID COPY", "NO [OVERQUOTA] full", "make room"},
		{"MOVE without words", "IMAP4rev1 MOVE UIDPLUS", "UID MOVE", "NO", "move Done"},
		{"COPY, cut", "IMAP4rev1 UIDPLUS", "UID COPY", "", "move Done"},
		{"STORE after COPY", "IMAP4rev1 UIDPLUS", "UID STORE", "NO [SERVERBUG] no", "problem of its own"},
		{"EXPUNGE after COPY", "IMAP4rev1 UIDPLUS", "UID EXPUNGE", "BAD what", "do delete"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeIMAP(t, 3)
			f.caps = tt.caps
			var mu sync.Mutex
			failing := true
			f.on = func(c *fakeConn, tag, verb, args string) bool {
				mu.Lock()
				defer mu.Unlock()
				if verb != tt.verb || !failing {
					return false
				}
				if tt.answer == "" {
					c.Close()
				}
				c.say("%s %s", tag, tt.answer)
				return true
			}
			var told []string
			opts := f.options()
			opts.Action = IMAPAction{IMAPMove, "Done"}
			opts.actionDelay = time.Millisecond
			opts.Notify = func(msg string) { told = append(told, msg) }
			pos := &MemoryPositions{}
			s := openIMAP(t, opts, pos)
			takeIMAP(t, s, 3)
			f.add(4, fakeMail)
			f.add(5, fakeMail)
			s.Close()

			s = openIMAP(t, opts, pos) // the position is stored, and fetching goes on
			if uids, _ := takeIMAP(t, s, 2); strings.Join(uids, " ") != "4 5" {
				t.Fatalf("then %s", uids)
			}
			if st := s.Stats(); st.Pending != 5 || st.LastError == "" {
				t.Errorf("%+v", st)
			}
			if len(told) != 2 || !strings.Contains(told[0], tt.told) || strings.Contains(told[0], "\n") {
				t.Errorf("told: %q", told)
			}
			if tt.verb != "UID EXPUNGE" && len(f.commands("UID EXPUNGE")) > 0 || tt.verb == "UID COPY" && len(f.commands("UID STORE")) > 0 {
				t.Errorf("removed what was not moved: %q", f.commands("UID"))
			}
			if len(f.commands("EXPUNGE")) > 0 {
				t.Errorf("expunged for others")
			}
			s.Close()
			mu.Lock()
			failing = false
			mu.Unlock()
			s = openIMAP(t, opts, pos)
			drained(t, s)
			if st := s.Stats(); st.Pending != 0 {
				t.Errorf("pending: %+v", st)
			}
			last := f.commands(tt.verb)
			if tt.verb == "UID STORE" || tt.verb == "UID EXPUNGE" {
				if copies := f.commands("UID COPY"); len(copies) != 2 {
					t.Errorf("copied again: %q", copies)
				}
			} else if got := last[len(last)-1]; !strings.Contains(got, "1:5") {
				t.Errorf("done at last: %q", got)
			}
		})
	}
}

// While there is a backlog, actions are collected; none is left over.
func TestIMAPActionsAreCollected(t *testing.T) {
	noLeaks(t)
	for _, early := range []bool{false, true} {
		f := newFakeIMAP(t, 50)
		f.caps = "IMAP4rev1 MOVE"
		opts := f.options()
		opts.Batch, opts.Action, opts.collect = 5, IMAPAction{IMAPMove, "Done"}, time.Hour
		pos := &MemoryPositions{}
		s := openIMAP(t, opts, pos)
		n := 50
		if early {
			n = 40
		}
		takeIMAP(t, s, n)
		if early {
			s.Close()
		}
		moves := f.commands("UID MOVE")
		moved := imap.UIDSet{}
		for _, m := range moves {
			var from, to imap.UID
			fmt.Sscanf(m, "UID MOVE %d:%d", &from, &to)
			moved.AddRange(from, to)
		}
		if want := fmt.Sprint("1:", n); moved.String() != want || len(moves) > 3 {
			t.Errorf("moved %s in %d commands, want %s", moved, len(moves), want)
		}
		if st := s.Stats(); st.Pending != 0 {
			t.Errorf("%+v", st)
		}
	}
}

// A server that takes its MOVE back in mid session does not make the library fall back to one that loses mail.
func TestIMAPMoveTakenBack(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	f.caps = "IMAP4rev1 MOVE"
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		switch verb {
		case "UID FETCH":
			c.say("* OK [CAPABILITY IMAP4rev1] changed")
		case "UID COPY":
			c.say("%s NO [OVERQUOTA] full", tag)
			return true
		}
		return false
	}
	opts := f.options()
	opts.Action = IMAPAction{IMAPMove, "Done"}
	takeIMAP(t, openIMAP(t, opts, &MemoryPositions{}), 1)
	if got := f.commands("UID STORE", "EXPUNGE", "UID EXPUNGE"); len(got) > 0 {
		t.Errorf("removed: %q", got)
	}
}

// A Commit ends a running IDLE, acts, and IDLE goes on.
func TestIMAPCommitDuringIDLE(t *testing.T) {
	noLeaks(t)
	a := newAccount(t)
	a.append(fakeMail)
	a.opts.NoIDLE, a.opts.Interval, a.opts.Action = false, time.Hour, IMAPAction{Kind: IMAPSeen}
	s := openIMAP(t, a.opts, &MemoryPositions{})
	b := fetchBatch(t, s)
	got := make(chan *Batch)
	go func() {
		b, _ := s.Fetch(short(t, patience))
		got <- b
	}()
	time.Sleep(150 * time.Millisecond) // most of the time IDLE runs by now
	start := time.Now()
	commitAll(t, s, b, Bounce)
	if took := time.Since(start); took > patience {
		t.Errorf("the commit took %v", took)
	}
	if flags := a.flags(a.opts.Mailbox); flags[0] != `\seen` {
		t.Errorf("flags: %q", flags)
	}
	for {
		a.append(fakeMail) // more than one: the server in memory forgets what comes while its IDLE starts
		select {
		case b := <-got:
			if b == nil || len(b.Messages) == 0 {
				t.Fatalf("%+v", b)
			}
			return
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// A position that cannot be stored marks nothing done.
func TestIMAPPositionFails(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 2)
	pos := &brokenPositions{}
	opts := f.options()
	opts.Action = IMAPAction{Kind: IMAPSeen}
	s := openIMAP(t, opts, pos)
	b := fetchBatch(t, s)
	pos.full = true
	err := s.Commit(context.Background(), b, []Outcome{Bounce, Bounce})
	if err == nil || !strings.Contains(err.Error(), "store the position: disk full") {
		t.Fatal(err)
	}
	if got := f.commands("UID STORE"); len(got) > 0 {
		t.Errorf("acted: %q", got)
	}
	pos.full = false
	commitAll(t, s, b, Bounce)
	if got := f.commands("UID STORE"); len(got) != 1 {
		t.Errorf("then: %q", got)
	}
}

type brokenPositions struct {
	MemoryPositions
	full bool
}

func (p *brokenPositions) Store(ctx context.Context, key string, position []byte) error {
	if p.full {
		return errors.New("disk full")
	}
	return p.MemoryPositions.Store(ctx, key, position)
}

func TestIMAPSubtract(t *testing.T) {
	set := func(nums ...imap.UID) (s imap.UIDSet) { s.AddNum(nums...); return s }
	for _, tt := range []struct{ a, b, want imap.UIDSet }{
		{set(1, 2, 3, 7, 9), set(2, 7), set(1, 3, 9)},
		{set(1, 2, 3), set(1, 2, 3), nil},
		{set(1, 2, 3), set(4), set(1, 2, 3)},
		{set(5, 6, 7, 8), set(1, 5, 8, 9), set(6, 7)},
		{set(1<<32 - 1), set(1<<32 - 1), nil},
		{set(1<<32-2, 1<<32-1), set(1<<32 - 2), set(1<<32 - 1)},
	} {
		if got := subtract(tt.a, tt.b); !slices.Equal(got, tt.want) {
			t.Errorf("%v - %v = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
