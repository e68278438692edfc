package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// intervalSchedule polls at an interval, give or take a tenth: mailboxes on one server must not all
// ask at once.
type intervalSchedule struct{ every time.Duration }

func (s intervalSchedule) Next(t time.Time) time.Time {
	jitter := time.Duration((rand.Float64() - 0.5) / 5 * float64(s.every))
	return t.Add(s.every + jitter)
}

// keepOpen is how long an idle connection is kept for the next poll; servers close it after 30 minutes.
const keepOpen = 10 * time.Minute

// wait returns when it is time to poll, or sooner when the server speaks of new messages.
func (s *IMAP) wait(ctx context.Context) error {
	due := s.sched.Next(time.Now())
	if due.IsZero() { // a cron date that never comes
		due = time.Now().Add(24 * time.Hour)
	}
	for {
		left := time.Until(due)
		if left <= 0 {
			break
		}
		if !s.idles() {
			if left > keepOpen {
				s.leave(ctx)
			}
			if err := sleep(ctx, left); err != nil {
				return err
			}
			continue
		}
		told, alive, err := s.idle(ctx, left)
		if err != nil {
			return err
		}
		if told {
			break
		}
		if !alive {
			// The connection is gone. Not at once: a server that drops each IDLE would be asked in a loop.
			if err := sleep(ctx, min(left, s.opts.Interval, time.Minute)); err != nil {
				return err
			}
			break
		}
	}
	if err := s.acquire(ctx); err != nil {
		return err
	}
	s.scan.pollDue = true
	s.release()
	return nil
}

// leave closes a connection that nobody needs for long.
func (s *IMAP) leave(ctx context.Context) {
	if s.acquire(ctx) != nil {
		return
	}
	defer s.release()
	if s.sess != nil {
		s.sess.logout()
		s.drop()
		s.connectedOnce = false // the next connection is no reconnect
	}
}

func (s *IMAP) idles() bool {
	if s.opts.NoIDLE || s.opts.Cron != "" {
		return false
	}
	s.lock <- struct{}{}
	defer s.release()
	return !time.Now().Before(s.idleAfter) && s.sess != nil && !s.sess.dead() && s.scan.selected && s.sess.caps.Has(imap.CapIdle)
}

// idle lets the server speak for at most d, in one cycle of five to nine minutes: well below what servers
// and address translators allow. It ends early when the session is wanted elsewhere. alive
// is false when the connection was lost.
func (s *IMAP) idle(ctx context.Context, d time.Duration) (told, alive bool, err error) {
	if err := s.acquire(ctx); err != nil {
		return false, false, err
	}
	defer s.release()
	if s.sess == nil || s.sess.dead() {
		return false, false, nil
	}
	select {
	case <-s.hint:
		return true, true, nil
	default:
	}
	var cmd *imapclient.IdleCommand
	err = s.sess.do(ctx, func() (err error) {
		cmd, err = s.sess.client.Idle()
		return err
	})
	if err != nil {
		if ctx.Err() != nil {
			return false, false, context.Cause(ctx)
		}
		if isNo(err) || errors.Is(err, errIMAPSilent) {
			// It may have been a bad moment: to be told of new mail is worth another try.
			s.idleAfter = time.Now().Add(s.opts.idleRetry)
			if !s.idleTold {
				s.idleTold = true
				s.notify("the server offers IDLE and fails at it (%s): polling only, IDLE is tried again in %v", oneLine(err.Error()), s.opts.idleRetry)
			}
		}
		return false, !s.sess.dead(), nil
	}
	s.idleTold = false
	cycle := s.opts.idleCycle
	if cycle == 0 {
		cycle = 5*time.Minute + rand.N(4*time.Minute)
	}
	timer := time.NewTimer(min(d, cycle))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.wake:
	case <-s.hint:
		told = true
	case <-s.sess.client.Closed():
	}
	// At a shutdown too: what is committed later may need the connection.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(s.opts.Timeout, 2*time.Second))
	defer cancel()
	err = s.sess.do(end, func() error {
		if err := cmd.Close(); err != nil {
			return err
		}
		return cmd.Wait()
	})
	if ctx.Err() != nil {
		return false, false, context.Cause(ctx)
	}
	return told, err == nil, nil
}
