package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// errIMAPSilent, errIMAPSlow and errIMAPFlood are why a watched connection was closed from this side.
var (
	errIMAPSilent = errors.New("the server stayed silent")
	errIMAPSlow   = errors.New("the server took too long")
	errIMAPFlood  = errors.New("the server sent more than any answer needs")
)

// errIMAPHungUp is a connection that the server has closed.
var errIMAPHungUp = errors.New("the server closed the connection")

// errIMAPProtocol marks an answer that could not be read.
var errIMAPProtocol = errors.New("unreadable answer")

// watchedConn closes the connection when a command gets no answer in time. The client
// library knows neither contexts nor command timeouts, and its own read deadlines would cut a
// slow but living transfer.
type watchedConn struct {
	net.Conn

	mu      sync.Mutex
	timer   *time.Timer // fires when nothing was read for quiet
	limit   *time.Timer
	quiet   time.Duration
	most    int64
	longest time.Duration
	budget  int64 // bytes that may still be read until it is armed again
	armed   bool
	cause   error // why it is dead
	closed  bool
}

// newWatchedConn bounds to budget what one command may make the server send, beyond the bodies asked for, and
// to longest how long it may take.
func newWatchedConn(c net.Conn, budget int64, longest time.Duration) *watchedConn {
	w := &watchedConn{Conn: c, most: budget, longest: longest}
	w.timer = time.AfterFunc(time.Hour, func() { w.kill(errIMAPSilent) })
	w.limit = time.AfterFunc(time.Hour, func() { w.kill(errIMAPSlow) })
	w.disarm()
	return w
}

func (w *watchedConn) arm(quiet time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.quiet, w.budget = true, quiet, w.most
	w.timer.Reset(quiet)
	w.limit.Reset(w.longest)
}

func (w *watchedConn) disarm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed = false
	w.timer.Stop()
	w.limit.Stop()
}

// allow adds to what the running command may receive.
func (w *watchedConn) allow(n int64) {
	w.mu.Lock()
	w.budget += n
	w.mu.Unlock()
}

// kill closes the connection; the first cause stays.
func (w *watchedConn) kill(cause error) {
	w.mu.Lock()
	if w.cause == nil {
		w.cause = cause
	}
	w.timer.Stop()
	w.limit.Stop()
	w.mu.Unlock()
	w.Conn.Close()
}

func (w *watchedConn) why() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}

func (w *watchedConn) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	if n > 0 && w.cause == nil {
		if w.armed {
			w.timer.Reset(w.quiet)
		}
		if w.budget -= int64(n); w.budget < 0 {
			w.cause = errIMAPFlood
			w.Conn.Close()
			return 0, errIMAPFlood
		}
	}
	if err != nil && w.cause == nil && !errors.Is(err, net.ErrClosed) {
		w.cause = err
		if err == io.EOF {
			w.cause = errIMAPHungUp
		}
	}
	return n, err
}

// Write reports a failure through the reading side alone: the library would end its commands from the
// writing goroutine while its reader may be sending to them: a send on a closed channel, and the process is gone.
// Once the library has closed the connection, after an answer it could not read for example, a write
// fails at once: its reader is no more, and nobody else would end the command.
func (w *watchedConn) Write(p []byte) (int, error) {
	w.mu.Lock()
	closed := w.closed
	w.mu.Unlock()
	if closed {
		return 0, net.ErrClosed
	}
	if _, err := w.Conn.Write(p); err != nil {
		w.mu.Lock()
		closed := w.closed // in between
		w.mu.Unlock()
		if closed {
			return 0, net.ErrClosed
		}
		w.kill(err)
	}
	return len(p), nil
}

// Close is the library's.
func (w *watchedConn) Close() error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	return w.Conn.Close()
}

// SetDeadline, SetReadDeadline and SetWriteDeadline leave the deadlines to arm.
func (w *watchedConn) SetDeadline(time.Time) error      { return nil }
func (w *watchedConn) SetReadDeadline(time.Time) error  { return nil }
func (w *watchedConn) SetWriteDeadline(time.Time) error { return nil }

// imapSession is one signed-in connection. One goroutine uses it at a time.
type imapSession struct {
	timeout time.Duration
	conn    *watchedConn
	client  *imapclient.Client
	caps    imap.CapSet
	used    time.Time

	estimates int // how often RFC822.SIZE was found to be more than there is

	collect atomic.Pointer[imapCollector] // of the running FETCH
	exists  func()                        // called when the server speaks of messages; may be nil
}

// do runs one command. When it fails with anything but the server's NO or BAD the session is dead.
func (s *imapSession) do(ctx context.Context, f func() error) error {
	if err := s.conn.why(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { s.conn.kill(context.Cause(ctx)) })
	s.conn.arm(s.timeout)
	err := f()
	s.conn.disarm()
	stop()
	s.used = time.Now()
	if err == nil || isNo(err) {
		return err
	}
	if cause := s.conn.why(); cause != nil {
		return cause
	}
	// With TLS the goodbye is no end of the transport, and the library's reader may have seen it first.
	if text := err.Error(); strings.HasSuffix(text, io.ErrUnexpectedEOF.Error()) || strings.HasSuffix(text, net.ErrClosed.Error()) {
		s.conn.kill(errIMAPHungUp)
		return errIMAPHungUp
	}
	s.conn.kill(err)
	return fmt.Errorf("%w: %s", errIMAPProtocol, oneLine(err.Error()))
}

// dead says whether the session cannot be used any more.
func (s *imapSession) dead() bool {
	select {
	case <-s.client.Closed():
		return true
	default:
		return s.conn.why() != nil
	}
}

// isNo says whether err is the server's NO or BAD: the connection is still good.
func isNo(err error) bool {
	var e *imap.Error
	return errors.As(err, &e) && e.Type != imap.StatusResponseTypeBye
}

// close ends the connection and waits for the client's goroutine. No command may be running.
func (s *imapSession) close() {
	s.conn.kill(net.ErrClosed)
	s.client.Close()
}

// logout says goodbye where that takes no time.
func (s *imapSession) logout() {
	if !s.dead() {
		s.timeout = min(s.timeout, time.Second)
		s.do(context.Background(), func() error { return s.client.Logout().Wait() })
	}
	s.close()
}

// stray takes FETCH data that belongs to no command by the library's reckoning: flags that another
// client changed, but also the body of a message whose UID comes after it, or whose UID came
// before with flags alone.
func (s *imapSession) stray(msg *imapclient.FetchMessageData) {
	c := s.collect.Load()
	if c == nil {
		c = newIMAPCollector(s.conn, nil, 0, 0)
	}
	c.take(msg)
}
