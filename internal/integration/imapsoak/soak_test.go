//go:build integration && soak

package imapsoak

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

func TestMain(m *testing.M) { lab.Main(m, "cmd/bouncepipe", "ingest.test") }

const (
	mails    = 100_000
	kills    = 20
	restarts = 10
	many     = 1_000_000
)

// TestSoak has one broker for all.
func TestSoak(t *testing.T) {
	k := &lab.Kafka{}
	k.Start(t)
	var rows []row
	var speeds []speed
	part := func(name string, f func(t *testing.T)) {
		if !t.Run(name, f) {
			t.FailNow()
		}
	}
	part("Maildir", func(t *testing.T) {
		d := dovecot(t, "192.0.2.30", "")
		ids := identities(t, d, fillMaildir(t, d, user, mails), mails)
		drain, rate := undisturbed(t, d, k, ids)
		rows = append(append(rows, drain), disturbed(t, d, k, ids)...)
		speeds = append(compare(t, d), speed{"`bouncepipe run` into Kafka, the broker on the same cores", rate})
	})
	part("Million", func(t *testing.T) { rows = append(rows, million(t, k)) })
	report(t, rows, speeds)
}

const user = "bounces@example.com"

func dovecot(t *testing.T, ip, location string) *lab.Dovecot {
	t.Helper()
	d := &lab.Dovecot{Host: lab.Host{Name: "imap.example.com", IP: ip}, Users: map[string]string{user: password}, Mail: map[string]string{user: location}}
	d.Start(t)
	return d
}

func topic(t *testing.T, k *lab.Kafka, name string) string {
	t.Helper()
	k.CreateTopic(name, partitions, 1)
	return name
}

// undisturbed drains the mailbox: how fast, and in how much memory. rate is in mails a second.
func undisturbed(t *testing.T, d *lab.Dovecot, k *lab.Kafka, ids []string) (r row, rate float64) {
	w := newWorker(t, d, user, k, topic(t, k, "undisturbed"), "alone")
	w.Start()
	first := w.reach(1)
	began := time.Now()
	w.reach(mails / 10)
	early := w.Peak()
	last := w.reach(mails)
	rate = float64(last-first) / time.Since(began).Seconds()
	w.settle()
	count(t, k, w.topic, ids, w)
	if w.repeats > 0 || w.heads != 1 {
		t.Errorf("%d repeats though nothing happened, and %d mails of which only the head was read", w.repeats, w.heads)
	}
	if late := w.Peak(); late > early+16 {
		t.Errorf("memory grows: %d MiB after a tenth, %d MiB at the end", early, late)
	}
	return row{"nothing", w, fmt.Sprintf("%d MiB of it after a tenth; %.0f mails/s", early, rate)}, rate
}

// disturbed drains the mailbox while the worker is killed and Dovecot restarted at random points, in any order. From the
// middle on a second worker reads along.
func disturbed(t *testing.T, d *lab.Dovecot, k *lab.Kafka, ids []string) []row {
	name := topic(t, k, "disturbed")
	first, second := newWorker(t, d, user, k, name, "first"), newWorker(t, d, user, k, name, "second")
	first.Start()
	steps := kills + restarts
	for i, step := range rand.Perm(steps) {
		if i == steps/2 {
			second.Start()
		}
		first.reach(mails * (i + 1) / (steps + 1)) // there is always more to do, for each of them
		time.Sleep(rand.N(200 * time.Millisecond))
		if step < kills {
			first.Kill()
			first.Start()
		} else {
			d.Restart(rand.N(time.Second))
		}
	}
	first.settle()
	second.settle()
	count(t, k, name, ids, first, second)
	if most := kills * 2_000; first.repeats > most {
		t.Errorf("%d repeats after %d kills: what was committed was read again", first.repeats, kills)
	}
	cut := strings.Count(first.Logged()+second.Logged(), "cannot fetch messages: ")
	if cut == 0 {
		t.Error("no restart of Dovecot hit a FETCH")
	}
	return []row{
		{fmt.Sprintf("bouncepipe killed (SIGKILL) %d times, Dovecot restarted %d times, at random points", kills, restarts), first,
			fmt.Sprintf("in the middle of FETCH %d times, of both workers", cut)},
		{"meanwhile, from the middle on: a second worker on the same mailbox", second, "each event once more, with the same ID"},
	}
}

// million reads a mailbox of a million. The worker is killed in the middle, and goes on there.
func million(t *testing.T, k *lab.Kafka) row {
	d := dovecot(t, "192.0.2.31", "mbox:~/mail:INBOX=~/inbox")
	ids := identities(t, d, fillMbox(t, d, user, many), many)
	w := newWorker(t, d, user, k, topic(t, k, "million"), "million")
	var slowest time.Duration // from the start of the process to an event that is new
	start := func() {
		before, began := k.StoredIn(w.topic, partitions), time.Now()
		w.Start()
		w.reach(before + 1)
		slowest = max(slowest, time.Since(began))
	}
	start()
	first := slowest
	const kills = 3
	for i := range kills {
		w.reach(many * (i + 1) / (kills + 1))
		time.Sleep(rand.N(500 * time.Millisecond))
		w.Kill()
		start()
	}
	w.settle()
	count(t, k, w.topic, ids, w)
	if w.repeats > kills*2_000 {
		t.Errorf("%d repeats after %d kills: it did not go on where it was", w.repeats, kills)
	}
	if slowest > 20*time.Second {
		t.Errorf("%v from the start to the first event", slowest)
	}
	return row{"a million in the mailbox; bouncepipe killed (SIGKILL) after a quarter, a half and three quarters", w,
		fmt.Sprintf("%.1f s from the start to the first event, at most %.1f s after a kill", first.Seconds(), slowest.Seconds())}
}
