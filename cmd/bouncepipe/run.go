package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

func runCommand() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "run -c bouncepipe.yaml",
		Short: "Fetch bounces from the configured sources and publish events until told to stop",
		Long: `run fetches mail from every configured source, on its schedule, and publishes one event per
recipient until it gets SIGTERM or SIGINT. Then it finishes what it is writing, for at most grace
(10s), and leaves the rest untouched for the next start.

What is down (a mail server, a broker, the disk) is tried again without end, with one log line when
that begins and one when it is over. Nothing is marked done meanwhile. Only what is wrong from the
start and will stay so (a wrong password, an unknown topic, a certificate for another name) ends it.

SIGUSR1 logs what has been done so far.`,
		Example: `  bouncepipe check -c bouncepipe.yaml && bouncepipe run -c bouncepipe.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(config)
			if err != nil {
				return err
			}
			defer collectEarly()()
			return c.run(cmd.Context(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVarP(&config, "config", "c", "bouncepipe.yaml", "the configuration")
	return cmd
}

// service is what run runs.
type service struct {
	*configFile
	log       *slog.Logger
	template  *pipeline.Pipeline
	kafka     *sink.Kafka
	positions ingest.Positions
	replayed  *ingest.PositionLog // how far the paths are done; nil without paths
	stop      context.CancelCauseFunc

	mu      sync.Mutex
	workers []*worker
	opening map[string]error // sources that cannot be opened yet, by name
}

// worker is one pipeline and where it reads from.
type worker struct {
	*pipeline.Pipeline
	imap *ingest.IMAP // nil for paths
}

// run returns nil when ctx ends: being told to stop is its only good end.
func (c *configFile) run(ctx context.Context, stderr io.Writer) error {
	told := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &service{configFile: c, log: c.logger(stderr), opening: map[string]error{}, stop: stop}
	var err error
	if s.template, err = c.newPipeline(s.log); err != nil {
		return err
	}
	defer func() { closeSinks(ctx, s.template.Sinks) }()
	if c.Kafka != nil {
		if s.kafka, err = c.addKafka(s.template); err != nil {
			return err
		}
	}
	if c.NDJSON != nil {
		if err := c.openNDJSON(s.template); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.StateDir, 0o700); err != nil {
		return c.errorf("$.state_dir", "%v", err)
	}
	s.positions = c.positions(s.log)
	if slices.ContainsFunc(c.Sources, func(src SourceConfig) bool { return src.IMAP == nil }) {
		if s.replayed, err = ingest.OpenPositionLog(filepath.Join(c.StateDir, "paths.state")); err != nil {
			return c.errorf("$.state_dir", "%v", err)
		}
		defer s.replayed.Close()
	}
	if c.Metrics.Listen != "" {
		stop, err := s.serveMetrics()
		if err != nil {
			return c.errorf("$.metrics.listen", "%v", err)
		}
		defer stop()
	}
	s.log.Info("starting", "version", version(), "sources", len(c.Sources))
	usr1 := make(chan os.Signal, 1)
	signal.Notify(usr1, syscall.SIGUSR1)
	defer signal.Stop(usr1)

	var all sync.WaitGroup
	if s.kafka != nil {
		all.Go(func() { s.checkTopics(ctx) })
	}
	for i := range c.Sources {
		src := &c.Sources[i]
		if src.IMAP != nil {
			all.Go(func() { s.runIMAP(ctx, src) })
		} else {
			all.Go(func() { s.runPaths(ctx, src) })
		}
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	for {
		select {
		case <-usr1:
			s.logLedger()
		case <-ended:
			s.logLedger()
			if told.Err() != nil {
				return nil
			}
			return context.Cause(ctx)
		}
	}
}

// runIMAP runs a pipeline for each mailbox of an account.
func (s *service) runIMAP(ctx context.Context, src *SourceConfig) {
	var sources []*ingest.IMAP
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		opts, err := src.IMAP.options(s.log)
		if err == nil {
			sources, err = ingest.NewIMAPMailboxes(ctx, opts, s.positions, src.IMAP.Mailboxes...)
		}
		if errors.Is(err, ingest.ErrMisconfigured) {
			s.ended(err)
			return
		}
		if s.opened(src.Name, err) || !sleep(ctx, wait) {
			break
		}
	}
	var all sync.WaitGroup
	for _, imap := range sources {
		all.Go(func() {
			defer imap.Close()
			w := s.worker(src.Name, imap)
			w.imap = imap
			if len(sources) > 1 {
				w.Name = imap.Stats().Mailbox
			}
			w.GiveUp = func(err error) bool {
				return errors.Is(err, ingest.ErrMisconfigured) && imap.Stats().LastPoll.IsZero()
			}
			s.ended(w.Run(ctx))
		})
	}
	all.Wait()
}

// runPaths reads the paths to their end, again and again.
func (s *service) runPaths(ctx context.Context, src *SourceConfig) {
	w := s.worker(src.Name, nil)
	for {
		paths, err := ingest.OpenPaths(ingest.PathOptions{State: s.replayed}, src.Paths...)
		if s.opened(src.Name, err) {
			w.Source = paths
			err = w.Run(ctx)
			if cerr := paths.Close(); err == nil && cerr != nil {
				s.log.Warn("closing " + src.Name + ": " + cerr.Error())
			}
			s.ended(err)
		}
		if !sleep(ctx, src.Interval.Duration) {
			return
		}
	}
}

// worker adds a pipeline made after the template.
func (s *service) worker(name string, src ingest.Source) *worker {
	t := s.template
	w := &worker{Pipeline: &pipeline.Pipeline{
		Name: name, Source: src, Classify: t.Classify, Sender: t.Sender, Record: t.Record, Sinks: t.Sinks,
		Unrecognized: t.Unrecognized, Prepare: t.Prepare, Grace: t.Grace, Log: t.Log,
	}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.workers = append(s.workers, w)
	return w
}

// opened notes whether a source could be opened, and says so when that changes.
func (s *service) opened(name string, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.opening[name]
	switch {
	case err == nil && before != nil:
		s.log.Info("opening "+name+" works again", "source", name)
		delete(s.opening, name)
	case err != nil && before == nil && !errors.Is(err, context.Canceled):
		s.log.Warn("opening "+name+" fails, trying again until it works", "source", name, "error", err)
		s.opening[name] = err
	}
	return err == nil
}

// ended stops everything where a pipeline has ended with more than the end of the context.
func (s *service) ended(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		s.stop(err)
	}
}

// checkTopics looks at the topics once the cluster answers. What only an operator can change ends
// the service; what makes acknowledgements weak is said.
func (s *service) checkTopics(ctx context.Context) {
	conn, err := s.kafkaConn()
	if err != nil {
		s.ended(err)
		return
	}
	defer conn.Close()
	var topics []string
	for _, t := range s.topics() {
		topics = append(topics, t)
	}
	for {
		infos, err := conn.Check(ctx, topics...)
		switch {
		case kafkaconn.Misconfigured(err):
			s.ended(err)
			return
		case err == nil:
			for _, t := range infos {
				for _, w := range t.Warnings() {
					s.log.Warn(w)
				}
			}
			return
		case !sleep(ctx, 5*time.Second): // the pipelines say that it is down
			return
		}
	}
}

// logLedger says what has been done, for each source.
func (s *service) logLedger() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.workers {
		st := w.Stats()
		s.log.Info("account", "source", w.Name, "in", st.In, "reports", st.Reports, "other", st.Other, "unreadable", st.Unreadable,
			"quarantined", st.Quarantined, "events", st.Events, "in_flight", st.InFlight)
		if w.imap == nil {
			continue
		}
		is := w.imap.Stats()
		polled, waiting := "never", time.Duration(0)
		if !is.LastPoll.IsZero() {
			polled = is.LastPoll.UTC().Format(time.RFC3339)
		}
		if !is.Oldest.IsZero() {
			waiting = time.Since(is.Oldest).Round(time.Second)
		}
		s.log.Info("mailbox", "source", w.Name, "mailbox", is.Mailbox, "connected", is.Connected, "last_poll", polled,
			"to_read", is.Backlog, "exact", is.Exact, "oldest_waits", waiting, "rate", math.Round(is.Rate*10)/10,
			"pending_actions", is.Pending, "reconnects", is.Reconnects, "errors", is.Errors, "last_error", is.LastError)
	}
}

// troubles returns what ails the service, in one line each.
func (s *service) troubles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for name, err := range s.opening {
		out = append(out, fmt.Sprintf("opening %s: %v", name, err))
	}
	for _, w := range s.workers {
		for _, t := range w.Stats().Troubles {
			out = append(out, fmt.Sprintf("%s since %s: %v", t.What, t.Since.UTC().Format(time.RFC3339), t.Err))
		}
	}
	return out
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
