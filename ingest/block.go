package ingest

import (
	"sync"
	"sync/atomic"
)

// block is a read buffer. Messages point into it, so it is used again only when the source
// has left it and every batch cut from it is committed.
type block struct {
	buf  []byte
	refs atomic.Int32
}

// blocks is where blocks come from and go back to.
type blocks struct {
	size int
	mu   sync.Mutex
	free []*block
}

// maxFreeBlocks is more than a pipeline has in flight; beyond it blocks go to the collector.
const defaultBlock = 2 << 20

const maxFreeBlocks = 16

func (p *blocks) get() *block {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b *block
	if n := len(p.free); n > 0 {
		b, p.free = p.free[n-1], p.free[:n-1]
	} else {
		b = &block{buf: make([]byte, p.size)}
	}
	b.refs.Store(1)
	return b
}

func (p *blocks) release(b *block) {
	if b == nil || b.refs.Add(-1) > 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < maxFreeBlocks {
		p.free = append(p.free, b)
	}
}

// arena is the block being filled. It is renewed only between batches, so a batch holds
// exactly one block.
type arena struct {
	pool *blocks
	blk  *block
	used int
}

func (a *arena) buf() []byte { return a.blk.buf }

// renew leaves the block and takes another, whose first bytes are a copy of keep.
func (a *arena) renew(keep []byte) {
	b := a.pool.get()
	a.used = copy(b.buf, keep)
	a.pool.release(a.blk)
	a.blk = b
}
