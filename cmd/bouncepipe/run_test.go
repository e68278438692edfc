package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// start runs bouncepipe run in a process of its own.
func (w *world) start() *exec.Cmd {
	w.t.Helper()
	cmd := exec.Command("bouncepipe", "run", "-c", w.config)
	cmd.Stderr = w.t.Output()
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return cmd
}

// Killed at any point, most of the time between Kafka's acknowledgement and the commit: none lost,
// and repeats have the same IDs.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	const mails, kills = 600, 6
	w := newWorld(t, mails, "log: {level: error}")
	w.consume()
	for k := range kills {
		cmd := w.start()
		before, _ := w.counts()
		w.until("there is something to repeat", func() bool {
			n, ids := w.counts()
			return n > before+k*15 || ids == mails
		})
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
	}
	cmd := w.start()
	w.until("all is published", func() bool { _, ids := w.counts(); return ids == mails })
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	w.complete(mails)
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

// The broker is down at the start and once more in the middle: nothing is marked done, nothing is
// lost, it goes on by itself, and each time there is one line when it begins and one when it ends.
func TestBrokerDown(t *testing.T) {
	const mails = 120
	w := newWorld(t, mails/2, "log: {level: info}\nmetrics: {listen: '127.0.0.1:0'}")
	w.broker.set(true)
	c, err := loadConfig(w.config)
	if err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.run(ctx, &log) }()
	defer func() { cancel(); <-ended }()

	down := func(times int) {
		w.until("it is noticed", func() bool { return log.count("writing to kafka") == 2*times-1 })
		if status, text := w.get(&log, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(text, "writing to kafka") {
			t.Errorf("/readyz: %d %s", status, text)
		}
		if status, _ := w.get(&log, "/healthz"); status != http.StatusOK {
			t.Errorf("/healthz: %d", status)
		}
		time.Sleep(200 * time.Millisecond) // several attempts
		w.broker.set(false)
		w.until("it works again", func() bool { return log.count("works again") == times })
	}
	down(1)
	w.consume()
	w.until("some are published", func() bool { n, _ := w.counts(); return n >= 30 })
	w.broker.set(true)
	w.arrive(w.user, "INBOX", mails/2, mails) // there is something to write, however late this test noticed
	down(2)
	w.until("all is published", func() bool { _, ids := w.counts(); return ids == mails })
	w.until("all is committed", func() bool {
		_, text := w.get(&log, "/metrics")
		return strings.Contains(text, `bouncepipe_messages_total{outcome="bounce",source="bounces@127.0.0.1"} 120`) && strings.Contains(text, "bouncepipe_kafka_records_total 120")
	})
	if begun, over := log.count("fails, trying again"), log.count("works again"); begun != 2 || over != 2 {
		t.Errorf("%d lines say that it fails and %d that it works again, want 2 of each:\n%s", begun, over, &log.b)
	}
	w.complete(mails)
}

// get asks the server whose address the log tells.
func (w *world) get(log *lockedBuffer, path string) (int, string) {
	w.t.Helper()
	var address string
	w.until("metrics are served", func() bool {
		log.mu.Lock()
		defer log.mu.Unlock()
		_, after, ok := strings.Cut(log.b.String(), "address=")
		address, _, _ = strings.Cut(after, "\n")
		return ok
	})
	res, err := http.Get("http://" + address + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// check and mailboxes look, and change nothing.
func TestCheckAndMailboxes(t *testing.T) {
	w := newWorld(t, 7, "")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"check", "-c", w.config}, "(7 to read)"},
		{[]string{"check", "-c", w.config}, "kafka topic bounces: 3 partitions"},
		{[]string{"mailboxes", "-c", w.config}, "  7 "},
		{[]string{"topics", "check", "-c", w.config, "--partitions", "3"}, "exists"},
	} {
		var out, errs bytes.Buffer
		if status := Main(tt.args, nil, &out, &errs); status != 0 && tt.args[0] != "topics" || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%v: status %d, want %q:\n%s%s", tt.args, status, tt.want, &out, &errs)
		}
	}
	t.Setenv("TEST_PASSWORD", "wrong")
	var out, errs bytes.Buffer
	if status := Main([]string{"check", "-c", w.config}, nil, &out, &errs); status != 1 || !strings.Contains(out.String(), "FAILED  imap") {
		t.Errorf("with a wrong password: status %d\n%s%s", status, &out, &errs)
	}
	if strings.Contains(out.String()+errs.String(), "wrong\n") {
		t.Errorf("the password is shown:\n%s%s", &out, &errs)
	}
	t.Log(out.String())
}

// What will not heal by itself ends run with one line and a status that is not 0.
func TestRunMisconfigured(t *testing.T) {
	w := newWorld(t, 1, "")
	fails := func(what, want string) {
		t.Helper()
		var out, errs bytes.Buffer
		status := Main([]string{"run", "-c", w.config}, nil, &out, &errs)
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		if last := lines[len(lines)-1]; status != 1 || !strings.HasPrefix(last, "bouncepipe: ") || !strings.Contains(last, want) {
			t.Errorf("%s: status %d, want %q:\n%s", what, status, want, &errs)
		}
		if strings.Contains(errs.String(), "pa55") {
			t.Errorf("%s: the password is shown:\n%s", what, &errs)
		}
	}
	t.Setenv("TEST_PASSWORD", "pa55")
	fails("wrong password", "cannot sign in")
	t.Setenv("TEST_PASSWORD", "secret")
	text, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(w.config, bytes.Replace(text, []byte("topic: bounces"), []byte("topic: nowhere"), 1), 0o600)
	fails("unknown topic", "topic nowhere: does not exist")
	os.WriteFile(w.config, bytes.Replace(text, []byte("batch: 10"), []byte("mailboxes: [Nowhere]"), 1), 0o600)
	fails("unknown mailbox", "Nowhere")
}

// replay --kafka writes what replay prints.
func TestReplayIntoKafka(t *testing.T) {
	w := newWorld(t, 0, "")
	w.consume()
	var printed, out, errs bytes.Buffer
	if status := Main([]string{"replay", "-q", "../demo/samples"}, nil, &printed, &errs); status != 0 {
		t.Fatal(errs.String())
	}
	if status := Main([]string{"replay", "--kafka", w.kafka, "--topic", "bounces", "../demo/samples"}, nil, &out, &errs); status != 0 {
		t.Fatal(errs.String())
	}
	w.until("all is there", func() bool { n, _ := w.counts(); return n == bytes.Count(printed.Bytes(), []byte("\n")) })
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if !bytes.Contains(printed.Bytes(), []byte(e.ID)) {
			t.Errorf("%s of %s is not what was printed", e.ID, e.Recipient)
		}
	}
	if out.Len() > 0 || !strings.Contains(errs.String(), "in 12 = 11 reports + 1 other") {
		t.Errorf("printed %q and %q", &out, &errs)
	}
}

// A path is a source as well: read to its end, and again when it grows. Events go to a file and to
// Kafka.
func TestRunPaths(t *testing.T) {
	w := newWorld(t, 0, "")
	w.consume()
	dir := t.TempDir()
	mbox, out := dir+"/mbox", dir+"/out.ndjson"
	add := func(from, to int) {
		f, err := os.OpenFile(mbox, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for i := from; i < to; i++ {
			text, _ := io.ReadAll(mailReader(i))
			fmt.Fprintf(f, "From MAILER-DAEMON Tue Mar 11 09:00:00 2025\r\n%s\r\n", text)
		}
	}
	add(0, 5)
	os.WriteFile(w.config, fmt.Appendf(nil, "sources: [{name: old, paths: [%q], interval: 100ms}]\nkafka: {brokers: [%q], topic: bounces}\nndjson: {path: %q}\nstate_dir: %q\n", mbox, w.kafka, out, w.state), 0o600)
	c, err := loadConfig(w.config)
	if err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.run(ctx, &log) }()
	w.until("the first are there", func() bool { _, ids := w.counts(); return ids == 5 })
	add(5, 9)
	w.until("the others are there", func() bool { _, ids := w.counts(); return ids == 9 })
	w.until("they are in the file", func() bool { b, _ := os.ReadFile(out); return bytes.Count(b, []byte("\n")) >= 9 })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run: %v\n%s", err, &log.b)
	}
	w.complete(9)
}
