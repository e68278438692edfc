package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

// killer kills the process at a commit: after the acknowledgement, before anything is marked done.
type killer struct {
	ingest.Source
	at, n int
}

func (k *killer) Commit(ctx context.Context, b *ingest.Batch, outcomes []ingest.Outcome) error {
	if k.n++; k.n == k.at {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return k.Source.Commit(ctx, b, outcomes)
}

// killedWorker replays an mbox into a file and dies at the commit that is asked for.
func killedWorker() {
	dir := os.Getenv("PIPELINE_TEST_WORKER")
	at, err := strconv.Atoi(os.Getenv("PIPELINE_TEST_KILL_AT"))
	if err != nil {
		log.Fatal(err)
	}
	src, err := ingest.OpenPaths(ingest.PathOptions{BatchMessages: 10, SaveEvery: -1, State: &ingest.FilePositions{Dir: filepath.Join(dir, "state")}}, filepath.Join(dir, "in.mbox"))
	if err != nil {
		log.Fatal(err)
	}
	out, err := sink.OpenNDJSON(filepath.Join(dir, "out.ndjson"))
	if err != nil {
		log.Fatal(err)
	}
	p := &Pipeline{Source: &killer{Source: src, at: at}, Classify: userUnknown, Sinks: []*Sink{{Name: "out", Writer: out}}}
	if err := p.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	src.Close()
	os.Exit(0)
}

// Killed with SIGKILL between acknowledgement and commit, again and again: none lost, every repeat
// has the ID it had before.
func TestKilledBeforeCommit(t *testing.T) {
	const mails = 100
	dir := t.TempDir()
	var mbox bytes.Buffer
	for i := range mails {
		fmt.Fprintf(&mbox, "From MAILER-DAEMON Tue Mar 11 09:00:00 2025\n%s\n", bounceMail(i))
	}
	if err := os.WriteFile(filepath.Join(dir, "in.mbox"), mbox.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for at := 1; ; at++ {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PIPELINE_TEST_WORKER="+dir, fmt.Sprint("PIPELINE_TEST_KILL_AT=", at))
		cmd.Stderr = t.Output()
		err := cmd.Run()
		if err == nil {
			break
		}
		if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
			t.Fatalf("the worker ended with %v", err)
		}
		kills++
	}
	text, err := os.ReadFile(filepath.Join(dir, "out.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	ids, events := map[string]string{}, 0
	for line := range bytes.Lines(text) {
		var e sink.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if before, ok := ids[e.Recipient]; ok && before != e.ID {
			t.Errorf("%s has the IDs %s and %s", e.Recipient, before, e.ID)
		}
		ids[e.Recipient] = e.ID
		events++
	}
	if len(ids) != mails || kills < 3 || events == mails {
		t.Errorf("%d of %d mails arrived; %d events, %d kills", len(ids), mails, events, kills)
	}
	t.Logf("%d kills, %d lost, %d repeats", kills, mails-len(ids), events-mails)
}
