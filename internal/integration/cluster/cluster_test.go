//go:build integration && cluster

package cluster

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

func TestMain(m *testing.M) { lab.Main(m, "cmd/bouncepipe") }

const (
	events     = 100_000
	partitions = 12
	kills      = 60
	away       = time.Minute // two of three brokers
)

// TestCluster is one cluster for all: it takes long to start.
func TestCluster(t *testing.T) {
	k := &lab.Kafka{Brokers: 3}
	k.Start(t)
	rows := []row{brokersFail(t, k), workerKilled(t, k)}
	if !t.Failed() {
		report(t, rows)
	}
}

// brokersFail: SIGKILL of one broker while events flow, then of two, which leaves fewer than min.insync.replicas.
func brokersFail(t *testing.T, k *lab.Kafka) row {
	w := newWorker(t, k, "brokers")
	w.Start()
	end := make(chan struct{})
	fed := make(chan error, 1)
	go func() { fed <- w.feed(events, events/80, 700*time.Millisecond, end) }() // about a minute, outages aside
	defer close(end)

	t.Log("one of three brokers is killed after", w.reach(k, events/8))
	<-k.Seen(t, w.topic) // in the middle of writing
	k.StopBroker(2, syscall.SIGKILL)
	w.reach(k, events*3/8) // it flows without
	k.StartBroker(2)
	k.Wait()
	w.reach(k, events/2)
	w.insync(k)

	t.Log("two of three brokers are killed after", w.stored(k), "and away for", away)
	<-k.Seen(t, w.topic)
	k.StopBroker(0, syscall.SIGKILL)
	k.StopBroker(1, syscall.SIGKILL)
	time.Sleep(away)
	memory := w.Peak()
	k.StartBroker(0)
	k.StartBroker(1)
	k.Wait()
	if err := <-fed; err != nil {
		t.Fatal(err)
	}
	w.reach(k, events)
	w.quiet()
	w.Stop()
	c := count(t, k, w.topic, events)
	c.check(t)
	t.Logf("%+v", c)
	for _, says := range []string{"fails, trying again", "works again"} {
		if n := strings.Count(w.Logged(), says); n < 1 || n > 8 {
			t.Errorf("the log says %q %d times:\n%s", says, n, w.Logged())
		}
	}
	if memory > 400 {
		t.Errorf("%d MB while nothing could be written", memory)
	}
	return row{
		what:  "one of three brokers killed (SIGKILL) and started again, later two killed at once and away for " + spell(away),
		tally: c, sent: events, note: fmt.Sprintf("worker at most %d MB", memory),
	}
}

// workerKilled: SIGKILL of bouncepipe at random points; two times in three soon after an acknowledgement, when
// more is being written and nothing is committed yet.
func workerKilled(t *testing.T, k *lab.Kafka) row {
	w := newWorker(t, k, "worker")
	busy, sent := 0, 0
	each := events / kills
	for i := range kills {
		if err := w.add(sent, sent+each); err != nil {
			t.Fatal(err)
		}
		sent += each
		before, seen := w.stored(k), k.Seen(t, w.topic)
		w.Start()
		if i%3 == 0 {
			time.Sleep(rand.N(2 * time.Second))
		} else {
			<-seen
			time.Sleep(rand.N(80 * time.Millisecond))
		}
		w.Kill()
		if w.stored(k)-before < each { // it had at least those to store
			busy++
		}
	}
	if err := w.add(sent, events); err != nil {
		t.Fatal(err)
	}
	w.Start()
	w.reach(k, events)
	w.quiet()
	w.Stop()
	c := count(t, k, w.topic, events)
	c.check(t)
	return row{
		what:  fmt.Sprintf("bouncepipe killed (SIGKILL) %d times at random points", kills),
		tally: c, sent: events, note: fmt.Sprintf("at least %d kills in the middle of work", busy),
	}
}

// worker is one `bouncepipe run` over a folder of mbox files.
type worker struct {
	*lab.Worker
	t          *testing.T
	dir, topic string
	files      int
}

func newWorker(t *testing.T, k *lab.Kafka, topic string) *worker {
	t.Helper()
	w := &worker{t: t, dir: t.TempDir(), topic: topic}
	if err := os.Mkdir(w.path("in"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`state_dir: %s
sources:
  - paths: [%s]
    interval: 200ms
kafka:
  brokers: [%s]
  topic: %s
  compression: lz4
`, w.path("state"), w.path("in"), strings.Join(k.Addrs(), ", "), topic)
	w.Worker = lab.NewWorker(t, w.dir, text)
	out, err := w.Command("topics", "create", "--partitions", fmt.Sprint(partitions)).CombinedOutput()
	if want := "replication 3, min.insync.replicas 2"; err != nil || !bytes.Contains(out, []byte(want)) {
		t.Fatalf("topics create: %v, want %s:\n%s", err, want, out)
	}
	return w
}

func (w *worker) path(name string) string { return filepath.Join(w.dir, name) }

// add puts the bounces from first up to end into the folder, as a file that is whole at once.
func (w *worker) add(first, end int) error {
	if end <= first {
		return nil
	}
	f, err := os.Create(w.path("new"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := bounces(f, first, end); err != nil {
		return err
	}
	w.files++
	return os.Rename(f.Name(), filepath.Join(w.path("in"), fmt.Sprintf("%05d.mbox", w.files)))
}

// feed adds n bounces, some at a time.
func (w *worker) feed(n, each int, pause time.Duration, end <-chan struct{}) error {
	for i := 0; i < n; i += each {
		if err := w.add(i, min(n, i+each)); err != nil {
			return err
		}
		select {
		case <-time.After(pause):
		case <-end:
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}

func (w *worker) stored(k *lab.Kafka) int { return k.StoredIn(w.topic, partitions) }

// reach waits until the topic holds n records, and returns how many it does.
func (w *worker) reach(k *lab.Kafka, n int) int {
	w.t.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		stored := w.stored(k)
		if stored >= n {
			return stored
		}
		if time.Now().After(end) {
			w.t.Fatalf("only %d of %d events", stored, n)
		}
	}
}

// quiet waits until the worker says that all it was given is done.
func (w *worker) quiet() {
	w.t.Helper()
	account := regexp.MustCompile(`msg=account .* in_flight=0`)
	before, same := "", 0
	for end := time.Now().Add(3 * time.Minute); same < 4; time.Sleep(time.Second) {
		if time.Now().After(end) {
			w.t.Fatal("the worker does not come to rest")
		}
		w.Signal(syscall.SIGUSR1)
		time.Sleep(200 * time.Millisecond)
		all := account.FindAllString(w.Logged(), -1)
		last := ""
		if len(all) > 0 {
			last = all[len(all)-1]
			if before == last {
				same++
			} else {
				same = 0
			}
		}
		before = last
	}
}

// insync waits until every partition has all its replicas again.
func (w *worker) insync(k *lab.Kafka) {
	w.t.Helper()
	whole := regexp.MustCompile(`replicas: \S+ isrs: \d+,\d+,\d+`)
	lab.Eventually(w.t, 2*time.Minute, "all replicas in sync", func() bool {
		out, _ := exec.Command("kcat", "-L", "-b", k.Addrs()[0], "-t", w.topic, "-m", "10").Output()
		return len(whole.FindAll(out, -1)) == partitions
	})
}
