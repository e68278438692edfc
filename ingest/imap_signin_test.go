package ingest

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestIMAPSecurity(t *testing.T) {
	noLeaks(t)
	for _, sec := range []IMAPSecurity{IMAPTLS, IMAPSTARTTLS, IMAPPlain} {
		opts := memoryIMAP(t, sec)
		for _, mech := range []string{"", "plain", "LOGIN"} {
			opts.Mechanism = mech
			s := openIMAP(t, opts, &MemoryPositions{})
			if err := s.Check(context.Background()); err != nil {
				t.Errorf("security %d, mechanism %q: %v", sec, mech, err)
			}
			s.Close()
		}
	}
}

// Each thing that can be wrong is told apart, in one line that names place and remedy and no secret.
func TestIMAPErrors(t *testing.T) {
	noLeaks(t)
	good := memoryIMAP(t, IMAPTLS)
	plain := memoryIMAP(t, IMAPPlain)
	starttls := memoryIMAP(t, IMAPSTARTTLS)
	// Nobody listens there, nor will while the test runs: the port is the end of a connection.
	closed, err := net.Dial("tcp", plain.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer closed.Close()
	for _, tt := range []struct {
		name   string
		base   IMAPOptions
		change func(o *IMAPOptions)
		want   string
		config bool
	}{
		{"wrong password", good, func(o *IMAPOptions) { o.Password = secret("hunter2") },
			"cannot sign in: refused: NO [AUTHENTICATIONFAILED] Authentication failed: check the user name, the password", true},
		{"unknown user", good, func(o *IMAPOptions) { o.Username = "nobody" }, "user nobody, mailbox INBOX: cannot sign in", true},
		{"unknown mailbox", good, func(o *IMAPOptions) { o.Mailbox = "Bounces" }, "mailbox Bounces: cannot open the mailbox: NO [NONEXISTENT] No such mailbox: check the mailbox's name", true},
		{"unknown authority", good, func(o *IMAPOptions) { o.TLS = nil }, "cannot connect: tls: failed to verify certificate: x509: certificate signed by unknown authority: trust the authority", true},
		{"another name", good, func(o *IMAPOptions) { o.Address = strings.Replace(o.Address, "localhost", "127.0.0.1", 1) },
			"doesn't contain any IP SANs: use the name that the certificate is for", true},
		{"another name, STARTTLS", starttls, func(o *IMAPOptions) { o.TLS = o.TLS.Clone(); o.TLS.ServerName = "mail.example.com" },
			"cannot start TLS: tls: failed to verify certificate: x509: certificate is valid for localhost, not mail.example.com: use the name", true},
		{"no TLS on the port", plain, func(o *IMAPOptions) { o.Security = IMAPTLS }, "the port speaks no TLS: use STARTTLS or the TLS port, 993", true},
		{"no STARTTLS", fakeOptions(t, "BAD what"), func(o *IMAPOptions) { o.Security = IMAPSTARTTLS }, "cannot start TLS: misconfigured: the server refuses STARTTLS: BAD what", true},
		{"TLS wanted first", starttls, func(o *IMAPOptions) { o.Security = IMAPPlain }, "the server takes no password here, it offers nothing", true},
		{"nobody listens", good, func(o *IMAPOptions) { o.Address = closed.LocalAddr().String() }, "connection refused: is the server up, and the port right?", false},
		{"no such host", good, func(o *IMAPOptions) { o.Address = "imap..invalid:993" }, "check the server's name", false},
		{"no password", good, func(o *IMAPOptions) {
			o.Password = func() (string, error) { return "", errors.New("open /run/secrets/imap: no such file") }
		}, "cannot get the secret to sign in with: open /run/secrets/imap: no such file", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opts := tt.base
			tt.change(&opts)
			s := openIMAP(t, opts, &MemoryPositions{})
			err := s.Check(context.Background())
			if err == nil {
				t.Fatal("no error")
			}
			var ie *IMAPError
			if !errors.As(err, &ie) || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "imap "+s.opts.Address+", user ") {
				t.Errorf("%v\nwant %s", err, tt.want)
			}
			if errors.Is(err, ErrMisconfigured) != tt.config && tt.name != "no such host" {
				t.Errorf("misconfigured: %v", !tt.config)
			}
			if strings.ContainsAny(err.Error(), "\r\n") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%q", err)
			}
			if st := s.Stats(); st.Errors != 1 || st.LastError != err.Error() || st.Connected != (tt.name == "unknown mailbox") {
				t.Errorf("%+v", st)
			}
		})
	}
}

// fakeOptions serves a server that answers STARTTLS as told.
func fakeOptions(t *testing.T, starttls string) IMAPOptions {
	f := newFakeIMAP(t, 1)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "STARTTLS" {
			c.say("%s %s", tag, starttls)
		}
		return verb == "STARTTLS"
	}
	return f.options()
}

// What is smuggled in before TLS starts is not taken for the server's word afterwards, and nothing
// goes out in the clear.
func TestIMAPSTARTTLSInjection(t *testing.T) {
	noLeaks(t)
	for _, starttls := range []string{"OK go\r\n* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN]", "OK go\r\n* PREAUTH hi"} {
		opts := fakeOptions(t, starttls)
		opts.Security, opts.Timeout = IMAPSTARTTLS, 2*time.Second
		if err := openIMAP(t, opts, &MemoryPositions{}).Check(context.Background()); err == nil || !strings.Contains(err.Error(), "TLS") {
			t.Errorf("%q: %v", starttls, err)
		}
	}
	f := newFakeIMAP(t, 1)
	f.greeting = "* PREAUTH you are in"
	opts := f.options()
	opts.Security = IMAPSTARTTLS
	err := openIMAP(t, opts, &MemoryPositions{}).Check(context.Background())
	if err == nil || !strings.Contains(err.Error(), "signed in by itself before TLS") || len(f.commands("")) > 0 {
		t.Errorf("%v, %q", err, f.commands(""))
	}
}

// A refused password is not tried on and on, and a changed one at once. A server that echoes it tells it to nobody.
func TestIMAPRefusalIsNotHammered(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "LOGIN" && !strings.Contains(args, "right") {
			c.say("%s NO wrong: %s", tag, args)
			return true
		}
		if verb == "AUTHENTICATE" {
			c.say("%s BAD what is %s", tag, args)
			return true
		}
		return false
	}
	f.caps = "IMAP4rev1 SASL-IR"
	password := "s3cret-old"
	opts := f.options()
	opts.Password = func() (string, error) { return password, nil }
	s := openIMAP(t, opts, &MemoryPositions{})
	for range 5 {
		if _, err := s.Fetch(short(t, testTimeout)); err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "***") {
			t.Fatal(err)
		}
	}
	if n := len(f.commands("LOGIN")); n != 1 {
		t.Errorf("%d attempts", n)
	}
	opts.Mechanism = "PLAIN"
	f2 := openIMAP(t, opts, &MemoryPositions{})
	if err := f2.Check(context.Background()); err == nil || !strings.Contains(err.Error(), "what is PLAIN ***") || !errors.Is(err, errIMAPRefused) {
		t.Error(err)
	}
	f2.Close()
	password = "right"
	if uids, _ := takeIMAP(t, s, 1); uids[0] != "1" {
		t.Error(uids)
	}
}

// overTLS puts TLS before a scripted server.
func overTLS(t *testing.T, f *fakeIMAP, cfg *tls.Config) IMAPOptions {
	t.Helper()
	cert, pool := serverCert()
	cfg.Certificates = []tls.Certificate{cert}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	opts := f.options()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			f.serve(conn)
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	opts.Address, opts.Security, opts.TLS = "localhost:"+port, IMAPTLS, &tls.Config{RootCAs: pool}
	return opts
}

func TestIMAPClientCertificate(t *testing.T) {
	noLeaks(t)
	cert, pool := serverCert()
	opts := overTLS(t, newFakeIMAP(t, 1), &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool})
	s := openIMAP(t, opts, &MemoryPositions{})
	if err := s.Check(context.Background()); err == nil || !strings.Contains(err.Error(), "check the client certificate") || !errors.Is(err, ErrMisconfigured) {
		t.Errorf("without: %v", err)
	}
	s.Close()
	opts.TLS.Certificates = []tls.Certificate{cert}
	s = openIMAP(t, opts, &MemoryPositions{})
	if err := s.Check(context.Background()); err != nil {
		t.Errorf("with: %v", err)
	}
	s.Close()
}

// TLS says goodbye before the transport ends; that is no unreadable answer.
func TestIMAPHungUpOverTLS(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 1)
	hangUp := true
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb != "UID FETCH" || !hangUp {
			return false
		}
		hangUp = false
		io.WriteString(c, "* 1 FETCH (UI")
		c.Close()
		return true
	}
	s := openIMAP(t, overTLS(t, f, &tls.Config{}), &MemoryPositions{})
	if _, err := s.Fetch(short(t, testTimeout)); !errors.Is(err, errIMAPHungUp) {
		t.Error(err)
	}
	takeIMAP(t, s, 1)
	s.Close()
}

// oauthIMAP takes one token at a time.
func oauthIMAP(t *testing.T, caps string, good func() string) *fakeIMAP {
	f := newFakeIMAP(t, 1)
	f.caps = caps
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb != "AUTHENTICATE" {
			return false
		}
		mech, ir, _ := strings.Cut(args, " ")
		if ir == "" {
			c.say("+ ")
			ir, _ = c.br.ReadString('\n')
		}
		raw, _ := base64.StdEncoding.DecodeString(strings.TrimSpace(ir))
		want := "user=bounces@example.com\x01auth=Bearer " + good() + "\x01\x01"
		if mech == "OAUTHBEARER" {
			host, port, _ := net.SplitHostPort(f.addr)
			want = fmt.Sprintf("n,a=bounces@example.com,\x01host=%s\x01port=%s\x01auth=Bearer %s\x01\x01", host, port, good())
		}
		if string(raw) == want {
			c.say("%s OK welcome", tag)
			return true
		}
		c.say("+ %s", base64.StdEncoding.EncodeToString([]byte(`{"status":"401","schemes":"bearer"}`)))
		c.br.ReadString('\n')
		c.say("%s NO [AUTHENTICATIONFAILED] no", tag)
		return true
	}
	return f
}

// tokenServer gives token-1, token-2 and so on.
type tokenServer struct {
	*httptest.Server
	mu    sync.Mutex
	asked []url.Values
	fail  bool
	life  int
}

func newTokenServer(t *testing.T) *tokenServer {
	ts := &tokenServer{life: 3600}
	ts.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		ts.mu.Lock()
		defer ts.mu.Unlock()
		form := r.PostForm
		if user, pass, ok := r.BasicAuth(); ok {
			form.Set("client_id", user)
			form.Set("client_secret", pass)
		}
		ts.asked = append(ts.asked, form)
		w.Header().Set("Content-Type", "application/json")
		if ts.fail {
			w.WriteHeader(400)
			io.WriteString(w, `{"error":"invalid_grant","error_description":"the refresh\ntoken expired"}`)
			return
		}
		fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":%d,"refresh_token":"refresh-%d"}`, len(ts.asked), ts.life, len(ts.asked))
	}))
	ts.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(ts.Close)
	return ts
}

func (ts *tokenServer) requests() []url.Values {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return append([]url.Values(nil), ts.asked...)
}

func TestIMAPOAuth(t *testing.T) {
	noLeaks(t)
	for _, caps := range []string{"IMAP4rev1 AUTH=XOAUTH2 SASL-IR", "IMAP4rev1 AUTH=XOAUTH2", "IMAP4rev1 AUTH=OAUTHBEARER SASL-IR LOGINDISABLED"} {
		for _, refresh := range []bool{true, false} {
			t.Run(fmt.Sprint(caps, refresh), func(t *testing.T) {
				ts := newTokenServer(t)
				var mu sync.Mutex
				good := "token-1"
				f := oauthIMAP(t, caps, func() string { mu.Lock(); defer mu.Unlock(); return good })
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
				oauth := IMAPOAuth{TokenURL: ts.URL, ClientID: "app", ClientSecret: secret("app-secret"), Scopes: []string{"mail"}, Client: client}
				if refresh {
					oauth.RefreshToken = secret("refresh-0")
				}
				token, err := oauth.TokenFunc()
				if err != nil {
					t.Fatal(err)
				}
				opts := f.options()
				opts.Password, opts.Token = nil, token
				opts.Interval = 10 * time.Millisecond
				s := openIMAP(t, opts, &MemoryPositions{})
				takeIMAP(t, s, 1)

				// The token is revoked, and the connection cut, in mid run.
				mu.Lock()
				good = "token-2"
				mu.Unlock()
				f.add(2, fakeMail)
				f.cut()
				if uids, _ := takeIMAP(t, s, 1); uids[0] != "2" {
					t.Error(uids)
				}
				asked := ts.requests()
				if len(asked) != 2 {
					t.Fatalf("asked %d times for a token", len(asked))
				}
				grant := "client_credentials"
				if refresh {
					grant = "refresh_token"
					if asked[0].Get("refresh_token") != "refresh-0" || asked[1].Get("refresh_token") != "refresh-1" {
						t.Errorf("rotation: %v", asked)
					}
				}
				if got := asked[0]; got.Get("grant_type") != grant || got.Get("client_id") != "app" || got.Get("client_secret") != "app-secret" {
					t.Errorf("%v", got)
				}

				// Now the endpoint refuses.
				mu.Lock()
				good = "none"
				mu.Unlock()
				ts.mu.Lock()
				ts.fail = true
				ts.mu.Unlock()
				f.cut()
				var last error
				for range 3 {
					if _, err := s.Fetch(short(t, testTimeout)); err != nil {
						last = err
					}
				}
				want := "cannot sign in: refused: the token was refused: status 401, and there is no other: misconfigured: token endpoint " + ts.URL + " refused: invalid_grant"
				if last == nil || strings.Contains(last.Error(), "token-") || !strings.Contains(last.Error(), want) {
					t.Errorf("%v", last)
				}
			})
		}
	}
}

func TestIMAPTokenEndpointFails(t *testing.T) {
	noLeaks(t)
	ts := newTokenServer(t)
	ts.fail = true
	oauth := IMAPOAuth{TokenURL: ts.URL, ClientID: "app", RefreshToken: secret("refresh-0"), Client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
	token, err := oauth.TokenFunc()
	if err != nil {
		t.Fatal(err)
	}
	f := newFakeIMAP(t, 1)
	opts := f.options()
	opts.Token = token
	err = openIMAP(t, opts, &MemoryPositions{}).Check(context.Background())
	want := "cannot get the secret to sign in with: misconfigured: token endpoint " + ts.URL + " refused: invalid_grant: the refresh token expired"
	if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, ErrMisconfigured) {
		t.Errorf("%v", err)
	}
	for _, bad := range []IMAPOAuth{{}, {TokenURL: "x", ClientID: "y"}} {
		if _, err := bad.TokenFunc(); err == nil {
			t.Error("no error")
		}
	}
}

func TestIMAPMailboxes(t *testing.T) {
	noLeaks(t)
	a := newAccount(t)
	for _, name := range []string{"/a", "/b", "/b/c"} {
		if err := a.c.Create(a.opts.Mailbox+name, nil).Wait(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.client().Delete(a.opts.Mailbox + name).Wait() })
	}
	for _, tt := range []struct{ patterns, want string }{
		{"M/a M/b", "M/a M/b"},
		{"M/% INBOX", "INBOX M/a M/b"},
		{"M/* M/b", "M/a M/b M/b/c"},
		{"M/x*", "!"},
		{`\Junk`, "!"},
	} {
		patterns := strings.Fields(strings.ReplaceAll(tt.patterns, "M", a.opts.Mailbox))
		if tt.patterns == "M/% INBOX" {
			patterns[1] = "INBOX"
		}
		got, err := IMAPMailboxes(context.Background(), a.opts, patterns...)
		text := strings.ReplaceAll(strings.Join(got, " "), a.opts.Mailbox, "M")
		if err != nil {
			text = "!"
			if !strings.Contains(err.Error(), "cannot list mailboxes: misconfigured: none matches") {
				t.Error(err)
			}
		}
		if text != tt.want {
			t.Errorf("%s: %s, want %s", tt.patterns, text, tt.want)
		}
	}
	sources, err := NewIMAPMailboxes(context.Background(), a.opts, &MemoryPositions{}, a.opts.Mailbox+"/*")
	if err != nil || len(sources) != 3 || sources[0].String() == sources[1].String() {
		t.Errorf("%v %v", sources, err)
	}
}

func TestIMAPSpecialUse(t *testing.T) {
	noLeaks(t)
	f := newFakeIMAP(t, 0)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		if verb == "LIST" {
			c.say(`* LIST (\HasNoChildren \Junk) "/" "[Mail]/Spam &- more"`)
			c.say(`* LIST (\Noselect) "/" "[Mail]"`)
			c.say(`* LIST (\HasNoChildren) "/" INBOX`)
		}
		return false
	}
	got, err := IMAPMailboxes(context.Background(), f.options(), `\junk`, "INBOX")
	if err != nil || strings.Join(got, "|") != "INBOX|[Mail]/Spam & more" {
		t.Errorf("%q %v", got, err)
	}
}

func TestIMAPBadOptions(t *testing.T) {
	good := IMAPOptions{Address: "mail.example.com", Username: "u", Password: secret("x")}
	for name, change := range map[string]func(*IMAPOptions){
		"no server":        func(o *IMAPOptions) { o.Address = "" },
		"no user name":     func(o *IMAPOptions) { o.Username = "" },
		"no password":      func(o *IMAPOptions) { o.Password = nil },
		"needs a token":    func(o *IMAPOptions) { o.Mechanism = "xoauth2" },
		"is none of":       func(o *IMAPOptions) { o.Mechanism = "CRAM-MD5" },
		"too little":       func(o *IMAPOptions) { o.MaxBytes = 1000 },
		"schedule":         func(o *IMAPOptions) { o.Cron = "every now and then" },
		"needs a name":     func(o *IMAPOptions) { o.Action.Kind = IMAPMove },
		"refused for othe": func(o *IMAPOptions) { o.Actions = map[Outcome]IMAPAction{Other: {Kind: IMAPDelete}} },
	} {
		opts := good
		change(&opts)
		if _, err := NewIMAP(opts, &MemoryPositions{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good.Cron = "*/10 8-18 * * 1-5"
	if _, err := NewIMAP(good, &MemoryPositions{}); err != nil {
		t.Error(err)
	}
}
