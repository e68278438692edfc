package ingest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fakeIMAP is a server that does as the test says: on may answer a command in its own way, or
// cut, stall and lie; what it leaves is answered as a good server would.
type fakeIMAP struct {
	t        testing.TB
	addr     string
	caps     string
	greeting string
	on       func(c *fakeConn, tag, verb, args string) bool

	mu       sync.Mutex
	validity uint32
	uidnext  uint32 // 0: one more than the last
	mails    map[uint32]string
	log      []string
	conns    map[net.Conn]bool
	closed   bool
	wg       sync.WaitGroup
	start    func()
}

type fakeConn struct {
	net.Conn
	srv *fakeIMAP
	br  *bufio.Reader
}

const fakeMail = "From: <>\r\nSubject: Undelivered\r\n\r\nuser unknown\r\n"

// newFakeIMAP serves n mails with the UIDs 1 to n.
func newFakeIMAP(t testing.TB, n int) *fakeIMAP {
	f := &fakeIMAP{t: t, caps: "IMAP4rev1", greeting: "* OK hello", validity: 7, mails: map[uint32]string{}, conns: map[net.Conn]bool{}}
	for i := 1; i <= n; i++ {
		f.mails[uint32(i)] = fmt.Sprintf("X-Number: %d\r\n", i) + fakeMail
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.addr = ln.Addr().String()
	f.start = sync.OnceFunc(func() { f.wg.Go(func() { f.accept(ln) }) })
	t.Cleanup(func() {
		ln.Close()
		f.mu.Lock()
		f.closed = true
		f.mu.Unlock()
		f.cut()
		f.wg.Wait()
	})
	return f
}

func (f *fakeIMAP) accept(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		if f.closed {
			conn.Close()
		} else {
			f.conns[conn] = true
			f.wg.Go(func() { f.serve(conn) })
		}
		f.mu.Unlock()
	}
}

// cut closes all connections.
func (f *fakeIMAP) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		c.Close()
	}
}

// options starts the server: from here on its fields are its own.
func (f *fakeIMAP) options() IMAPOptions {
	f.start()
	return IMAPOptions{
		Address: f.addr, Security: IMAPPlain, Username: "bounces@example.com",
		Password: func() (string, error) { return "s3cret", nil }, NoIDLE: true,
		Timeout: testTimeout, suspectDelay: 1,
	}
}

// commands gives the verbs seen, of these kinds.
func (f *fakeIMAP) commands(verbs ...string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, line := range f.log {
		if slices.ContainsFunc(verbs, func(v string) bool { return strings.HasPrefix(line, v) }) {
			out = append(out, line)
		}
	}
	return out
}

func (f *fakeIMAP) serve(conn net.Conn) {
	c := &fakeConn{conn, f, bufio.NewReader(conn)}
	defer func() {
		conn.Close()
		f.mu.Lock()
		delete(f.conns, conn)
		f.mu.Unlock()
	}()
	if f.on != nil && f.on(c, "", "GREETING", "") {
		return
	}
	c.say(f.greeting)
	for {
		line, err := c.br.ReadString('\n')
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		verb, args, _ := strings.Cut(rest, " ")
		if strings.EqualFold(verb, "UID") {
			var sub string
			sub, args, _ = strings.Cut(args, " ")
			verb += " " + sub
		}
		verb = strings.ToUpper(verb)
		f.mu.Lock()
		f.log = append(f.log, strings.TrimSpace(verb+" "+args))
		f.mu.Unlock()
		if f.on != nil && f.on(c, tag, verb, args) {
			continue
		}
		c.answer(tag, verb, args)
		if verb == "LOGOUT" {
			return
		}
	}
}

func (c *fakeConn) say(format string, args ...any) {
	fmt.Fprintf(c, format+"\r\n", args...)
}

func (c *fakeConn) answer(tag, verb, args string) {
	f := c.srv
	switch verb {
	case "CAPABILITY":
		c.say("* CAPABILITY %s", f.caps)
	case "SELECT", "EXAMINE":
		f.mu.Lock()
		uids := f.uids()
		next := f.uidnext
		if next == 0 {
			next = 1
			if len(uids) > 0 {
				next = uids[len(uids)-1] + 1
			}
		}
		validity := f.validity
		f.mu.Unlock()
		c.say("* FLAGS (\\Seen \\Deleted)")
		c.say("* %d EXISTS", len(uids))
		c.say("* OK [UIDVALIDITY %d] yes", validity)
		c.say("* OK [UIDNEXT %d] yes", next)
		c.say("* OK [PERMANENTFLAGS (\\Seen \\Deleted \\*)] yes")
	case "UID SEARCH":
		f.mu.Lock()
		var hits []string
		set := strings.TrimPrefix(args, "UID ")
		for _, uid := range f.uids() {
			if inSet(set, uid) {
				hits = append(hits, strconv.Itoa(int(uid)))
			}
		}
		f.mu.Unlock()
		c.say("%s", strings.TrimSpace("* SEARCH "+strings.Join(hits, " ")))
	case "UID FETCH":
		io.WriteString(c, c.fetchReply(args))
	case "IDLE":
		c.say("+ idling")
		if line, err := c.br.ReadString('\n'); err != nil || strings.TrimSpace(line) != "DONE" {
			c.Close()
			return
		}
	case "LOGOUT":
		c.say("* BYE")
	}
	c.say("%s OK done", tag)
}

// fetchReply is the untagged answer to UID FETCH as most servers write it.
func (c *fakeConn) fetchReply(args string) string {
	f := c.srv
	f.mu.Lock()
	defer f.mu.Unlock()
	set, items, _ := strings.Cut(args, " ")
	offset, n := 0, 1<<30
	if i := strings.IndexByte(items, '<'); i >= 0 {
		fmt.Sscanf(items[i:], "<%d.%d>", &offset, &n)
	}
	var b strings.Builder
	for i, uid := range f.uids() {
		if !inSet(set, uid) {
			continue
		}
		mail := f.mails[uid]
		part := mail[min(offset, len(mail)):min(offset+n, len(mail))]
		if !strings.Contains(items, "BODY") {
			fmt.Fprintf(&b, "* %d FETCH (UID %d INTERNALDATE \"17-Jul-2026 02:44:25 -0700\")\r\n", i+1, uid)
			continue
		}
		fmt.Fprintf(&b, "* %d FETCH (UID %d RFC822.SIZE %d BODY[]<%d> {%d}\r\n%s)\r\n", i+1, uid, len(mail), offset, len(part), part)
	}
	return b.String()
}

// uids is called with mu held.
func (f *fakeIMAP) uids() []uint32 {
	var out []uint32
	for uid := range f.mails {
		out = append(out, uid)
	}
	slices.Sort(out)
	return out
}

func (f *fakeIMAP) add(uid uint32, mail string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mails[uid] = mail
}

func (f *fakeIMAP) remove(uids ...uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, uid := range uids {
		delete(f.mails, uid)
	}
}

func inSet(set string, uid uint32) bool {
	for _, r := range strings.Split(set, ",") {
		from, to, isRange := strings.Cut(r, ":")
		if !isRange {
			to = from
		}
		a, _ := strconv.ParseUint(from, 10, 32)
		b, _ := strconv.ParseUint(to, 10, 32)
		if uint64(uid) >= a && uint64(uid) <= b {
			return true
		}
	}
	return false
}
