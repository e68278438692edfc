//go:build integration && cluster

package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
	"github.com/bouncepipe/bouncepipe/sink"
)

// people is how many addresses the bounces are about, in turn: each has several, of which the order is checked.
const people = 10_000

func address(i int) string { return fmt.Sprintf("user%05d@example.net", i%people) }

// bounces writes the bounces from first up to end as an mbox. Their number is in the original's Message-ID.
func bounces(w io.Writer, first, end int) error {
	for i := first; i < end; i++ {
		if _, err := fmt.Fprintf(w, "From MAILER-DAEMON Tue Mar  3 10:00:00 2026\n%s\n", lab.Bounce(i, address(i), "")); err != nil {
			return err
		}
	}
	return nil
}

// tally is what a topic holds.
type tally struct {
	stored, lost, repeats int
	disordered            int // first occurrences behind a later one of the same address
	ids                   int // bounces that have more than one ID, or share one
}

// count reads the topic and holds it against n bounces.
func count(t *testing.T, k *lab.Kafka, topic string, n int) tally {
	t.Helper()
	var c tally
	ids := make([]string, n)
	owner := map[string]int{}
	last := map[string]int{}      // the latest first occurrence of each address
	partition := map[string]int{} // of each address
	k.Each(t, topic, func(r *lab.Record) {
		c.stored++
		var e sink.Event
		if err := json.Unmarshal([]byte(r.Payload), &e); err != nil || e.Original == nil || r.Key == nil {
			t.Fatalf("%v: %s", err, r.Payload)
		}
		var i int
		if _, err := fmt.Sscanf(strings.Trim(e.Original.MessageID, "<>"), "%d@", &i); err != nil || i < 0 || i >= n || e.Address != address(i) || *r.Key != e.Address {
			t.Fatalf("not one of ours: %v %s %s", err, *r.Key, r.Payload)
		}
		if p, ok := partition[e.Address]; ok && p != r.Partition {
			t.Errorf("%s is in partitions %d and %d", e.Address, p, r.Partition)
		}
		partition[e.Address] = r.Partition
		if r.Header("ce_id") != e.ID {
			t.Errorf("%s has ce_id %s", e.ID, r.Header("ce_id"))
		}
		if ids[i] != "" {
			c.repeats++
			if ids[i] != e.ID {
				c.ids++
			}
			return
		}
		if _, taken := owner[e.ID]; taken {
			c.ids++
		}
		ids[i], owner[e.ID] = e.ID, i
		if before, ok := last[e.Address]; ok && before > i {
			c.disordered++
		} else {
			last[e.Address] = i
		}
	})
	for _, id := range ids {
		if id == "" {
			c.lost++
		}
	}
	return c
}

func (c tally) check(t *testing.T) {
	t.Helper()
	if c.lost != 0 || c.disordered != 0 || c.ids != 0 {
		t.Errorf("%d lost, %d out of order, %d with wrong IDs", c.lost, c.disordered, c.ids)
	}
}
