package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/sink"
)

var (
	soakKills = flag.Int("kills", 0, "how often TestReplayKilled kills a replay; 0: 40 times, or as often as 20 s allow")
	soakBytes = flag.Int("megabytes", 0, "size of its mbox; 0: so large that the position is stored a few times")
)

// killedReplay is an mbox, what a replay makes of it when nobody kills it, and how long that takes.
type killedReplay struct {
	mbox   string
	mails  int
	golden map[string]string // recipient by ID
	bytes  int64             // of all events
	took   time.Duration
	rand   *rand.Rand
}

// Killed with SIGKILL at random moments and started again: nothing is lost, what comes twice has the
// same ID, and the ledger of the last run is what that run did.
func TestReplayKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	seed := uint64(time.Now().UnixNano())
	k := &killedReplay{mbox: filepath.Join(t.TempDir(), "archive.mbox"), golden: map[string]string{}, rand: rand.New(rand.NewPCG(seed, 0))}
	out := filepath.Join(t.TempDir(), "golden.ndjson")
	for size := max(2, *soakBytes) << 20; k.took < 350*time.Millisecond; size *= 2 {
		k.write(t, size)
		os.Remove(out)
		start := time.Now()
		if text, err := exec.Command("bouncepipe", "replay", "-q", "-o", out, k.mbox).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		k.took = time.Since(start)
		if *soakBytes > 0 {
			break
		}
	}
	for _, e := range eventsIn(t, out) {
		k.golden[e.ID] = e.Recipient
	}
	if info, err := os.Stat(out); err == nil {
		k.bytes = info.Size()
	}
	if len(k.golden) != k.mails-k.mails/10 {
		t.Fatalf("%d IDs of %d mails", len(k.golden), k.mails)
	}
	t.Logf("%d mails in %v, seed %d", k.mails, k.took, seed)
	most, end := *soakKills, time.Now().Add(time.Hour)
	if most == 0 {
		most, end = 40, time.Now().Add(20*time.Second)
	}
	for n, left := 0, most; left > 0 && !t.Failed() && (n < 2 || time.Now().Before(end)); n++ {
		into := k.intoFile
		if n%2 == 1 {
			into = k.intoKafka
		}
		t.Run(fmt.Sprint("round", n), func(t *testing.T) { left -= into(t, min(left, max(10, most/10))) })
	}
}

// write makes the mbox; every tenth mail is no report.
func (k *killedReplay) write(t *testing.T, size int) {
	var b bytes.Buffer
	k.mails = 0
	filler := strings.Repeat("a line of the mail that came back, with some words to fill it\n", 60)
	for ; b.Len() < size; k.mails++ {
		b.WriteString("From MAILER-DAEMON Tue Mar 11 09:00:00 2025\n")
		if k.mails%10 == 9 {
			fmt.Fprintf(&b, "From: kim@example.org\nSubject: hello %d\n\nSee you.\n\n", k.mails)
			continue
		}
		text, _ := io.ReadAll(mailReader(k.mails))
		s := strings.ReplaceAll(string(text), "\r\n", "\n")
		b.WriteString(strings.Replace(s, "\n--b--", "\n--b\nContent-Type: text/rfc822-headers\n\nSubject: March\n\n"+filler+"--b--", 1) + "\n")
	}
	if err := os.WriteFile(k.mbox, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// kill runs bouncepipe and kills it, again and again, until it is through or was killed often
// enough. It returns the number of kills, and what the last run said. A run is killed soon after it has written
// a random part of all, as done tells; a few are before they begin.
func (k *killedReplay) kill(t *testing.T, most int, before func(), done func() float64, args ...string) (kills int, account string) {
	t.Helper()
	for {
		var stderr bytes.Buffer
		cmd := exec.Command("bouncepipe", append([]string{"replay"}, args...)...)
		cmd.Stderr = &stderr
		before()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		end, ended := make(chan error, 1), make(chan struct{})
		go func() { end <- cmd.Wait(); close(ended) }()
		var now <-chan time.Time
		if kills < most {
			now = k.moment(done, ended)
		}
		var err error
		select {
		case err = <-end:
		case <-now:
			cmd.Process.Signal(syscall.SIGKILL)
			err = <-end
		}
		if err == nil {
			return kills, stderr.String()
		}
		if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		kills++
	}
}

// moment tells when to kill the run that has just begun.
func (k *killedReplay) moment(done func() float64, ended <-chan struct{}) <-chan time.Time {
	if k.rand.IntN(10) == 0 {
		return time.After(time.Duration(k.rand.Float64() * float64(k.took)))
	}
	until, wait := done()+k.rand.Float64()*0.9, time.Duration(k.rand.IntN(20))*time.Millisecond
	now := make(chan time.Time, 1)
	go func() {
		for done() < until {
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
		}
		time.Sleep(wait)
		now <- time.Now()
	}()
	return now
}

// check compares what arrived with what should, and looks at the ledger.
func (k *killedReplay) check(t *testing.T, events []sink.Event, account string) (last int) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range events {
		if r, ok := k.golden[e.ID]; !ok || r != e.Recipient {
			t.Errorf("%s of %s should not be", e.ID, e.Recipient)
		}
		seen[e.ID] = true
	}
	if len(seen) != len(k.golden) {
		t.Errorf("%d of %d events arrived", len(seen), len(k.golden))
	}
	var in, reports, other, unreadable, quarantined, filtered int
	_, line, _ := strings.Cut(account, "bouncepipe: in ")
	if _, err := fmt.Sscanf(line, "%d = %d reports + %d other + %d unreadable + %d quarantined + %d filtered\nbouncepipe: %d events",
		&in, &reports, &other, &unreadable, &quarantined, &filtered, &last); err != nil {
		t.Fatalf("%v in %q", err, account)
	}
	if in != reports+other || in > k.mails || last != reports || unreadable+quarantined+filtered != 0 {
		t.Errorf("the ledger does not add up: %s", account)
	}
	return last
}

func (k *killedReplay) intoFile(t *testing.T, most int) int {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.ndjson")
	lines := 0
	before := func() {
		text, _ := os.ReadFile(out)
		lines = bytes.Count(text, []byte("\n"))
	}
	args := []string{"--state", filepath.Join(dir, "state"), "-o", out, k.mbox}
	done := func() float64 {
		info, err := os.Stat(out)
		if err != nil {
			return 0
		}
		return float64(info.Size()) / float64(k.bytes)
	}
	kills, account := k.kill(t, most, before, done, args...)
	events := eventsIn(t, out)
	if n := k.check(t, events, account); lines+n != len(events) {
		t.Errorf("the last run accounts for %d events, and there were %d before and %d behind it", n, lines, len(events))
	}
	if _, account := k.kill(t, 0, before, done, args...); !strings.Contains(account, "bouncepipe: in 0 = ") {
		t.Errorf("all was done: %s", account)
	}
	t.Logf("file: %d kills, %d repeats", kills, len(events)-len(k.golden))
	return kills
}

func (k *killedReplay) intoKafka(t *testing.T, most int) int {
	w := newWorld(t, 0, "")
	w.consume()
	state := filepath.Join(t.TempDir(), "state")
	done := func() float64 {
		w.mu.Lock()
		defer w.mu.Unlock()
		return float64(len(w.events)) / float64(len(k.golden))
	}
	kills, account := k.kill(t, most, func() {}, done, "--state", state, "--kafka", w.kafka, "--topic", "bounces", k.mbox)
	w.until("all is there", func() bool { _, ids := w.counts(); return ids >= len(k.golden) })
	w.mu.Lock()
	defer w.mu.Unlock()
	k.check(t, w.events, account)
	t.Logf("Kafka: %d kills, %d repeats", kills, len(w.events)-len(k.golden))
	return kills
}

func eventsIn(t *testing.T, path string) (events []sink.Event) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var e sink.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// SIGUSR1 prints the account so far, and the replay goes on.
func TestReplaySignal(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	var stderr lockedBuffer
	out := filepath.Join(t.TempDir(), "out.ndjson")
	cmd := exec.Command("bouncepipe", "replay", "-o", out, "-")
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		text, _ := io.ReadAll(mailReader(i))
		fmt.Fprintf(stdin, "From MAILER-DAEMON Tue Mar 11 09:00:00 2025\n%s\n", text)
	}
	says := func(what string) bool {
		stderr.mu.Lock()
		defer stderr.mu.Unlock()
		return strings.Contains(stderr.b.String(), what)
	}
	until := func(cond func() bool) {
		for end := time.Now().Add(2 * time.Minute); !cond() && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		}
	}
	until(func() bool { text, _ := os.ReadFile(out); return bytes.Count(text, []byte("\n")) == 2 })
	// They are counted soon after they are written.
	until(func() bool { cmd.Process.Signal(syscall.SIGUSR1); return says("in 2 = 2 reports") })
	if !says("in 2 = 2 reports") {
		t.Errorf("SIGUSR1 printed %s", &stderr.b)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil || !says("in 3 = 3 reports") {
		t.Errorf("%v\n%s", err, &stderr.b)
	}
}
