package pipeline

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Backoff is the wait between attempts. It doubles from Min to Max, and each wait is shortened at
// random by up to a half so that workers do not knock together.
type Backoff struct {
	Min time.Duration // default 200 ms
	Max time.Duration // default 30 s
}

func (b Backoff) after(attempt int) time.Duration {
	d := cmp.Or(b.Min, 200*time.Millisecond)
	limit := cmp.Or(b.Max, 30*time.Second)
	for range attempt {
		if d *= 2; d >= limit {
			break
		}
	}
	d = min(d, limit)
	return d - rand.N(d/2+1)
}

// trouble is one thing that may be failing. It says so once when that begins and once when it
// is over.
type trouble struct {
	p        *Pipeline
	what     string
	alarm    *alarm // what it has in common with other pipelines
	attempts int
	since    time.Time
	now      atomic.Pointer[Trouble]
}

// alarm counts the pipelines that have the same trouble: the first tells when it begins, the last
// when it is over.
type alarm struct {
	mu      sync.Mutex
	failing int
	since   time.Time
}

func (a *alarm) raise(now time.Time) (first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failing++; a.failing == 1 {
		a.since = now
		return true
	}
	return false
}

func (a *alarm) lower() (last bool, since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failing--
	return a.failing == 0, a.since
}

// Trouble is something that fails at the moment and is tried again.
type Trouble struct {
	What  string // "writing to kafka"
	Since time.Time
	Err   error // of the last attempt
}

func (p *Pipeline) trouble(what string) *trouble {
	t := &trouble{p: p, what: what, alarm: new(alarm)}
	p.stats.watch(t)
	return t
}

// again notes a failed attempt, waits, and reports whether to try once more: not when ctx has
// ended or err is one that GiveUp knows, which then stops the pipeline.
func (p *Pipeline) again(ctx context.Context, stop context.CancelCauseFunc, t *trouble, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	if p.GiveUp != nil && p.GiveUp(err) {
		stop(err)
		return false
	}
	if t.attempts == 0 {
		t.since = time.Now()
	}
	first := t.attempts == 0 && t.alarm.raise(t.since)
	t.now.Store(&Trouble{What: t.what, Since: t.since, Err: err}) // before it is told: who reads of it may ask
	if first {
		p.Log.Warn(t.what+" fails, trying again until it works", "source", p.Name, "error", err)
	} else {
		p.Log.Debug(t.what+" still fails", "source", p.Name, "error", err, "attempts", t.attempts+1)
	}
	t.attempts++
	select {
	case <-time.After(p.Backoff.after(t.attempts - 1)):
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// over notes a success.
func (t *trouble) over() {
	if t.attempts == 0 {
		return
	}
	t.now.Store(nil)
	if last, since := t.alarm.lower(); last {
		t.p.Log.Info(t.what+" works again", "source", t.p.Name, "after", time.Since(since).Round(time.Millisecond), "attempts", t.attempts)
	}
	t.attempts = 0
}

// leave is for a pipeline that ends in trouble.
func (t *trouble) leave() {
	if t.attempts > 0 {
		t.alarm.lower()
	}
}

// withGrace returns a context that ends d after ctx does.
func withGrace(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	grace, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		time.AfterFunc(d, cancel)
	})
	return grace, func() { stop(); cancel() }
}
