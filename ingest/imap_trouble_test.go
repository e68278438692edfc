package ingest_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

// imapTrouble is what goes wrong with a server after it has worked for a while.
type imapTrouble struct {
	name   string
	caps   string
	on     func(c ingest.ScriptedConn, tag, verb, args string) bool // while it is broken; true: answered
	mute   bool                                                     // from within an IDLE on nothing is answered, on connections that stay open
	action ingest.IMAPAction
	token  bool // to sign in with
	renew  bool // it takes another secret to heal
	again  bool // the first message is read once more

	told  string // in the one line about it
	tries string // the command that is repeated while it is broken; "": none is
	stops bool   // nothing is read until it heals
}

var imapTroubles = []imapTrouble{
	{name: "silent server", stops: true, tries: "EXAMINE", told: "cannot open the mailbox: the server stayed silent: check the server's load",
		on: func(c ingest.ScriptedConn, tag, verb, args string) bool {
			if verb == "EXAMINE" {
				c.Silence()
			}
			return verb == "EXAMINE"
		}},
	{name: "half-open", caps: "IDLE", stops: true, mute: true, told: "cannot connect: the server stayed silent: check the address"},
	{name: "no + for IDLE", caps: "IDLE", told: "offers IDLE and fails at it (the server stayed silent): polling only",
		on: func(_ ingest.ScriptedConn, tag, verb, args string) bool { return verb == "IDLE" }},
	{name: "token expired", caps: "AUTH=XOAUTH2 SASL-IR", token: true, renew: true, stops: true,
		told: "cannot sign in: refused: NO [AUTHENTICATIONFAILED] expired: check the user name, the password or token",
		on:   refuse("AUTHENTICATE", "NO [AUTHENTICATIONFAILED] expired")},
	{name: "wrong password", renew: true, stops: true,
		told: "cannot sign in: refused: NO [AUTHENTICATIONFAILED] no: check the user name, the password or token",
		on:   refuse("LOGIN", "NO [AUTHENTICATIONFAILED] no")},
	{name: "full folder", caps: "MOVE UIDPLUS", action: ingest.IMAPAction{Kind: ingest.IMAPMove, Name: "Done"}, tries: "UID MOVE",
		told: "cannot do move Done: NO [OVERQUOTA] full: make room in the target folder; the messages stay for now, tried again later",
		on:   refuse("UID MOVE", "NO [OVERQUOTA] full")},
	{name: "no MOVE, no UIDPLUS", action: ingest.IMAPAction{Kind: ingest.IMAPMove, Name: "Done"},
		told: "the server has no UIDPLUS: messages are flagged as deleted and not expunged",
		on:   func(ingest.ScriptedConn, string, string, string) bool { return false }},
	{name: "UIDVALIDITY", again: true, told: "UIDVALIDITY changed from 7 to 8: all messages are read again",
		on: func(ingest.ScriptedConn, string, string, string) bool { return false }},
}

func refuse(command, answer string) func(c ingest.ScriptedConn, tag, verb, args string) bool {
	return func(c ingest.ScriptedConn, tag, verb, args string) bool {
		if verb == command {
			c.Say("%s %s", tag, answer)
		}
		return verb == command
	}
}

// Each trouble with a mailbox is noticed, said in one line, tried again with growing waits and over by itself; no
// goroutine is left.
func TestIMAPTroubles(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		for end := time.Now().Add(time.Minute); goleak.Find(before) != nil && time.Now().Before(end); {
		}
		goleak.VerifyNone(t, before)
	})
	t.Run("all", func(t *testing.T) {
		for _, tt := range imapTroubles {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				tt.test(t)
			})
		}
	})
}

const (
	troubleTimeout = 3 * time.Second // that the server may be silent
	troublePause   = 100 * time.Millisecond
)

func (tt *imapTrouble) test(t *testing.T) {
	var broken, breaks atomic.Bool
	srv := ingest.NewScriptedIMAP(t, 1, tt.caps, func(c ingest.ScriptedConn, tag, verb, args string) bool {
		switch {
		case breaks.Load() && verb == "IDLE" && broken.CompareAndSwap(false, true):
			c.Say("+ idling")
			c.Silence()
			return true
		case broken.Load() && tt.mute:
			c.Silence()
			return true
		case broken.Load():
			return tt.on(c, tag, verb, args)
		case verb == "AUTHENTICATE":
			c.Say("%s OK", tag)
			return true
		}
		return false
	})
	var log troubleLog
	var secret atomic.Pointer[string]
	renew := func(s string) { secret.Store(&s) }
	renew("first")
	opts := srv.Options(troubleTimeout, troublePause)
	opts.Action, opts.NoIDLE = tt.action, !strings.Contains(tt.caps, "IDLE")
	opts.Notify = func(msg string) { slog.New(&log).Warn(msg) }
	opts.Password = func() (string, error) { return *secret.Load(), nil }
	if tt.token {
		opts.Token = func(context.Context, string) (string, error) { return *secret.Load(), nil }
	}
	src, err := ingest.NewIMAP(opts, &ingest.MemoryPositions{})
	if err != nil {
		t.Fatal(err)
	}
	var read atomic.Int64
	p := &pipeline.Pipeline{
		Name: "inbox", Source: src, Sinks: []*pipeline.Sink{{Name: "nowhere", Writer: nowhere{}}},
		Committed: func(b *ingest.Batch, _ []pipeline.Result) { read.Add(int64(len(b.Messages))) },
		Backoff:   pipeline.Backoff{Min: troublePause, Max: 10 * time.Second}, Log: slog.New(&log),
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if err := src.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}()

	log.until(t, "a message is read", func() bool { return read.Load() == 1 && src.Stats().Pending == 0 })
	earlier := log.warnings() // a server may lack things from the start
	if tt.mute {
		breaks.Store(true)
		log.until(t, "it idles", broken.Load)
		breaks.Store(false)
	}
	broken.Store(true)
	began := time.Now()
	switch {
	case tt.again:
		srv.SetUIDValidity(8)
	case !tt.mute:
		srv.Cut()
	}
	srv.Add(2)
	want := int64(2)
	if tt.again {
		want = 3
	}
	log.until(t, "it is told", func() bool { return len(log.warnings()) == 1 })
	if tt.mute {
		t.Logf("noticed after %v", time.Since(began).Round(time.Millisecond))
	}
	if line := log.warnings()[0]; !strings.Contains(line, tt.told) || strings.Contains(line, "\n") {
		t.Errorf("told: %q\nwant: %q", line, tt.told)
	}
	if !tt.stops {
		log.until(t, "reading goes on", func() bool { return read.Load() == want })
	}
	tried := len(srv.Commands(tt.tries))
	switch {
	case tt.stops:
		log.until(t, "it has failed three times", func() bool { return len(log.failures()) >= 3 })
	case tt.tries != "":
		log.until(t, "it is tried again", func() bool { return len(srv.Commands(tt.tries)) >= tried+2 })
	}
	if tt.stops && read.Load() != 1 {
		t.Errorf("%d messages were read meanwhile", read.Load())
	}
	if tt.renew {
		// The server was not asked for each attempt: that locks accounts.
		if n := len(srv.Commands("LOGIN", "AUTHENTICATE")); n > 2 {
			t.Errorf("signed in %d times", n)
		}
		renew("second")
	}
	broken.Store(false)
	log.until(t, "all is well", func() bool { return read.Load() == want && src.Stats().Pending == 0 && log.over() == tt.stops })
	if all := log.warnings(); len(all) != 1 || len(earlier) > 1 {
		t.Errorf("told %d times: %q", len(all), all)
	}
	for i, at := range log.failures() {
		if i > 0 && at.Sub(log.failures()[i-1]) < troublePause<<(i-1)/2 {
			t.Errorf("attempt %d came %v after the one before", i+1, at.Sub(log.failures()[i-1]))
		}
	}
	if n := len(srv.Commands("EXPUNGE", "UID EXPUNGE")); n > 0 {
		t.Errorf("expunged %d times", n)
	}
}

// nowhere is a writer that acknowledges all.
type nowhere struct{}

func (nowhere) Write(context.Context, []sink.Record) error { return nil }
func (nowhere) Close(context.Context) error                { return nil }

// troubleLog keeps what is logged.
type troubleLog struct {
	mu    sync.Mutex
	lines []slog.Record
}

func (l *troubleLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *troubleLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *troubleLog) WithGroup(string) slog.Handler            { return l }

func (l *troubleLog) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, r.Clone())
	return nil
}

func (l *troubleLog) all(yield func(r slog.Record, line string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.lines {
		line := r.Message
		r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
		if !yield(r, line) {
			return
		}
	}
}

// warnings are the lines that an operator sees when something begins.
func (l *troubleLog) warnings() (lines []string) {
	for r, line := range l.all {
		if r.Level >= slog.LevelWarn {
			lines = append(lines, line)
		}
	}
	return lines
}

// failures are when reading failed.
func (l *troubleLog) failures() (times []time.Time) {
	for r := range l.all {
		if strings.HasPrefix(r.Message, "fetching from inbox ") && r.Level != slog.LevelInfo {
			times = append(times, r.Time)
		}
	}
	return times
}

// over says whether it was told that reading works again.
func (l *troubleLog) over() bool {
	for r := range l.all {
		if r.Message == "fetching from inbox works again" {
			return true
		}
	}
	return false
}

func (l *troubleLog) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			for r, line := range l.all {
				t.Logf("%v %s", r.Level, line)
			}
			t.Fatalf("not within two minutes: %s", what)
		}
	}
}
