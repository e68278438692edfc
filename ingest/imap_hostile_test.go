package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// The connection cut at every byte of the answer to FETCH: what comes out is whole, always.
func TestIMAPCutAtEveryByte(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 2)
	whole := ""
	cut := atomic.Int64{}
	cut.Store(math.MaxInt64)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb != "UID FETCH" || !strings.Contains(args, "BODY") {
			return false
		}
		reply := c.fetchReply(args) + tag + " OK done\r\n"
		if n := cut.Swap(math.MaxInt64); n < int64(len(reply)) {
			io.WriteString(c, reply[:n])
			c.Close()
			return true
		}
		whole = reply
		io.WriteString(c, reply)
		return true
	}
	takeIMAP(t, openIMAP(t, f.options(), &MemoryPositions{}), 2)
	length := len(whole)
	for n := range length {
		s := openIMAP(t, f.options(), &MemoryPositions{})
		cut.Store(int64(n))
		if b, err := s.Fetch(short(t, testTimeout)); err == nil {
			// The server's OK was there to be read, and so was all before it.
			if n < length-len("done\r\n") || len(b.Messages) != 2 || string(b.Messages[0].Raw) != f.mails[1] || string(b.Messages[1].Raw) != f.mails[2] {
				t.Fatalf("cut at %d of %d: %d messages and no error", n, length, len(b.Messages))
			}
			s.Close()
			continue
		} else if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "fetch messages") {
			t.Fatalf("cut at %d: %q", n, err)
		}
		uids, bodies := takeIMAP(t, s, 2)
		if strings.Join(uids, " ") != "1 2" || bodies[0] != f.mails[1] || bodies[1] != f.mails[2] {
			t.Fatalf("cut at %d: then %s %q", n, uids, bodies)
		}
		s.Close()
	}
	t.Logf("%d cuts", length)
}

// Answers that are allowed, and others that are seen: each message arrives, once.
func TestIMAPOddAnswers(t *testing.T) {
	noLeaks(t)
	reply := func(uid int, mail string, format string) string {
		return strings.NewReplacer("#u", fmt.Sprint("UID ", uid), "#z", fmt.Sprint("RFC822.SIZE ", len(mail)), "#n", fmt.Sprint(uid),
			"{}", fmt.Sprintf("{%d}\r\n%s", len(mail), mail)).Replace(format) + "\r\n"
	}
	for _, tt := range []struct {
		name   string
		format []string // of the answer for one message, in turn for each FETCH
		want   string
	}{
		{"body before UID", []string{"* #n FETCH (BODY[]<0> {} #u #z)"}, "1 2 3"},
		{"size first", []string{"* #n FETCH (#z #u BODY[]<0> {})"}, "1 2 3"},
		{"flags before, with UID", []string{"* #n FETCH (#u FLAGS (\\Seen))\r\n* #n FETCH (#u #z BODY[]<0> {})"}, "1 2 3"},
		{"flags after", []string{"* #n FETCH (#u #z BODY[]<0> {})\r\n* #n FETCH (FLAGS (\\Seen $x))"}, "1 2 3"},
		{"in two parts", []string{"* #n FETCH (#u #z)\r\n* #n FETCH (#u BODY[]<0> {})"}, "1 2 3"},
		{"no partial", []string{"* #n FETCH (#u #z BODY[] {})"}, "1 2 3"},
		{"twice", []string{"* #n FETCH (#u #z BODY[]<0> {})\r\n* #n FETCH (#u #z BODY[]<0> {})"}, "1 2 3"},
		{"other data between", []string{"* 3 EXISTS\r\n* #n FETCH (#u #z BODY[]<0> {})\r\n* OK still here\r\n* 0 RECENT"}, "1 2 3"},
		{"NIL, then a body", []string{"* #n FETCH (#u #z BODY[]<0> NIL)", "* #n FETCH (#u #z BODY[]<0> {})"}, "1 2 3"},
		{"nothing, then a body", []string{"* OK busy", "* #n FETCH (#u #z BODY[]<0> {})"}, "1 2 3"},
		{"always NIL", []string{"* #n FETCH (#u #z BODY[]<0> NIL)"}, "1! 2! 3!"},
		{"always nothing", []string{"* OK busy"}, "1! 2! 3!"},
		{"no size", []string{"* #n FETCH (#u BODY[]<0> {})"}, "1 2 3"},
		{"another section", []string{"* #n FETCH (#u #z BODY[TEXT]<0> {} BODY[]<0> {})"}, "1 2 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeIMAP(t, 3)
			turn := 0
			f.on = func(c *fakeConn, tag, verb, args string) bool {
				if verb != "UID FETCH" || !strings.Contains(args, "BODY") {
					return false
				}
				format := tt.format[min(turn, len(tt.format)-1)]
				turn++
				for uid := 1; uid <= 3; uid++ {
					if set, _, _ := strings.Cut(args, " "); inSet(set, uint32(uid)) {
						io.WriteString(c, reply(uid, f.mails[uint32(uid)], format))
					}
				}
				c.say("%s OK done", tag)
				return true
			}
			s := openIMAP(t, f.options(), &MemoryPositions{})
			uids, bodies := takeIMAP(t, s, 3)
			if got := strings.Join(uids, " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			for i, body := range bodies {
				if want := f.mails[uint32(i+1)]; body != want && !strings.HasSuffix(uids[i], "!") {
					t.Errorf("message %s: %q, want %q", uids[i], body, want)
				}
			}
			drained(t, s)
		})
	}
}

// A message that another client has expunged is passed over, on the word of SEARCH alone.
func TestIMAPVanished(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 4)
	f.uidnext = 5
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "UID FETCH" && strings.Contains(args, "BODY") {
			f.remove(2, 4)
		}
		return false
	}
	s := openIMAP(t, f.options(), &MemoryPositions{})
	if uids, _ := takeIMAP(t, s, 2); strings.Join(uids, " ") != "1 3" {
		t.Errorf("got %s", uids)
	}
	drained(t, s)
}

// A server that falls silent, at any point, is left within the timeout, in one line.
func TestIMAPSilentServer(t *testing.T) {
	noLeaks(t)
	for _, at := range []string{"GREETING", "CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH", "UID FETCH"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			f := newFakeIMAP(t, 1)
			var silent atomic.Bool
			silent.Store(true)
			f.on = func(c *fakeConn, tag, verb, args string) bool {
				if verb != at || !silent.Swap(false) {
					return false
				}
				io.Copy(io.Discard, c)
				return true
			}
			opts := f.options()
			opts.Timeout = 2 * time.Second
			s := openIMAP(t, opts, &MemoryPositions{})
			if _, err := s.Fetch(short(t, patience)); err == nil {
				t.Fatal("no error")
			} else if !errors.Is(err, errIMAPSilent) || !strings.HasPrefix(err.Error(), "imap "+f.addr+", user bounces@example.com") {
				t.Errorf("%v", err)
			}
			s.opts.Timeout = testTimeout
			if uids, _ := takeIMAP(t, s, 1); uids[0] != "1" {
				t.Errorf("then %s", uids)
			}
			if st := s.Stats(); st.Errors != 1 || st.LastError == "" {
				t.Errorf("%+v", st)
			}
		})
	}
}

// A trickle keeps the timeout for silence away, and has one of its own.
func TestIMAPTrickle(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		for verb == "UID FETCH" {
			if _, err := io.WriteString(c, "* OK x\r\n"); err != nil {
				return true
			}
			time.Sleep(5 * time.Millisecond)
		}
		return false
	}
	opts := f.options()
	opts.longest = 100 * time.Millisecond
	s := openIMAP(t, opts, &MemoryPositions{})
	if _, err := s.Fetch(context.Background()); !errors.Is(err, errIMAPSlow) {
		t.Fatal(err)
	}
}

// An endless answer ends, and takes no memory with it.
func TestIMAPFlood(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb != "UID FETCH" {
			return false
		}
		line := strings.Repeat("x", 1<<20)
		io.WriteString(c, "* OK ")
		for {
			if _, err := io.WriteString(c, line); err != nil {
				return true
			}
		}
	}
	opts := f.options()
	opts.answerBudget = 1 << 20
	s := openIMAP(t, opts, &MemoryPositions{})
	if _, err := s.Fetch(context.Background()); !errors.Is(err, errIMAPFlood) {
		t.Fatal(err)
	}
}

func TestIMAPHugeMessage(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 2)
	const huge = 100 << 20 // more than the server was asked for
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb != "UID FETCH" || !strings.Contains(args, "BODY") || !strings.HasPrefix(args, "1") {
			return false
		}
		fmt.Fprintf(c, "* 1 FETCH (UID 1 RFC822.SIZE %d BODY[] {%d}\r\n", huge, huge)
		block := make([]byte, 1<<20)
		for range huge >> 20 {
			if _, err := c.Write(block); err != nil {
				return true
			}
		}
		c.say(")\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nx)\r\n%s OK", tag)
		return true
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s := openIMAP(t, f.options(), &MemoryPositions{})
	b := fetchBatch(t, s)
	runtime.ReadMemStats(&after)
	m := b.Messages[0]
	if m.Size != huge || len(m.Raw) != DefaultMaxBytes || m.Err != nil || len(b.Messages) != 2 {
		t.Errorf("%d messages, size %d, %d bytes, %v", len(b.Messages), m.Size, len(m.Raw), m.Err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
		t.Errorf("%d bytes allocated", grown)
	}
}

// The bytes of one batch are bounded, whatever the sizes; nothing is left out.
func TestIMAPBatchBytes(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 0)
	for uid := uint32(1); uid <= 300; uid++ {
		mail := fakeMail
		if uid > 200 {
			mail += strings.Repeat("x", 50_000)
		}
		f.add(uid, mail)
	}
	opts := f.options()
	opts.BatchBytes = 1 << 20
	s := openIMAP(t, opts, &MemoryPositions{})
	seen, batches := 0, 0
	for seen < 300 {
		b := fetchBatch(t, s)
		bytes := 0
		for _, m := range b.Messages {
			seen++
			bytes += len(m.Raw)
			if !strings.HasSuffix(m.Source, fmt.Sprintf(";UID=%d", seen)) || m.Size != int64(len(m.Raw)) {
				t.Fatalf("message %d: %s, size %d", seen, m.Source, m.Size)
			}
		}
		if bytes > 1<<20 || len(b.Messages) > 200 {
			t.Fatalf("%d messages, %d bytes in a batch", len(b.Messages), bytes)
		}
		batches++
		commitAll(t, s, b, Bounce)
	}
	if batches > 20 {
		t.Errorf("%d batches", batches)
	}
}

// RFC822.SIZE that is no more than an estimate (Exchange) makes no mail look cut, and a server that gives
// less than asked for does not make one look whole.
func TestIMAPSizes(t *testing.T) {
	noLeaks(t)
	for _, capped := range []bool{false, true} {
		f := newFakeIMAP(t, 8)
		f.on = func(c *fakeConn, tag, verb, args string) bool {
			if verb != "UID FETCH" || !strings.Contains(args, "BODY") {
				return false
			}
			reply := c.fetchReply(args)
			if capped {
				i := strings.IndexByte(args, '<')
				var offset, n int
				fmt.Sscanf(args[i:], "<%d.%d>", &offset, &n)
				reply = c.fetchReply(args[:i] + fmt.Sprintf("<%d.%d>", offset, min(n, 20)) + "]")
			} else {
				reply = strings.ReplaceAll(reply, "SIZE ", "SIZE 9")
			}
			io.WriteString(c, reply)
			c.say("%s OK", tag)
			return true
		}
		s := openIMAP(t, f.options(), &MemoryPositions{})
		b := fetchBatch(t, s)
		for i, m := range b.Messages {
			if want := f.mails[uint32(i+1)]; string(m.Raw) != want || m.Size != int64(len(want)) {
				t.Errorf("capped %v: %d: %q, size %d", capped, i+1, m.Raw, m.Size)
			}
		}
		if n := len(f.commands("UID FETCH")); !capped && n > 2+trustSizes {
			t.Errorf("%d FETCH for %d mails", n, len(b.Messages))
		}
	}
}

// A message that breaks the connection is found, set aside with an error, and the mailbox drains.
func TestIMAPPoison(t *testing.T) {
	noLeaks(t)
	for _, tt := range []struct {
		name    string
		mails   int
		poison  []uint32
		answer  string
		breaks  bool // the connection too
		silence bool
	}{
		{"unknown response", 40, []uint32{17}, "* FROB 1\r\n", false, false},
		{"NO", 40, []uint32{17}, "T NO [SERVERBUG] internal error\r\n", false, false},
		{"cut", 40, []uint32{17}, "* 17 FETCH (UID 17 BODY[]<0> {9999}\r\nxx", true, false},
		{"two in a row", 40, []uint32{16, 17}, "* FROB 1\r\n", false, false},
		{"the last, cut", 10, []uint32{10}, "", true, false},
		{"the only one", 1, []uint32{1}, "* FROB 1\r\n", false, false},
		{"first and last", 10, []uint32{1, 10}, "* 1 FETCH (UID 1 BODY[]<0> {9999999999999999999999}\r\n", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeIMAP(t, tt.mails)
			f.on = func(c *fakeConn, tag, verb, args string) bool {
				set, _, _ := strings.Cut(args, " ")
				if verb != "UID FETCH" || !slices.ContainsFunc(tt.poison, func(u uint32) bool { return inSet(set, u) }) {
					return false
				}
				io.WriteString(c, strings.Replace(tt.answer, "T ", tag+" ", 1))
				if tt.breaks {
					c.Close()
				}
				return true
			}
			s := openIMAP(t, f.options(), &MemoryPositions{})
			uids, _ := takeIMAP(t, s, tt.mails)
			for i, got := range uids {
				want := fmt.Sprint(i + 1)
				if slices.Contains(tt.poison, uint32(i+1)) {
					want += "!"
				}
				if got != want {
					t.Fatalf("got %s", uids)
				}
			}
			drained(t, s)
		})
	}
}

// A network that breaks each transfer is no reason to set mail aside.
func TestIMAPBrokenNetworkIsNoPoison(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 30)
	var broken atomic.Bool
	broken.Store(true)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "UID FETCH" && strings.Contains(args, "BODY") && broken.Load() {
			c.Close()
			return true
		}
		return false
	}
	s := openIMAP(t, f.options(), &MemoryPositions{})
	for range 60 {
		if b, err := s.Fetch(short(t, testTimeout)); err == nil {
			t.Fatalf("got %d messages", len(b.Messages))
		}
	}
	broken.Store(false)
	uids, _ := takeIMAP(t, s, 30)
	for i, uid := range uids {
		if uid != fmt.Sprint(i+1) {
			t.Fatalf("got %s", uids)
		}
	}
}

// A mail that kills the process is found over restarts: the batch halves until it is alone.
func TestIMAPProcessDeaths(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 60)
	const poison = ";UID=23"
	pos := &MemoryPositions{}
	deaths, read := 0, map[string]bool{}
	for len(read) < 60 {
		if deaths > 20 {
			t.Fatalf("%d deaths, %d read", deaths, len(read))
		}
		killed := &killedPositions{MemoryPositions: pos}
		s := openIMAP(t, f.options(), killed)
		for len(read) < 60 {
			b := fetchBatch(t, s)
			if i := slices.IndexFunc(b.Messages, func(m Message) bool { return strings.HasSuffix(m.Source, poison) }); i >= 0 && b.Messages[i].Err == nil {
				deaths++
				killed.dead.Store(true) // nothing is stored any more: as if by SIGKILL
				break
			}
			for _, m := range b.Messages {
				if (m.Err != nil) != strings.HasSuffix(m.Source, poison) {
					t.Fatalf("%s: %v", m.Source, m.Err)
				}
				read[m.Source] = true
			}
			commitAll(t, s, b, Bounce)
		}
		s.Close()
	}
	t.Logf("%d deaths", deaths)
}

// A process that is killed while it waits to be acknowledged is not killed by a mail.
func TestIMAPCalm(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 60)
	opts := f.options()
	opts.calmAfter = time.Millisecond
	pos := &MemoryPositions{}
	for range 12 {
		killed := &killedPositions{MemoryPositions: pos}
		s := openIMAP(t, opts, killed)
		if b := fetchBatch(t, s); len(b.Messages) < 30 {
			t.Fatalf("%d messages in a batch", len(b.Messages))
		}
		for range 10_000 {
			if left, err := pos.Load(context.Background(), s.journal.key); err != nil {
				t.Fatal(err)
			} else if strings.Contains(string(left), `"to":0`) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		killed.dead.Store(true)
		s.Close()
	}
}

// killedPositions stores nothing once the process is dead.
type killedPositions struct {
	*MemoryPositions
	dead atomic.Bool
}

func (p *killedPositions) Store(ctx context.Context, key string, position []byte) error {
	if p.dead.Load() {
		return nil
	}
	return p.MemoryPositions.Store(ctx, key, position)
}

// An answer that nobody asked for and nobody can read, between two commands: the next command fails and does
// not wait for a reader that is gone.
func TestIMAPGarbageBetweenCommands(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	var conns atomic.Int64
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "UID SEARCH" && conns.Add(1)%2 == 1 {
			c.answer(tag, verb, args)
			c.say("* FROB 1")
			return true
		}
		return false
	}
	for range 20 {
		s := openIMAP(t, f.options(), &MemoryPositions{})
		takeIMAP(t, s, 1)
		s.Close()
	}
	// The reader is known to be gone before the command is written.
	f2 := newFakeIMAP(t, 0)
	f2.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "EXAMINE" {
			c.answer(tag, verb, args)
			c.say("* FROB 1")
		}
		return verb == "EXAMINE"
	}
	s := openIMAP(t, f2.options(), &MemoryPositions{})
	if err := s.Check(context.Background()); err != nil && !errors.Is(err, errIMAPHungUp) {
		t.Fatal(err)
	}
	<-s.sess.client.Closed()
	if err := s.sess.flag(short(t, testTimeout), imap.UIDSetNum(1), "x"); !errors.Is(err, errIMAPHungUp) {
		t.Fatal(err)
	}
}
