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
		if _, err := fmt.Fprintf(w, bounce, i, address(i)); err != nil {
			return err
		}
	}
	return nil
}

const bounce = `From MAILER-DAEMON Tue Mar  3 10:00:00 2026
Return-Path: <>
Received: by mx.example.com (Postfix)
	id %[1]X; Tue, 3 Mar 2026 10:00:00 +0000 (UTC)
Date: Tue, 3 Mar 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces@example.com
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="%[1]X/mx.example.com"
Message-Id: <20260303100000.%[1]X@mx.example.com>

--%[1]X/mx.example.com
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.com.

<%[2]s>: host mx.example.net[198.51.100.10] said: 550 5.1.1 <%[2]s>:
    Recipient address rejected: User unknown (in reply to RCPT TO command)

--%[1]X/mx.example.com
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
Arrival-Date: Tue,  3 Mar 2026 09:59:58 +0000 (UTC)

Final-Recipient: rfc822; %[2]s
Original-Recipient: rfc822;%[2]s
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550 5.1.1 <%[2]s>: Recipient address rejected: User unknown

--%[1]X/mx.example.com
Content-Type: text/rfc822-headers

From: shop@example.com
To: %[2]s
Subject: Your order
Message-ID: <%[1]d@app.example.com>
Date: Tue, 3 Mar 2026 09:59:58 +0000

--%[1]X/mx.example.com--

`

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
