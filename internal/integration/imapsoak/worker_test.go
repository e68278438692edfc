//go:build integration && soak

package imapsoak

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

const (
	password   = "s3cret-imap"
	partitions = 4
	mostMemory = 64 // MiB, resident, of a worker
)

// worker is one `bouncepipe run` that reads a mailbox into a topic, under a name of its own.
type worker struct {
	*lab.Worker
	t           *testing.T
	k           *lab.Kafka
	name, topic string
	tally
}

func newWorker(t *testing.T, d *lab.Dovecot, user string, k *lab.Kafka, topic, name string) *worker {
	t.Helper()
	dir := t.TempDir()
	w := &worker{t: t, k: k, name: name, topic: topic}
	w.Worker = lab.NewWorker(t, dir, fmt.Sprintf(`state_dir: %s
sources:
  - imap:
      host: %s
      server_name: %s
      ca_file: %s
      username: %s
      password_env: IMAP_PASSWORD
      interval: 5s
kafka:
  brokers: [%s]
  topic: %s
  compression: snappy
  ce_source: %s
log: {level: debug}
`, filepath.Join(dir, "state"), d.IP, d.Name, d.CA.File, user, strings.Join(k.Addrs(), ", "), topic, w.source()), "IMAP_PASSWORD="+password)
	return w
}

func (w *worker) source() string { return "/" + w.name }

// reach waits until the topic holds n records, and returns how many it does.
func (w *worker) reach(n int) int {
	w.t.Helper()
	before, end := -1, time.Time{}
	for {
		stored := w.k.StoredIn(w.topic, partitions)
		if stored >= n {
			return stored
		}
		if stored > before {
			before, end = stored, time.Now().Add(2*time.Minute)
		}
		if time.Now().After(end) {
			w.t.Fatalf("no more than %d of %d events", stored, n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// settle waits until nothing is left to read, by the position that the worker has stored, and ends the worker.
func (w *worker) settle() {
	w.t.Helper()
	said := ""
	for end := time.Now().Add(20 * time.Minute); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		out, _ := w.Command("mailboxes").CombinedOutput()
		said = string(out)
		rows := strings.Split(strings.TrimSpace(said), "\n")
		if f := strings.Fields(rows[len(rows)-1]); len(f) == 3 && f[1] == "0" && f[2] == "ok" {
			w.Stop()
			if w.Peak() > mostMemory {
				w.t.Errorf("%s took %d MiB of memory", w.name, w.Peak())
			}
			return
		}
	}
	w.t.Fatalf("%s does not come to the end of the mailbox:\n%s", w.name, said)
}
