package pipeline

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/sink"
)

// What is judged while the sink is busy is written at once, and of a group that is not wholly stored
// only the batches that are get committed.
func TestGroups(t *testing.T) {
	for name, test := range map[string]struct{ acked, committed int }{"stored": {40, 5}, "stored in part": {25, 3}, "not stored": {0, 1}} {
		synctest.Test(t, func(t *testing.T) {
			src, dst := &mailbox{batches: mails(50, 10)}, &topic{}
			full := errors.New("no space left on device")
			dst.do = func(_ context.Context, attempt int, recs []sink.Record) error {
				if attempt == 1 {
					time.Sleep(time.Second) // the others are judged by then
				}
				if attempt == 1 || test.acked == len(recs) {
					return nil
				}
				for i := range recs[:test.acked] {
					recs[i].Acked = true
				}
				return full
			}
			p := &Pipeline{
				Source: src, Sinks: []*Sink{{Name: "file", Writer: dst}}, GiveUp: func(error) bool { return true }, Workers: 1,
				Classify: func(rep *dsn.Report, rcpt *dsn.Recipient) classify.Verdict {
					time.Sleep(time.Millisecond)
					return userUnknown(rep, rcpt)
				},
			}
			if err := p.Run(t.Context()); err != nil && err != full {
				t.Fatal(err)
			}
			if dst.tries != 2 || len(dst.records) != 10+test.acked || len(src.committed) != test.committed {
				t.Errorf("%s: %d writes, %d events stored, %d batches committed; want 2, %d, %d", name, dst.tries, len(dst.records), len(src.committed), 10+test.acked, test.committed)
			}
		})
	}
}
