package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
)

// ledger accounts for every message of a replay: in all, and for each path that was named.
type ledger struct {
	start time.Time
	total pipeline.Ledger
	mu    sync.Mutex
	seen  repeats
	again int64
}

func newLedger() *ledger { return &ledger{start: time.Now(), seen: make(repeats, 1<<20)} }

// committed takes what became of a batch.
func (l *ledger) committed(b *ingest.Batch, rs []pipeline.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range rs {
		l.total.Add(rs[i], b.Messages[i].Size)
		if l.seen.add(rs[i].Lead) {
			l.again++
		}
	}
}

// print writes the closing line. Its left side is what was fetched, its right side what
// became of it.
func (l *ledger) print(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t, took := l.total, time.Since(l.start)
	fmt.Fprintf(w, "bouncepipe: in %d = %d reports + %d other + %d unreadable + %d quarantined + %d filtered\n",
		t.In, t.Reports, t.Other, t.Unreadable, t.Quarantined, t.Filtered)
	fmt.Fprintf(w, "bouncepipe: %d events, about %d mails seen before; %s in %s, %s mails/s, %s/s\n",
		t.Events, l.again, size(t.Bytes), took.Round(time.Millisecond), rate(t.In, took), size(int64(float64(t.Bytes)/max(took.Seconds(), 1e-3))))
}

// repeats remembers the IDs of the last million messages, in 4 MiB: an ID that comes
// again much later may be missed, and one in four billion is taken for another.
type repeats []uint32

// add reports whether id was there.
func (r repeats) add(id string) bool {
	var b [8]byte
	if _, err := hex.Decode(b[:], []byte(id[:min(16, len(id))])); err != nil || len(id) < 16 {
		return false
	}
	v := binary.BigEndian.Uint64(b[:])
	at, mark := v%uint64(len(r)), uint32(v>>32)|1
	if r[at] == mark {
		return true
	}
	r[at] = mark
	return false
}

func rate(n int64, d time.Duration) string {
	return fmt.Sprintf("%.0f", float64(n)/max(d.Seconds(), 1e-3))
}

// size writes a number of bytes for people.
func size(n int64) string {
	const units = "kMGTP"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, i := float64(n)/1000, 0
	for v >= 1000 && i < len(units)-1 {
		v /= 1000
		i++
	}
	return fmt.Sprintf("%.1f %cB", v, units[i])
}
