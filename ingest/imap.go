package ingest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/robfig/cron/v3"
)

// IMAPSecurity says how a connection is protected.
type IMAPSecurity uint8

// IMAPTLS speaks TLS from the first byte, IMAPSTARTTLS upgrades before signing in and never
// goes on without, IMAPPlain sends everything, the password too, in the clear.
const (
	IMAPTLS IMAPSecurity = iota
	IMAPSTARTTLS
	IMAPPlain
)

// IMAPStart says where to begin in a mailbox that has no stored position: with the zero value
// at its first message.
type IMAPStart struct {
	// Now skips what is there already.
	Now bool
	// Since skips what comes before the first message that arrived on that day or later.
	Since time.Time
}

// IMAPOptions says which mailbox is read, and how. Address, Username and one of Password and
// Token are required.
type IMAPOptions struct {
	// Address is host or host:port. The default port is 993 with IMAPTLS, else 143.
	Address string
	// Security is IMAPTLS by default.
	Security IMAPSecurity
	// TLS holds own roots and client certificates. The default trusts the system's roots and
	// checks the host name of Address.
	TLS *tls.Config

	Username string
	// Password is asked at each sign-in, so that a changed secret is taken up.
	Password func() (string, error)
	// Token gives OAuth 2.0 access tokens in place of a password; see [IMAPOAuth].
	Token TokenFunc
	// Mechanism is one of PLAIN, LOGIN, XOAUTH2 and OAUTHBEARER. By default the first of them
	// that the server offers and that there is a secret for.
	Mechanism string

	// Mailbox is INBOX by default.
	Mailbox string
	Start   IMAPStart
	// Interval lies between two polls, give or take a tenth. The default is one minute.
	Interval time.Duration
	// Cron polls at set times instead ("*/10 8-18 * * 1-5"), without IDLE.
	Cron string
	// NoIDLE does not ask the server to tell of new mail between polls.
	NoIDLE bool

	// Batch is the most messages in one batch; 200 by default.
	Batch int
	// BatchBytes is the most bytes in one batch unless a single message has more; 16 MiB by default.
	BatchBytes int64
	// MaxBytes is how much of one message is read; DefaultMaxBytes by default, at least MinMaxBytes.
	MaxBytes int
	// MaxPerSecond slows reading to so many messages a second; 0 is no limit.
	MaxPerSecond int

	// Action is taken on a message once it needs no more work, unless Actions names another
	// for its outcome. By default messages are kept as they are and the mailbox is opened read-only.
	// Delete spares Other, Unreadable and Quarantined.
	Action  IMAPAction
	Actions map[Outcome]IMAPAction

	// Timeout is how long the server may stay silent within a command; one minute by default.
	// Ten times as long is the most that one command may take.
	Timeout time.Duration
	// Notify, where set, is told in one line what an operator should know and need not act
	// on at once, such as a changed UIDVALIDITY. It must not block.
	Notify func(msg string)

	// Set shorter by tests.
	idleCycle    time.Duration
	idleRetry    time.Duration
	calmAfter    time.Duration
	suspectDelay time.Duration
	actionDelay  time.Duration
	collect      time.Duration
	answerBudget int64
	longest      time.Duration
}

// IMAP is a [Source] over one mailbox of an IMAP server: IMAP4rev1 or later, with IDLE, MOVE,
// UIDPLUS and ESEARCH where they are offered. It keeps one connection, which it makes anew
// when the one before has failed: servers that limit connections per user need to allow one for
// each mailbox read. Fetch never returns io.EOF.
//
// The position of a mailbox is its UIDVALIDITY and the UID of the last message that needs no more
// work. When UIDVALIDITY changes all messages are read again.
//
// A message whose body the server lists and does not give, or at which the connection
// or the process failed time and again, is handed out without its body and with Err set.
type IMAP struct {
	opts  IMAPOptions
	pos   Positions
	url   string // as RFC 5092 writes it, without UIDVALIDITY; the key of the position
	sched cron.Schedule

	life context.Context // ends with Close
	end  context.CancelFunc

	lock chan struct{} // holds the session and what is only used with it
	wake chan struct{} // received: the session is wanted while IDLE runs
	hint chan struct{} // the server spoke of new messages

	// With lock held.
	sess          *imapSession
	scan          imapScan
	acting        imapActing
	refused       imapRefusal
	connectedOnce bool
	idleAfter     time.Time // IDLE has failed and is not tried again before
	idleTold      bool      // that it fails

	rec       imapRecorder
	journal   imapJournaler
	committed chan struct{} // a commit moved the position

	mu    sync.Mutex
	stats IMAPStats
	acted time.Time // when actions were last taken
	rate  rateMeter
}

var _ Source = (*IMAP)(nil)

// NewIMAP checks the options and returns the source; it connects at the first Fetch.
func NewIMAP(opts IMAPOptions, pos Positions) (*IMAP, error) {
	if err := opts.normalize(); err != nil {
		return nil, err
	}
	s := &IMAP{
		opts:      opts,
		pos:       pos,
		url:       imapURL(&opts),
		lock:      make(chan struct{}, 1),
		wake:      make(chan struct{}),
		hint:      make(chan struct{}, 1),
		committed: make(chan struct{}, 1),
	}
	s.sched = intervalSchedule{opts.Interval}
	if opts.Cron != "" {
		sched, err := cron.ParseStandard(opts.Cron)
		if err != nil {
			return nil, fmt.Errorf("imap %s: schedule %q: %w", s.url, opts.Cron, err)
		}
		s.sched = sched
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.stats.Mailbox = s.url
	s.scan.pollDue = true
	s.rec.key, s.journal.key = s.url, s.url+";journal"
	s.rec.pos, s.journal.pos = pos, pos
	return s, nil
}

func (o *IMAPOptions) normalize() error {
	port := "143"
	if o.Security == IMAPTLS {
		port = "993"
	}
	if o.Address == "" {
		return errors.New("imap: no server: set its address")
	}
	if _, _, err := net.SplitHostPort(o.Address); err != nil {
		o.Address = net.JoinHostPort(strings.Trim(o.Address, "[]"), port)
	}
	if o.Username == "" {
		return fmt.Errorf("imap %s: no user name", o.Address)
	}
	o.Mechanism = strings.ToUpper(o.Mechanism)
	switch o.Mechanism {
	case "":
		if o.Password == nil && o.Token == nil {
			return fmt.Errorf("imap %s, user %s: no password and no token", o.Address, o.Username)
		}
	case mechPlain, mechLogin:
		if o.Password == nil {
			return fmt.Errorf("imap %s, user %s: %s needs a password", o.Address, o.Username, o.Mechanism)
		}
	case mechXOAuth2, mechOAuthBearer:
		if o.Token == nil {
			return fmt.Errorf("imap %s, user %s: %s needs a token", o.Address, o.Username, o.Mechanism)
		}
	default:
		return fmt.Errorf("imap %s, user %s: sign-in mechanism %q is none of PLAIN, LOGIN, XOAUTH2, OAUTHBEARER", o.Address, o.Username, o.Mechanism)
	}
	if o.MaxBytes != 0 && o.MaxBytes < MinMaxBytes {
		return fmt.Errorf("imap %s: at most %d bytes of a message is too little: at least %d", o.Address, o.MaxBytes, MinMaxBytes)
	}
	for outcome, a := range o.Actions {
		if a.Kind == IMAPDelete && !deletable(outcome) {
			return fmt.Errorf("imap %s: delete is refused for %s: move it to a folder instead", o.Address, outcome)
		}
		if err := a.check(); err != nil {
			return fmt.Errorf("imap %s: action for %s: %w", o.Address, outcome, err)
		}
	}
	if err := o.Action.check(); err != nil {
		return fmt.Errorf("imap %s: action: %w", o.Address, err)
	}
	if strings.EqualFold(o.Mailbox, "INBOX") {
		o.Mailbox = "INBOX"
	}
	o.Mailbox = cmp.Or(o.Mailbox, "INBOX")
	o.Interval = cmp.Or(o.Interval, time.Minute)
	o.Batch = cmp.Or(o.Batch, 200)
	o.BatchBytes = cmp.Or(o.BatchBytes, 16<<20)
	o.MaxBytes = cmp.Or(o.MaxBytes, DefaultMaxBytes)
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.longest = cmp.Or(o.longest, 10*o.Timeout)
	o.calmAfter = cmp.Or(o.calmAfter, 2*time.Second)
	o.suspectDelay = cmp.Or(o.suspectDelay, time.Second)
	o.answerBudget = cmp.Or(o.answerBudget, 16<<20)
	o.idleRetry = cmp.Or(o.idleRetry, time.Hour)
	o.collect = cmp.Or(o.collect, 5*time.Second)
	o.actionDelay = cmp.Or(o.actionDelay, time.Minute)
	return nil
}

// readOnly says whether nothing will ever be done to a message.
func (o *IMAPOptions) readOnly() bool {
	if o.Action.Kind != IMAPKeep {
		return false
	}
	for _, a := range o.Actions {
		if a.Kind != IMAPKeep {
			return false
		}
	}
	return true
}

// String returns the mailbox's URL (RFC 5092).
func (s *IMAP) String() string { return s.url }

// Check connects, signs in, opens the mailbox and looks what is new in it, without reading
// any message. What it saw is in Stats.
func (s *IMAP) Check(ctx context.Context) error {
	ctx, cancel := s.joined(ctx)
	defer cancel()
	if err := s.acquire(ctx); err != nil {
		return err
	}
	defer s.release()
	return s.failed(s.open(ctx))
}

// Close implements [Source]: it ends a Fetch that waits and drops what is uncommitted. Actions that are
// left over are taken if that takes no more than seconds, else by the next start.
func (s *IMAP) Close() error {
	s.end()
	s.lock <- struct{}{}
	defer s.release()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if s.sess != nil {
		s.act(ctx)
		s.sess.logout()
		s.sess = nil
	}
	return s.journal.close(ctx, s.rec.position())
}

// joined ends with ctx and with the source.
func (s *IMAP) joined(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.life, func() { cancel(errIMAPClosed) })
	return ctx, func() { stop(); cancel(nil) }
}

var errIMAPClosed = fmt.Errorf("imap source: %w", net.ErrClosed)

// acquire takes the session, out of a running IDLE if need be.
func (s *IMAP) acquire(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case s.lock <- struct{}{}:
			return nil
		case s.wake <- struct{}{}:
			// The IDLE ends now; its lock follows.
		}
	}
}

func (s *IMAP) release() { <-s.lock }

func (s *IMAP) notify(format string, args ...any) {
	if s.opts.Notify != nil {
		s.opts.Notify(fmt.Sprintf("imap %s: ", s.url) + fmt.Sprintf(format, args...))
	}
}

// drop closes a session that failed.
func (s *IMAP) drop() {
	if s.sess != nil {
		s.sess.close()
		s.sess = nil
		s.mu.Lock()
		s.stats.Connected = false
		s.mu.Unlock()
	}
}

// source is where a message is (RFC 5092).
func (s *IMAP) source(validity uint32, uid imap.UID) string {
	return fmt.Sprintf("%s;UIDVALIDITY=%d/;UID=%d", s.url, validity, uid)
}

// imapURL names a mailbox (RFC 5092). The port is left out where it is the usual one, with or without
// TLS, so that a change from one to the other keeps the position.
func imapURL(o *IMAPOptions) string {
	host, port, _ := net.SplitHostPort(o.Address)
	host = strings.ToLower(host)
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if !(port == "993" && o.Security == IMAPTLS || port == "143" && o.Security != IMAPTLS) {
		host += ":" + port
	}
	return "imap://" + escapeIMAP(o.Username, "") + "@" + host + "/" + escapeIMAP(o.Mailbox, ":@/")
}

// escapeIMAP leaves achar of RFC 5092 11 and the bytes in also.
func escapeIMAP(s, also string) string {
	const plain = "-._~!$'()*+,&="
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.IndexByte(plain, c) >= 0 || strings.IndexByte(also, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
