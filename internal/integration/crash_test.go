//go:build integration

package integration

import (
	"bufio"
	"math/rand/v2"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

// TestKilled kills the worker again and again, mostly in the moment between Kafka's acknowledgement and the commit: as
// soon as kcat sees new events.
func TestKilled(t *testing.T) {
	t.Parallel()
	const kills, each = 12, 250
	d := dovecot(t)
	k := &lab.Kafka{}
	k.Start(t)
	k.CreateTopic("events", 4, 1)
	w := configure(t, d, k.Addrs(), "")
	addresses := fill(t, d, 0, each)
	repeated := func() bool {
		e := consume(t, k)
		return len(e.all) > len(e.byID())
	}
	n := 0
	for i := 0; i < kills || i < 4*kills && !repeated(); i++ {
		n++
		seen := watch(t, k)
		w.Start()
		select {
		case <-seen: // a batch has been acknowledged just now
			time.Sleep(time.Duration(i%6) * 3 * time.Millisecond)
		case <-time.After(time.Duration(1+i%3) * time.Second):
		}
		if i%4 == 3 {
			time.Sleep(rand.N(500 * time.Millisecond))
		}
		w.Kill()
		addresses = append(addresses, fill(t, d, len(addresses), each)...)
	}
	w.Start()
	drained(t, k, len(addresses), patience)
	w.Stop()
	repeats := consume(t, k).complete(t, addresses)
	t.Logf("%d kills, %d bounces, 0 lost, %d repeats", n, len(addresses), repeats)
	if repeats == 0 {
		t.Error("no kill hit the moment between acknowledgement and commit")
	}
	if limit := n * 2 * 100; repeats > limit {
		t.Errorf("more than %d repeats: batches that were committed were read again", limit)
	}
}

// watch returns a channel that is closed when the topic gets a record from now on.
func watch(t *testing.T, k *lab.Kafka) <-chan struct{} {
	t.Helper()
	cmd := exec.Command("kcat", "-C", "-u", "-q", "-c", "1", "-o", "end", "-f", "%o\n", "-b", strings.Join(k.Addrs(), ","), "-t", "events",
		"-X", "fetch.wait.max.ms=5", "-X", "topic.metadata.refresh.sparse=false")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	seen := make(chan struct{})
	go func() {
		if _, err := bufio.NewReader(out).ReadString('\n'); err == nil {
			close(seen)
		}
		cmd.Wait()
	}()
	t.Cleanup(func() { cmd.Process.Kill() })
	time.Sleep(500 * time.Millisecond) // until it knows where the end is
	return seen
}

func wait(t *testing.T, seen <-chan struct{}) {
	t.Helper()
	select {
	case <-seen:
	case <-time.After(patience):
		t.Fatal("no event comes")
	}
}

// flowing waits until the first events are in the topic.
func flowing(t *testing.T, k *lab.Kafka) {
	t.Helper()
	lab.Eventually(t, patience, "the first events", func() bool { return k.Count("events") > 0 })
}

// TestBrokerDown: the broker is down at the start, and for a while in the middle.
func TestBrokerDown(t *testing.T) {
	t.Parallel()
	d := dovecot(t)
	k := &lab.Kafka{}
	k.Start(t)
	k.CreateTopic("events", 4, 1)
	k.StopBroker(0, syscall.SIGTERM)
	w := configure(t, d, k.Addrs(), "")
	addresses := fill(t, d, 0, 300)
	w.Start()
	time.Sleep(4 * time.Second)
	k.StartBroker(0)
	k.Wait()
	drained(t, k, len(addresses), patience)

	k.StopBroker(0, syscall.SIGKILL)
	addresses = append(addresses, fill(t, d, len(addresses), 300)...)
	time.Sleep(10 * time.Second)
	k.StartBroker(0)
	k.Wait()
	drained(t, k, len(addresses), patience)
	w.Stop()
	repeats := consume(t, k).complete(t, addresses)
	t.Logf("%d bounces, 0 lost, %d repeats", len(addresses), repeats)
	for what, most := range map[string]int{"fails, trying again": 3, "works again": 3} {
		if n := strings.Count(w.Logged(), what); n < 1 || n > most {
			t.Errorf("%q is logged %d times:\n%s", what, n, w.Logged())
		}
	}
}

// TestDovecotRestarts: the mail server goes away in the middle of FETCH, and there is a second worker.
func TestDovecotRestarts(t *testing.T) {
	t.Parallel()
	d := dovecot(t)
	k := &lab.Kafka{}
	k.Start(t)
	k.CreateTopic("events", 4, 1)
	addresses := fill(t, d, 0, 15_000)
	w, second := configure(t, d, k.Addrs(), ""), configure(t, d, k.Addrs(), "")
	for i := range 3 {
		seen := watch(t, k)
		if i == 0 {
			w.Start()
			second.Start()
		}
		wait(t, seen) // mail is being read
		time.Sleep(rand.N(100 * time.Millisecond))
		d.Restart(time.Second)
	}
	drained(t, k, len(addresses), patience)
	lab.Eventually(t, patience, "both workers are done", func() bool {
		return k.Count("events") >= 2*len(addresses)
	})
	w.Stop()
	second.Stop()
	repeats := consume(t, k).complete(t, addresses)
	cut := strings.Count(w.Logged()+second.Logged(), "cannot fetch messages: ")
	t.Logf("3 restarts, %d in the middle of FETCH, 2 workers, %d bounces, 0 lost, %d repeats", cut, len(addresses), repeats)
	if cut == 0 {
		t.Error("no restart hit a FETCH")
	}
}
