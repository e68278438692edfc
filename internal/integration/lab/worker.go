//go:build integration

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Worker is one `bouncepipe run`, which can be killed and started again.
type Worker struct {
	Config string   // the file with its configuration
	Env    []string // secrets, beside the environment of the tests

	tb   testing.TB
	log  string
	cmd  *exec.Cmd
	peak atomic.Int64
}

// NewWorker writes the configuration into a folder, beside which the worker's log will be.
func NewWorker(tb testing.TB, dir, config string, env ...string) *Worker {
	tb.Helper()
	w := &Worker{Config: filepath.Join(dir, "bouncepipe.yaml"), Env: env, tb: tb, log: filepath.Join(dir, "log")}
	if err := os.WriteFile(w.Config, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			log := w.Logged()
			tb.Logf("the worker's log:\n%s", log[max(0, len(log)-8000):])
		}
	})
	return w
}

// Command is a bouncepipe command with the worker's configuration.
func (w *Worker) Command(args ...string) *exec.Cmd {
	cmd := exec.Command(Built("bouncepipe"), append(args, "-c", w.Config)...)
	cmd.Env = append(os.Environ(), w.Env...)
	return cmd
}

// Start starts the worker. It ends with the test.
func (w *Worker) Start() {
	w.tb.Helper()
	log, err := os.OpenFile(w.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		w.tb.Fatal(err)
	}
	defer log.Close()
	cmd := w.Command("run")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		w.tb.Fatal(err)
	}
	w.cmd = cmd
	ended := make(chan struct{})
	go w.watch(cmd.Process.Pid, ended)
	w.tb.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); close(ended) })
}

// watch notes how much memory the process has taken.
func (w *Worker) watch(pid int, ended <-chan struct{}) {
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return
		}
		kb := int64(0)
		if _, rest, ok := strings.Cut(string(text), "VmHWM:"); ok {
			fmt.Sscan(rest, &kb)
		}
		w.peak.Store(max(w.peak.Load(), kb))
		select {
		case <-ended:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Peak is the most resident memory that any of its processes has had so far, in MiB.
func (w *Worker) Peak() int { return int(w.peak.Load()+1023) >> 10 }

// Kill ends the worker without a chance to tidy up.
func (w *Worker) Kill() {
	w.cmd.Process.Kill()
	w.cmd.Wait()
}

// Signal sends a signal.
func (w *Worker) Signal(s os.Signal) { w.cmd.Process.Signal(s) }

// Stop ends the worker as a service manager does, and checks that it goes in time and without complaint.
func (w *Worker) Stop() {
	w.tb.Helper()
	began := time.Now()
	w.Signal(syscall.SIGTERM)
	if err := w.cmd.Wait(); err != nil {
		w.tb.Errorf("bouncepipe run after SIGTERM: %v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		w.tb.Errorf("bouncepipe run took %s to stop", took)
	}
}

// Logged is what all its processes have logged.
func (w *Worker) Logged() string {
	log, _ := os.ReadFile(w.log)
	return string(log)
}
