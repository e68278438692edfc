package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// dialIMAP connects and signs in. exists, which may be nil, is called when the server speaks of
// messages on its own.
func dialIMAP(ctx context.Context, o *IMAPOptions, exists func()) (*imapSession, error) {
	secret, err := o.secret(ctx, "")
	if err != nil {
		return nil, wrong(doSecret, err)
	}
	sess, err := dialAndSignIn(ctx, o, secret, exists)
	if secret.token && isRefusal(err) {
		// A token may be revoked, or expire earlier than its issuer said.
		fresh, ferr := o.secret(ctx, secret.text)
		var refusal *IMAPError
		switch {
		case ferr != nil && errors.As(err, &refusal):
			err = wrong(doSignIn, fmt.Errorf("%w, and there is no other: %w", refusal.Err, ferr))
		case ferr == nil && fresh.text != secret.text:
			return dialAndSignIn(ctx, o, fresh, exists)
		}
	}
	return sess, err
}

func dialAndSignIn(ctx context.Context, o *IMAPOptions, secret imapSecret, exists func()) (*imapSession, error) {
	raw, err := (&net.Dialer{Timeout: o.Timeout}).DialContext(ctx, "tcp", o.Address)
	if err != nil {
		return nil, wrong(doConnect, err)
	}
	w := newWatchedConn(raw, o.answerBudget, o.longest)
	stop := context.AfterFunc(ctx, func() { w.kill(context.Cause(ctx)) })
	defer stop()
	w.arm(o.Timeout)
	conn, err := secure(ctx, o, w)
	w.disarm()
	if err != nil {
		if cause := w.why(); cause != nil && !isTLSVerdict(err) {
			err = cause
		}
		w.kill(err)
		var e *IMAPError
		if !errors.As(err, &e) {
			err = wrong(doConnect, err)
		}
		return nil, err
	}
	sess := &imapSession{timeout: o.Timeout, conn: w, exists: exists}
	sess.client = imapclient.New(conn, &imapclient.Options{
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{
			Fetch: sess.stray,
			Mailbox: func(data *imapclient.UnilateralDataMailbox) {
				if data.NumMessages != nil && sess.exists != nil {
					sess.exists()
				}
			},
		},
	})
	if err := sess.greet(ctx); err != nil {
		sess.close()
		return nil, wrong(doConnect, err)
	}
	if sess.client.State() == imap.ConnStateNotAuthenticated {
		if err := sess.signIn(ctx, o, secret); err != nil {
			sess.close()
			return nil, wrong(doSignIn, err)
		}
	}
	if err := sess.capability(ctx); err != nil {
		sess.close()
		return nil, wrong(doSignIn, err)
	}
	return sess, nil
}

// secure gives the connection that IMAP is spoken on.
func secure(ctx context.Context, o *IMAPOptions, w *watchedConn) (net.Conn, error) {
	if o.Security == IMAPPlain {
		return w, nil
	}
	cfg := &tls.Config{}
	if o.TLS != nil {
		cfg = o.TLS.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(o.Address)
	}
	conn := tls.Client(w, cfg)
	if o.Security == IMAPTLS {
		if err := conn.HandshakeContext(ctx); err != nil {
			return nil, wrong(doConnect, err)
		}
		return conn, nil
	}
	if err := startTLS(w); err != nil {
		return nil, wrong(doTLS, err)
	}
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, wrong(doTLS, err)
	}
	// The greeting has been read; the library waits for one.
	return &greetedConn{Conn: conn, greeting: strings.NewReader("* OK TLS\r\n")}, nil
}

// isTLSVerdict says whether err is what TLS had to say, rather than the transport below it.
func isTLSVerdict(err error) bool {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &verify) || errors.As(err, &record) || errors.Is(err, ErrMisconfigured) ||
		strings.Contains(err.Error(), "remote error: tls")
}

// startTLS runs RFC 3501 6.2.1 up to the handshake. The library's own can wait for ever when the connection
// is cut within the answer; and read a byte at a time, nothing that was smuggled in behind
// the answer is taken for the server's later word.
func startTLS(rw io.ReadWriter) error {
	greeting, err := readIMAPLine(rw)
	if err != nil {
		return err
	}
	if !hasPrefixFold(greeting, "* OK") {
		if hasPrefixFold(greeting, "* PREAUTH") {
			return fmt.Errorf("%w: the server has signed in by itself before TLS", ErrMisconfigured)
		}
		return fmt.Errorf("the server greets with %q", oneLine(greeting))
	}
	if _, err := io.WriteString(rw, "S1 STARTTLS\r\n"); err != nil {
		return err
	}
	for {
		line, err := readIMAPLine(rw)
		if err != nil {
			return err
		}
		if rest, ok := strings.CutPrefix(line, "S1 "); ok {
			if hasPrefixFold(rest, "OK") {
				return nil
			}
			return fmt.Errorf("%w: the server refuses STARTTLS: %s", ErrMisconfigured, oneLine(rest))
		}
	}
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func readIMAPLine(r io.Reader) (string, error) {
	const longest = 8 << 10
	var line []byte
	var b [1]byte
	for len(line) < longest {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
	return "", fmt.Errorf("%w: a line of more than %d bytes", errIMAPProtocol, longest)
}

// greetedConn reads the greeting before the rest.
type greetedConn struct {
	net.Conn
	greeting *strings.Reader
}

func (c *greetedConn) Read(p []byte) (int, error) {
	if c.greeting.Len() > 0 {
		return c.greeting.Read(p)
	}
	return c.Conn.Read(p)
}

// greet waits for the greeting and learns what the server can do.
func (s *imapSession) greet(ctx context.Context) error {
	if err := s.do(ctx, s.client.WaitGreeting); err != nil {
		return err
	}
	return s.capability(ctx)
}

func (s *imapSession) capability(ctx context.Context) error {
	return s.do(ctx, func() error {
		caps, err := s.client.Capability().Wait()
		s.caps = caps
		return err
	})
}
