package ingest

import (
	"context"
	"io"
	"time"
)

// pump reads a pipe in a goroutine of its own, so that waiting for the writer can be given
// up. The goroutine ends when the writer does; a blocked read cannot be ended otherwise.
type pump struct {
	chunks chan chunk
	spare  chan []byte
	quit   chan struct{}
	ctx    context.Context // of the present Fetch
	rest   chunk
	begun  bool
	r      io.Reader
}

type chunk struct {
	b, buf []byte
	err    error
}

func newPump(r io.Reader) *pump {
	return &pump{r: r, chunks: make(chan chunk), spare: make(chan []byte, 2), quit: make(chan struct{})}
}

func (p *pump) run() {
	for range cap(p.spare) {
		p.spare <- make([]byte, maxRead)
	}
	for {
		var buf []byte
		select {
		case buf = <-p.spare:
		case <-p.quit:
			return
		}
		n, err := p.r.Read(buf)
		select {
		case p.chunks <- chunk{buf[:n], buf, err}:
		case <-p.quit:
			return
		}
		if err != nil {
			return
		}
	}
}

// linger is how long more is waited for before a batch that could be larger is handed out.
const linger = 10 * time.Millisecond

// ready reports whether there is something to read, after waiting for it a little.
func (p *pump) ready() bool {
	if len(p.rest.b) > 0 || p.rest.err != nil {
		return true
	}
	p.giveBack()
	t := time.NewTimer(linger)
	defer t.Stop()
	select {
	case p.rest = <-p.chunks:
		return true
	case <-t.C:
	case <-p.ctx.Done():
	}
	return false
}

func (p *pump) giveBack() {
	if p.rest.buf != nil {
		p.spare <- p.rest.buf
		p.rest.buf = nil
	}
}

func (p *pump) Read(b []byte) (int, error) {
	if !p.begun {
		p.begun = true
		go p.run()
	}
	for len(p.rest.b) == 0 {
		if p.rest.err != nil {
			return 0, p.rest.err
		}
		p.giveBack()
		select {
		case p.rest = <-p.chunks:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(b, p.rest.b)
	p.rest.b = p.rest.b[n:]
	return n, nil
}

func (p *pump) Close() error {
	close(p.quit)
	return nil
}
