//go:build integration

package integration

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
	"github.com/bouncepipe/bouncepipe/sink"
)

// patience is how long anything may take that should come: on a busy machine that can be long.
const patience = 3 * time.Minute

const (
	mailbox  = "bounces@example.com"
	password = "s3cret-imap"
)

// lastHost numbers the addresses of the Dovecots: tests run side by side.
var lastHost atomic.Int32

// dovecot starts the IMAP server with the bounce mailbox.
func dovecot(t *testing.T) *lab.Dovecot { return dovecotWith(t, "") }

// dovecotWith has more lines in its configuration.
func dovecotWith(t *testing.T, config string) *lab.Dovecot {
	t.Helper()
	d := &lab.Dovecot{
		Host:   lab.Host{Name: "imap.example.com", IP: fmt.Sprintf("192.0.2.%d", 29+lastHost.Add(1))},
		Users:  map[string]string{mailbox: password, "full@example.com": "x", "away@example.com": "x"},
		Quota:  map[string]string{"full@example.com": "1k"},
		Sieve:  map[string]string{"away@example.com": "require \"vacation\";\nvacation :days 1 :addresses \"away@example.com\" \"I am away until Monday.\";\n"},
		Config: "protocol lmtp {\n  quota_full_tempfail = no\n}\nsubmission_host = 192.0.2.20:25\n" + config,
	}
	d.Start(t)
	return d
}

// configure writes bouncepipe.yaml for the mailbox in a folder of its own: mailbox to topic "events". kafka is more of the section of that name.
func configure(t *testing.T, d *lab.Dovecot, brokers []string, kafka string) *lab.Worker {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf(`state_dir: %s
sources:
  - imap:
      host: %s
      server_name: %s
      ca_file: %s
      username: %s
      password_env: IMAP_PASSWORD
      interval: 1s
      batch: 100
kafka:
  brokers: [%s]
  topic: events
%s
grace: 5s
`, filepath.Join(dir, "state"), d.IP, d.Name, d.CA.File, mailbox, strings.Join(brokers, ", "), kafka)
	return lab.NewWorker(t, dir, text, "IMAP_PASSWORD="+password, "KAFKA_PASSWORD="+lab.KafkaPassword)
}

// events are the records of a topic with their events.
type events struct {
	recs []lab.Record
	all  []sink.Event
}

func consume(t *testing.T, k *lab.Kafka) events {
	t.Helper()
	var e events
	e.recs = k.Consume(t, "events")
	for _, r := range e.recs {
		var ev sink.Event
		if err := json.Unmarshal([]byte(r.Payload), &ev); err != nil {
			t.Fatalf("%v in %s", err, r.Payload)
		}
		e.all = append(e.all, ev)
	}
	return e
}

// byID is each event once.
func (e events) byID() map[string]sink.Event {
	m := map[string]sink.Event{}
	for _, ev := range e.all {
		m[ev.ID] = ev
	}
	return m
}

// complete fails the test unless the events are of just these addresses, each under one ID. It returns the number of repeats.
func (e events) complete(t *testing.T, addresses []string) int {
	t.Helper()
	ids := map[string]map[string]bool{}
	for _, ev := range e.all {
		if ids[ev.Address] == nil {
			ids[ev.Address] = map[string]bool{}
		}
		ids[ev.Address][ev.ID] = true
	}
	missing := 0
	for _, a := range addresses {
		switch n := len(ids[a]); n {
		case 0:
			missing++
		case 1:
		default:
			t.Errorf("%s has %d IDs: %v", a, n, slices.Sorted(maps.Keys(ids[a])))
		}
		delete(ids, a)
	}
	if missing > 0 {
		t.Errorf("%d of %d are lost", missing, len(addresses))
	}
	if len(ids) > 0 {
		t.Errorf("%d addresses that nobody bounced", len(ids))
	}
	return len(e.all) - len(addresses) + missing
}

// drained waits until so many different events are in the topic, and fails the test where they do not come.
func drained(t *testing.T, k *lab.Kafka, n int, limit time.Duration) events {
	t.Helper()
	for end := time.Now().Add(limit); ; time.Sleep(500 * time.Millisecond) {
		if k.Count("events") < n && time.Now().Before(end) {
			continue
		}
		e := consume(t, k)
		got := len(e.byID())
		if got >= n {
			return e
		}
		if time.Now().After(end) {
			t.Errorf("only %d of %d events after %s", got, n, limit)
			return e
		}
	}
}

// fill puts n bounces into the bounce mailbox, numbered from first, and returns their recipients.
func fill(t *testing.T, d *lab.Dovecot, first, n int) []string {
	t.Helper()
	maildir := "/var/vmail/" + mailbox + "/Maildir"
	d.Sh("mkdir -p " + maildir + "/new " + maildir + "/cur " + maildir + "/tmp")
	var addresses []string
	for i := first; i < first+n; i++ {
		to := fmt.Sprintf("user%06d@example.net", i)
		addresses = append(addresses, to)
		name := filepath.Join(d.Path(maildir), "new", fmt.Sprintf("%d.M%06dP1.imap", 1700000000+i/1000, i))
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(lab.Bounce(i, to, ""), "\n", "\r\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d.Sh("chown -R vmail: /var/vmail/" + mailbox)
	return addresses
}
