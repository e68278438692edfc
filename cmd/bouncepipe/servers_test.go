package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/bouncepipe/bouncepipe/sink"
)

// world is an IMAP server, a Kafka-protocol broker and a configuration for both.
type world struct {
	t      *testing.T
	mail   *imapmemserver.Server
	imap   string
	kafka  string
	user   *imapmemserver.User
	broker *switchable
	config string
	state  string

	mu     sync.Mutex
	events []sink.Event // read from the topic so far
}

func newWorld(t *testing.T, mails int, more string) *world {
	t.Helper()
	w := &world{t: t, broker: &switchable{}, mail: imapmemserver.New()}
	w.user = w.addUser("bounces", "INBOX")
	w.arrive(w.user, "INBOX", 0, mails)
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return w.mail.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}},
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	w.imap = l.Addr().String()

	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "bounces"), kfake.ListenFn(w.broker.listen))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	w.kafka = cluster.ListenAddrs()[0]

	dir := t.TempDir()
	w.state = filepath.Join(dir, "state")
	w.config = filepath.Join(dir, "bouncepipe.yaml")
	host, port, _ := strings.Cut(w.imap, ":")
	text := fmt.Sprintf(`
sources:
  - imap: {host: %s, port: %s, tls: none, username: bounces, password_env: TEST_PASSWORD, interval: 1s, batch: 10}
kafka: {brokers: [%q], topic: bounces}
state_dir: %q
%s`, host, port, w.kafka, w.state, more)
	if err := os.WriteFile(w.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TEST_PASSWORD", "secret")
	return w
}

// addUser makes an account with these mailboxes and password "secret".
func (w *world) addUser(name string, mailboxes ...string) *imapmemserver.User {
	w.t.Helper()
	user := imapmemserver.NewUser(name, "secret")
	for _, mailbox := range mailboxes {
		if err := user.Create(mailbox, nil); err != nil {
			w.t.Fatal(err)
		}
	}
	w.mail.AddUser(user)
	return user
}

// arrive puts the mails from first to before last into a mailbox.
func (w *world) arrive(user *imapmemserver.User, mailbox string, first, last int) {
	w.t.Helper()
	for i := first; i < last; i++ {
		if _, err := user.Append(mailbox, mailReader(i), &imap.AppendOptions{}); err != nil {
			w.t.Fatal(err)
		}
	}
}

// consume reads the topic with a client of its own until the test ends.
func (w *world) consume() {
	w.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(w.kafka), kgo.ConsumeTopics("bounces"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }))
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for ctx.Err() == nil {
			for _, r := range client.PollFetches(ctx).Records() {
				var e sink.Event
				if err := json.Unmarshal(r.Value, &e); err != nil {
					w.t.Error(err)
				}
				w.mu.Lock()
				w.events = append(w.events, e)
				w.mu.Unlock()
			}
		}
	})
	w.t.Cleanup(func() { cancel(); all.Wait(); client.Close() })
}

// counts returns how many events there are, and of how many different IDs.
func (w *world) counts() (events, ids int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := map[string]bool{}
	for _, e := range w.events {
		seen[e.ID] = true
	}
	return len(w.events), len(seen)
}

// until waits for cond.
func (w *world) until(what string, cond func() bool) {
	w.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			events, ids := w.counts()
			w.t.Fatalf("waited too long until %s; %d events, %d IDs", what, events, ids)
		}
	}
}

// complete checks that each of n mails gave one event, and that repeats share their ID.
func (w *world) complete(n int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	ids := map[string]string{}
	for _, e := range w.events {
		if id, ok := ids[e.Recipient]; ok && id != e.ID {
			w.t.Errorf("%s has the IDs %s and %s", e.Recipient, id, e.ID)
		}
		ids[e.Recipient] = e.ID
	}
	for i := range n {
		if r := fmt.Sprintf("user%d@example.org", i); ids[r] == "" {
			w.t.Errorf("the bounce of %s is lost", r)
		}
	}
	w.t.Logf("%d mails, %d events, %d of them repeats", n, len(w.events), len(w.events)-len(ids))
}

func mailReader(i int) *strings.Reader {
	text := fmt.Sprintf("Received: by mx.example.net; Tue, 11 Mar 2025 10:00:05 +0100\nFrom: MAILER-DAEMON@mx.example.net\nTo: news@example.com\nMessage-ID: <%d@mx.example.net>\n"+
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"+
		"Final-Recipient: rfc822; user%[1]d@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n--b--\n", i)
	return strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n"))
}

// switchable listens for a broker that can be down: then connections are cut, and new ones too.
type switchable struct {
	mu    sync.Mutex
	down  bool
	conns map[net.Conn]bool
}

func (s *switchable) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	return &switchedListener{l, s}, err
}

func (s *switchable) set(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
	for c := range s.conns {
		c.Close()
	}
	s.conns = nil
}

type switchedListener struct {
	net.Listener
	s *switchable
}

func (l *switchedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		l.s.mu.Lock()
		down := l.s.down
		if !down {
			if l.s.conns == nil {
				l.s.conns = map[net.Conn]bool{}
			}
			l.s.conns[c] = true
		}
		l.s.mu.Unlock()
		if !down {
			return c, nil
		}
		c.Close()
	}
}
