//go:build integration && soak

package imapsoak

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

// fillMaildir puts n bounces into a user's INBOX, a file for each, and has Dovecot number them. The one in the middle has 1 GiB.
func fillMaildir(t *testing.T, d *lab.Dovecot, user string, n int) (place string) {
	t.Helper()
	maildir := "/var/vmail/" + user + "/Maildir"
	d.Sh("mkdir -p " + maildir + "/new " + maildir + "/cur " + maildir + "/tmp")
	for i := range n {
		name := filepath.Join(d.Path(maildir), "cur", fmt.Sprintf("%d.M%07dP1.imap:2,", 1700000000+i/1000, i))
		mail := bounce(i)
		if i == n/2 {
			mail += strings.Repeat("And so on.\n", 1000) // what makes the ID has no NULs, which Dovecot changes
		}
		if err := os.WriteFile(name, []byte(mail), 0o644); err != nil {
			t.Fatal(err)
		}
		if i == n/2 {
			if err := os.Truncate(name, 1<<30); err != nil {
				t.Fatal(err)
			}
		}
	}
	number(t, d, user, n)
	return maildir
}

// fillMbox puts n bounces into a user's INBOX, which is an mbox file: a tenth of the inodes' memory, and none of their time.
func fillMbox(t *testing.T, d *lab.Dovecot, user string, n int) (place string) {
	t.Helper()
	home := "/var/vmail/" + user
	d.Sh("mkdir -p " + home + "/mail")
	f, err := os.Create(d.Path(home + "/inbox"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range n {
		fmt.Fprintf(w, "From MAILER-DAEMON Tue Mar  3 10:00:00 2026\n%s\n", bounce(i))
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	number(t, d, user, n)
	return home + "/inbox"
}

// number has Dovecot give the messages their UIDs, which takes a minute for a million.
func number(t *testing.T, d *lab.Dovecot, user string, n int) {
	t.Helper()
	d.Sh("chown -R vmail: /var/vmail/" + user)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if out, err := d.Command(ctx, "doveadm", "index", "-u", user, "INBOX").CombinedOutput(); err != nil {
		t.Fatalf("doveadm index: %v\n%s", err, out)
	}
	if got := d.Count(user, "INBOX"); got != n {
		t.Fatalf("Dovecot sees %d of %d messages", got, n)
	}
}

// identities are the IDs that the events of n bounces must have: those of a replay from where the server keeps them.
func identities(t *testing.T, d *lab.Dovecot, place string, n int) []string {
	t.Helper()
	cmd := d.Command(t.Context(), lab.Built("bouncepipe"), "replay", "-q", place)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ids, seen := make([]string, n), make(map[string]bool, n)
	dec := json.NewDecoder(out)
	for {
		var e event
		if err = dec.Decode(&e); err != nil {
			break
		}
		if i := e.number(t); ids[i] != "" || seen[e.ID] {
			t.Fatalf("bounce %d or the ID %s twice", i, e.ID)
		} else {
			ids[i], seen[e.ID] = e.ID, true
		}
	}
	if werr := cmd.Wait(); err != io.EOF || werr != nil || len(seen) != n {
		t.Fatalf("replay: %d of %d events: %v, %v", len(seen), n, err, werr)
	}
	return ids
}

// event is what is checked of one.
type event struct {
	ID        string `json:"id"`
	Recipient string `json:"recipient"`
	Original  struct {
		MessageID string `json:"message_id"`
	} `json:"original"`
	Problems []struct {
		Name string `json:"name"`
	} `json:"problems"`
}

// number is that of the bounce.
func (e *event) number(t *testing.T) int {
	var i int
	if _, err := fmt.Sscanf(strings.Trim(e.Original.MessageID, "<>"), "%d@", &i); err != nil || e.Recipient != address(i) {
		t.Fatalf("an event of no bounce: %+v", e)
	}
	return i
}

// tally is what a topic holds of one worker.
type tally struct {
	bounces, events, lost, repeats int
	wrong                          int // events that have not the ID they must have
	heads                          int // events of mail of which only the head was read
}

// count reads the topic and holds what each worker stored, by its CloudEvents source, against the IDs of all bounces.
func count(t *testing.T, k *lab.Kafka, topic string, ids []string, workers ...*worker) {
	t.Helper()
	bySource := map[string]*tally{}
	seen := map[string][]bool{}
	for _, w := range workers {
		w.tally = tally{bounces: len(ids)}
		bySource[w.source()], seen[w.source()] = &w.tally, make([]bool, len(ids))
	}
	k.Each(t, topic, func(r *lab.Record) {
		var e event
		if err := json.Unmarshal([]byte(r.Payload), &e); err != nil {
			t.Fatalf("%v: %s", err, r.Payload)
		}
		source := r.Header("ce_source")
		c, i := bySource[source], e.number(t)
		if c == nil || i >= len(ids) {
			t.Fatalf("bounce %d of worker %s", i, source)
		}
		c.events++
		for _, p := range e.Problems {
			if p.Name == "head_only" {
				c.heads++
			}
		}
		if e.ID != ids[i] || r.Header("ce_id") != e.ID {
			c.wrong++
		}
		if seen[source][i] {
			c.repeats++
		}
		seen[source][i] = true
	})
	for source, c := range bySource {
		for _, ok := range seen[source] {
			if !ok {
				c.lost++
			}
		}
		t.Logf("%s: %+v", source, *c)
		if c.lost != 0 || c.wrong != 0 {
			t.Errorf("%s: %d lost, %d with a wrong ID", source, c.lost, c.wrong)
		}
	}
}
