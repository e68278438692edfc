package ingest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/emersion/go-imap/v2"
)

// ErrMisconfigured marks errors that will most likely stay until the configuration changes: a
// wrong password, a certificate for another name, a mailbox that is not there. They are
// retried all the same.
var ErrMisconfigured = errors.New("misconfigured")

// IMAPError is any failure of an IMAP source, in one line that names the place and what to do.
type IMAPError struct {
	Server, User, Mailbox string
	// Doing is what failed: "connect", "sign in", "open the mailbox", "fetch", ...
	Doing string
	// Remedy is what an operator can do, where there is anything.
	Remedy string
	Err    error
	config bool
}

// Error never holds a secret.
func (e *IMAPError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "imap %s, user %s", e.Server, e.User)
	if e.Mailbox != "" {
		fmt.Fprintf(&b, ", mailbox %s", oneLine(e.Mailbox))
	}
	// The library's prefix to the server's answer says nothing new.
	text := strings.NewReplacer("imap: NO", "NO", "imap: BAD", "BAD", "imap: BYE", "BYE").Replace(e.Err.Error())
	fmt.Fprintf(&b, ": cannot %s: %s", e.Doing, oneLine(text))
	if e.Remedy != "" {
		b.WriteString(": " + e.Remedy)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *IMAPError) Unwrap() error { return e.Err }

// Is recognises ErrMisconfigured.
func (e *IMAPError) Is(target error) bool { return target == ErrMisconfigured && e.config }

// wrong says what failed; the account's and mailbox's names are added by failed.
func wrong(doing string, err error) error {
	e := &IMAPError{Doing: doing, Err: err}
	e.Remedy, e.config = remedy(doing, err)
	return e
}

// failed completes an error with the place and counts it. The end of a context stays what it is.
func (s *IMAP) failed(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, errIMAPClosed) {
		return err
	}
	err = s.opts.placed(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Errors++
	s.stats.LastError = err.Error()
	return err
}

func (o *IMAPOptions) placed(err error) error {
	var at *IMAPError
	if !errors.As(err, &at) {
		at = &IMAPError{Doing: "go on", Err: err}
	}
	e := *at // somebody may be reading it: a refusal is returned again and again
	e.Server, e.User, e.Mailbox = o.Address, o.Username, o.Mailbox
	return &e
}

const (
	doConnect = "connect"
	doTLS     = "start TLS"
	doSecret  = "get the secret to sign in with"
	doSignIn  = "sign in"
	doOpen    = "open the mailbox"
	doSearch  = "look for new messages"
	doFetch   = "fetch messages"
	doList    = "list mailboxes"
	doStore   = "store the position"
	doLoad    = "load the position"
	doAction  = "do " // and which
)

// remedy says what helps, and whether it is the configuration that needs a change.
func remedy(doing string, err error) (string, bool) {
	var (
		name    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
		dns     *net.DNSError
		late    net.Error
		no      *imap.Error
	)
	switch {
	case errors.As(err, &name):
		return "use the name that the certificate is for, or set the TLS server name", true
	case errors.As(err, &unknown):
		return "trust the authority that signed it: set the CA file", true
	case errors.As(err, &invalid):
		return "have the server's certificate renewed or corrected, and check this machine's clock", true
	case errors.As(err, &record):
		return "the port speaks no TLS: use STARTTLS or the TLS port, 993", true
	case strings.Contains(err.Error(), "remote error: tls"):
		return "the server refused the handshake: check the client certificate and the TLS versions", true
	case errors.As(err, &dns):
		return "check the server's name and the resolver", dns.IsNotFound
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is the server up, and the port right?", false
	case errors.Is(err, errIMAPSilent), errors.Is(err, errIMAPSlow), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &late) && late.Timeout():
		if doing == doConnect {
			return "check the address, the port and the TLS mode, and firewalls between", false
		}
		return "check the server's load and the network between", false
	case errors.As(err, &no):
		return remedyNo(doing, no)
	case isRefusal(err):
		return remedyNo(doing, &imap.Error{})
	}
	return "", errors.Is(err, ErrMisconfigured) || doing == doSecret && errors.Is(err, fs.ErrNotExist)
}

func remedyNo(doing string, no *imap.Error) (string, bool) {
	switch no.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeServerBug:
		return "the server has a problem of its own", false
	case imap.ResponseCodeLimit:
		return "the server's limits are reached: fewer mailboxes or slower polls", false
	case imap.ResponseCodePrivacyRequired:
		return "the server wants TLS first", true
	case imap.ResponseCodeExpired:
		return "renew the account's password", true
	case imap.ResponseCodeContactAdmin:
		return "ask the server's administrator", true
	case imap.ResponseCodeOverQuota:
		if strings.HasPrefix(doing, doAction) {
			return "make room in the target folder", false
		}
		return "the account's limits are reached: slower polls, or a larger quota", false
	case imap.ResponseCodeNoPerm:
		return "give the user the right to do so", true
	}
	// Microsoft 365 answers BAD while a mailbox moves; others refuse for a while and say so in words only.
	if no.Type == imap.StatusResponseTypeBad || passing(no.Text) {
		return "", false
	}
	switch doing {
	case doSignIn:
		return "check the user name, the password or token, and whether IMAP is allowed for the account", true
	case doOpen:
		return "check the mailbox's name and the user's rights", true
	}
	return "", false
}

// passing says whether a refusal sounds like one that ends by itself.
func passing(text string) bool {
	text = strings.ToLower(text)
	for _, word := range []string{"too many", "temporar", "try again", "try later", "limit", "unavailable", "busy"} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// oneLine makes foreign text fit to be printed: no control characters, not long.
func oneLine(s string) string {
	const longest = 300
	if i := strings.Index(s, "\ngoroutine "); i >= 0 {
		s = s[:i]
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + "..."
	}
	return s
}
