package ingest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"go.uber.org/goleak"
)

// testTimeout is how long a server may be silent in tests, and patience how long anything may take that should come:
// on a busy machine that can be long.
const (
	testTimeout = 30 * time.Second
	patience    = 2 * time.Minute
)

// serverCert is a certificate for localhost and a pool that trusts it.
var serverCert = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, _ := x509.ParseCertificate(der)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, pool
})

// account is a mailbox of its own on some server, and a second client to it.
type account struct {
	t    testing.TB
	opts IMAPOptions
	c    *imapclient.Client
}

// newAccount uses the library's memory server over TCP and TLS, or where there is one a real server, in mailboxes that it
// makes and removes.
func newAccount(t testing.TB, caps ...imap.Cap) *account {
	t.Helper()
	a := &account{t: t}
	mailbox := fmt.Sprintf("bouncepipe-%d", time.Now().UnixNano())
	var real bool
	if len(caps) == 0 {
		a.opts, real = realIMAP(t)
	}
	if !real {
		a.opts = memoryIMAP(t, IMAPTLS, caps...)
	}
	a.opts.Timeout, a.opts.suspectDelay, a.opts.NoIDLE = testTimeout, 1, true
	a.opts.Mailbox = mailbox
	a.c = a.client()
	if err := a.c.Create(mailbox, nil).Wait(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.c.Delete(mailbox).Wait() })
	return a
}

// realIMAP is the server that BOUNCEPIPE_TEST_IMAP=imaps://user:password@host:port names, if it does.
func realIMAP(t testing.TB) (opts IMAPOptions, ok bool) {
	t.Helper()
	u, err := url.Parse(os.Getenv("BOUNCEPIPE_TEST_IMAP"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	opts = IMAPOptions{Address: u.Host, Username: u.User.Username(), Password: secret(password), TLS: &tls.Config{InsecureSkipVerify: true}}
	if u.Scheme == "imap" {
		opts.Security = IMAPPlain
	}
	return opts, u.Host != ""
}

func secret(s string) func() (string, error) { return func() (string, error) { return s, nil } }

// memoryIMAP starts a server that ends with the test.
func memoryIMAP(t testing.TB, security IMAPSecurity, caps ...imap.Cap) IMAPOptions {
	t.Helper()
	cert, pool := serverCert()
	mem := imapmemserver.New()
	user := imapmemserver.NewUser("bounces@example.com", "s3cret")
	user.Create("INBOX", nil)
	mem.AddUser(user)
	set := imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}}
	if len(caps) > 0 {
		set = imap.CapSet{}
		for _, c := range caps {
			set[c] = struct{}{}
		}
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{cert}}
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: set, TLSConfig: cfg, InsecureAuth: security == IMAPPlain, Logger: log.New(io.Discard, "", 0),
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	if security == IMAPTLS {
		ln = tls.NewListener(ln, cfg)
	}
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(ln) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return IMAPOptions{
		Address: "localhost:" + port, Security: security, TLS: &tls.Config{RootCAs: pool},
		Username: "bounces@example.com", Password: secret("s3cret"),
		Timeout: testTimeout, NoIDLE: true, suspectDelay: 1,
	}
}

// client is a connection beside the source's.
func (a *account) client() *imapclient.Client {
	a.t.Helper()
	c := dialClient(a.t, a.opts)
	a.t.Cleanup(func() { c.Close() })
	return c
}

func dialClient(t testing.TB, opts IMAPOptions) *imapclient.Client {
	t.Helper()
	var c *imapclient.Client
	var err error
	if opts.Security == IMAPPlain {
		c, err = imapclient.DialInsecure(opts.Address, nil)
	} else {
		c, err = imapclient.DialTLS(opts.Address, &imapclient.Options{TLSConfig: opts.TLS})
	}
	if err != nil {
		t.Fatal(err)
	}
	password, _ := opts.Password()
	if err := c.Login(opts.Username, password).Wait(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (a *account) append(mails ...string) {
	a.t.Helper()
	for _, m := range mails {
		a.appendOn(m, time.Time{})
	}
}

func (a *account) appendOn(mail string, at time.Time) {
	a.t.Helper()
	cmd := a.c.Append(a.opts.Mailbox, int64(len(mail)), &imap.AppendOptions{Time: at})
	io.WriteString(cmd, mail)
	cmd.Close()
	if _, err := cmd.Wait(); err != nil {
		a.t.Fatal(err)
	}
}

// flags gives the flags of each message in a mailbox, in its order.
func (a *account) flags(mailbox string) []string {
	a.t.Helper()
	sel, err := a.c.Select(mailbox, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return []string{err.Error()}
	}
	if sel.NumMessages == 0 {
		return nil
	}
	var all imap.SeqSet
	all.AddRange(1, 0)
	msgs, err := a.c.Fetch(all, &imap.FetchOptions{UID: true, Flags: true}).Collect()
	if err != nil {
		a.t.Fatal(err)
	}
	out := []string{}
	for _, m := range msgs {
		var own []string
		for _, f := range m.Flags {
			if f != "\\Recent" {
				own = append(own, strings.ToLower(string(f)))
			}
		}
		out = append(out, strings.Join(own, " "))
	}
	return out
}

func noLeaks(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		for end := time.Now().Add(patience); goleak.Find(before) != nil && time.Now().Before(end); {
		}
		goleak.VerifyNone(t, before)
	})
}

func openIMAP(t testing.TB, opts IMAPOptions, pos Positions) *IMAP {
	t.Helper()
	s, err := NewIMAP(opts, pos)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func short(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func fetchBatch(t testing.TB, s Source) *Batch {
	t.Helper()
	b, err := s.Fetch(short(t, patience))
	if err != nil {
		t.Fatalf("Fetch: %v", err)
	}
	return b
}

func commitAll(t testing.TB, s Source, b *Batch, outcome Outcome) {
	t.Helper()
	outcomes := make([]Outcome, len(b.Messages))
	for i := range outcomes {
		outcomes[i] = outcome
	}
	if err := s.Commit(context.Background(), b, outcomes); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

// drained polls, and expects that there is nothing to fetch.
func drained(t testing.TB, s *IMAP) {
	t.Helper()
	ctx := short(t, patience)
	if err := s.acquire(ctx); err != nil {
		t.Fatal(err)
	}
	s.scan.pollDue = true
	s.release()
	// What Fetch does until it would wait: no time that passes proves that nothing comes.
	err := s.pace(ctx)
	var b *Batch
	if err == nil {
		b, err = s.batch(ctx)
	}
	if err != nil {
		t.Fatalf("Fetch: %v", err)
	}
	if b != nil {
		t.Fatalf("Fetch gave %d messages, want none", len(b.Messages))
	}
}

// eventually waits until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited too long until ", what)
		}
	}
}

// take fetches and commits n messages, through errors; it gives their UIDs and bodies.
func takeIMAP(t testing.TB, s *IMAP, n int) (uids []string, bodies []string) {
	t.Helper()
	ctx := short(t, patience)
	for len(uids) < n {
		b, err := s.Fetch(ctx)
		if err != nil {
			if ctx.Err() != nil {
				t.Fatalf("after %d of %d messages: %v", len(uids), n, err)
			}
			continue
		}
		for _, m := range b.Messages {
			_, uid, _ := strings.Cut(m.Source, ";UID=")
			if m.Err != nil {
				uid += "!"
			}
			uids, bodies = append(uids, uid), append(bodies, string(m.Raw))
		}
		commitAll(t, s, b, Bounce)
	}
	return uids, bodies
}

func TestIMAPReadsNewMessages(t *testing.T) {
	noLeaks(t)
	a := newAccount(t)
	pos := &MemoryPositions{}
	mails := []string{"Subject: 1\r\n\r\none\r\n", "Subject: 2\r\n\r\ntwo\r\n", ""}
	a.append(mails[:2]...)

	s := openIMAP(t, a.opts, pos)
	b := fetchBatch(t, s)
	if len(b.Messages) != 2 {
		t.Fatalf("%d messages, want 2", len(b.Messages))
	}
	for i, m := range b.Messages {
		if string(m.Raw) != mails[i] || m.Size != int64(len(mails[i])) || m.Err != nil {
			t.Errorf("message %d: %q, size %d, %v", i, m.Raw, m.Size, m.Err)
		}
		if !strings.Contains(m.Source, ";UIDVALIDITY=") || !strings.HasSuffix(m.Source, fmt.Sprintf("/;UID=%d", i+1)) ||
			!strings.HasPrefix(m.Source, "imap://") {
			t.Errorf("source %s", m.Source)
		}
	}
	// Not committed: opening again shows them again.
	s.Close()
	s = openIMAP(t, a.opts, pos)
	if b = fetchBatch(t, s); len(b.Messages) != 2 {
		t.Fatalf("%d messages again, want 2", len(b.Messages))
	}

	commitAll(t, s, b, Bounce)
	commitAll(t, s, b, Bounce)
	drained(t, s)
	a.append("Subject: 3\r\n\r\nthree\r\n")
	s.Close()
	s = openIMAP(t, a.opts, pos)
	if b := fetchBatch(t, s); len(b.Messages) != 1 || !strings.HasSuffix(b.Messages[0].Source, ";UID=3") {
		t.Fatalf("after the restart: %+v", b.Messages)
	}
	if got := a.flags(a.opts.Mailbox); strings.Join(got, "|") != "||" {
		t.Errorf("flags changed: %q", got)
	}
	st := s.Stats()
	if !st.Connected || st.Messages != 1 || st.LastPoll.IsZero() || st.Backlog != 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestIMAPPollsAndIdles(t *testing.T) {
	noLeaks(t)
	for _, idle := range []bool{false, true} {
		t.Run(fmt.Sprintf("idle=%v", idle), func(t *testing.T) {
			a := newAccount(t)
			a.opts.NoIDLE, a.opts.Interval = !idle, 100*time.Millisecond
			if idle {
				a.opts.Interval = time.Hour
			}
			s := openIMAP(t, a.opts, &MemoryPositions{})
			got := make(chan *Batch)
			go func() {
				b, _ := s.Fetch(short(t, patience))
				got <- b
			}()
			eventually(t, "it has polled", func() bool { return !s.Stats().LastPoll.IsZero() })
			time.Sleep(100 * time.Millisecond) // most of the time it waits by now
			a.append("Subject: new\r\n\r\n")
			if b := <-got; b == nil || len(b.Messages) != 1 {
				t.Fatalf("got %+v", b)
			}
		})
	}
}

func TestIMAPStart(t *testing.T) {
	noLeaks(t)
	day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		start IMAPStart
		want  string
	}{
		{"all", IMAPStart{}, "1 2 3"},
		{"since", IMAPStart{Since: day}, "2 3"},
		{"since later", IMAPStart{Since: day.AddDate(1, 0, 0)}, ""},
		{"now", IMAPStart{Now: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(t)
			for i := range 3 {
				a.appendOn(fmt.Sprintf("Subject: %d\r\n\r\n", i), day.AddDate(0, 0, i-1).Add(12*time.Hour))
			}
			a.opts.Start = tt.start
			pos := &MemoryPositions{}
			if tt.want == "" {
				drained(t, openIMAP(t, a.opts, pos))
				a.append("Subject: new\r\n\r\n")
				tt.want = "4" // the place is kept though nothing was committed
			}
			s := openIMAP(t, a.opts, pos)
			uids, _ := takeIMAP(t, s, len(strings.Fields(tt.want)))
			if got := strings.Join(uids, " "); got != tt.want {
				t.Errorf("read %s, want %s", got, tt.want)
			}
		})
	}
}

func TestIMAPURL(t *testing.T) {
	for _, tt := range []struct {
		address, user, mailbox string
		security               IMAPSecurity
		want                   string
	}{
		{"mail.example.com", "user@dom.example", "", IMAPTLS, "imap://user%40dom.example@mail.example.com/INBOX"},
		{"Mail.Example.com:993", "u", "inbox", IMAPTLS, "imap://u@mail.example.com/INBOX"},
		{"mail.example.com:143", "u", "Junk", IMAPSTARTTLS, "imap://u@mail.example.com/Junk"},
		{"mail.example.com:993", "u", "Junk", IMAPSTARTTLS, "imap://u@mail.example.com:993/Junk"},
		{"mail.example.com:1993", "u", "A/B c;d", IMAPTLS, "imap://u@mail.example.com:1993/A/B%20c%3Bd"},
		{"[2001:db8::1]:993", "u:v/w", "Entwürfe", IMAPTLS, "imap://u%3Av%2Fw@[2001:db8::1]/Entw%C3%BCrfe"},
		{"2001:db8::1", "u", "", IMAPTLS, "imap://u@[2001:db8::1]/INBOX"},
	} {
		s, err := NewIMAP(IMAPOptions{Address: tt.address, Username: tt.user, Mailbox: tt.mailbox, Security: tt.security, Password: secret("x")}, &MemoryPositions{})
		if err != nil {
			t.Fatal(err)
		}
		if s.String() != tt.want {
			t.Errorf("%s %s %s: %s, want %s", tt.address, tt.user, tt.mailbox, s, tt.want)
		}
	}
}
