package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress tells how far a replay is: a bar on a terminal, else a line now and then.
type progress struct {
	w    io.Writer
	bar  *progressbar.ProgressBar
	stop chan struct{}
	all  sync.WaitGroup
	mu   sync.Mutex
}

// progressState is how far it is.
type progressState struct {
	read, total int64 // bytes of the files; total < 0: unknown
	mails       int64
	trouble     string
}

// newProgress calls state now and then until done is called.
func newProgress(w io.Writer, quiet bool, every time.Duration, state func() progressState) *progress {
	p := &progress{w: w, stop: make(chan struct{})}
	if quiet {
		return p
	}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions64(max(state().total, -1),
			progressbar.OptionSetWriter(w),
			progressbar.OptionShowBytes(true),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionFullWidth(),
			progressbar.OptionClearOnFinish())
		every = 200 * time.Millisecond
	}
	p.all.Go(func() {
		t := time.NewTicker(every)
		defer t.Stop()
		start, last := time.Now(), progressState{}
		for {
			select {
			case <-t.C:
				s := state()
				p.mu.Lock()
				p.show(s, s.mails-last.mails, every, time.Since(start))
				p.mu.Unlock()
				last = s
			case <-p.stop:
				return
			}
		}
	})
	return p
}

func (p *progress) show(s progressState, mails int64, every, since time.Duration) {
	if p.bar != nil {
		if s.total > 0 {
			p.bar.ChangeMax64(max(s.total, s.read))
		}
		p.bar.Describe(fmt.Sprintf("%d mails, %s/s", s.mails, rate(mails, every)) + after("; ", s.trouble))
		p.bar.Set64(s.read)
		return
	}
	line := fmt.Sprintf("bouncepipe: %d mails, %s", s.mails, size(s.read))
	if s.total > 0 && s.read > 0 {
		left := time.Duration(float64(since) * float64(max(0, s.total-s.read)) / float64(s.read))
		line += fmt.Sprintf(" of %s, %s left", size(s.total), left.Round(time.Second))
	}
	fmt.Fprintf(p.w, "%s; %s mails/s%s\n", line, rate(mails, every), after("; ", s.trouble))
}

// pause lets f write without the bar in between.
func (p *progress) pause(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil {
		p.bar.Clear()
	}
	f()
}

// done ends the telling and clears the bar.
func (p *progress) done() {
	close(p.stop)
	p.all.Wait()
	if p.bar != nil {
		p.bar.Finish()
		p.bar.Clear()
	}
}
