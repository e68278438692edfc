package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
)

// replay is one run of the command.
type replay struct {
	config       string
	output       string
	as           string
	brokers      []string
	topic        string
	state        string
	mbox         string
	format       string
	since, until string
	only         []string
	dryRun       bool
	quiet        bool
	finish       func() error // completes the output; nil where that is complete with each event
	jobs         int
	maxBytes     int

	stdin          io.Reader
	stdout, stderr io.Writer
}

func replayCommand() *cobra.Command {
	var r replay
	cmd := &cobra.Command{
		Use:   "replay [flags] PATH...",
		Short: "Read archived mail: mbox, Maildir, single mails, folders, tar, zip, compressed or not",
		Long: `replay reads every message below the paths, in order, and writes one event per recipient:
as JSON lines, CSV or Parquet to a file or standard output, or to Kafka. "-" is standard input. What
a file is, its content decides.

With --format replies the files are logs of SMTP replies, most of which never become mail: what
Postfix logs (also as journalctl -o json exports it), or JSON lines with recipient, reply,
remote_mta, time and message_id. Lines that report no delivery attempt are passed over.

The last lines on standard error account for every message:

  in = reports + other + unreadable + quarantined + filtered

"other" is mail that is no report, "unreadable" a report of which nobody can tell whom it is about,
"quarantined" what could not be read at all, "filtered" what --since, --until and --only left out.

The exit status is 0 when all was read, 1 when something could not be, 2 when the flags or the
configuration are wrong and 130 when it was interrupted. SIGUSR1 prints the account so far.`,
		Example: `  bouncepipe replay bounces.mbox > events.ndjson
  bouncepipe replay --dry-run ~/Maildir archive-2016.tar.gz
  bouncepipe replay --only class=hard --since 2026-01-01 bounces.mbox | jq -r .address | sort -u
  bouncepipe replay --kafka kafka1:9092 --topic bounces --state replay.state bounces.mbox
  bouncepipe replay -o events.parquet archive/
  bouncepipe replay --format replies --only type=bounce /var/log/mail.log*
  bouncepipe replay -c bouncepipe.yaml /var/mail/bounces`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("give the paths to read, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, paths []string) error {
			r.stdin, r.stdout, r.stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
			return r.run(cmd.Context(), paths)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&r.config, "config", "c", "", "take sender, privacy and rules from this file; and kafka, unless -o or --kafka is given")
	f.StringVarP(&r.output, "output", "o", "", "append events to this file instead of standard output")
	f.StringVar(&r.as, "as", "", "write ndjson, csv or parquet (default: what the name of the output ends with, else ndjson)")
	f.StringSliceVar(&r.brokers, "kafka", nil, "write to Kafka at these brokers (host:port,...)")
	f.StringVar(&r.topic, "topic", "", "the topic for --kafka")
	f.StringVar(&r.state, "state", "", "remember in this file what is done, and continue there next time")
	f.StringVar(&r.format, "format", "mail", "what the files hold: mail, or replies")
	f.StringVar(&r.mbox, "mbox", "", "the mbox variant, where it cannot be told: mboxrd, mboxo, mboxcl, mboxcl2")
	f.StringVar(&r.since, "since", "", "only what happened on this day or later (2026-01-31)")
	f.StringVar(&r.until, "until", "", "only what happened before this day")
	f.StringArrayVar(&r.only, "only", nil, "only category=..., class=..., type=... or domain=...; may be repeated")
	f.BoolVarP(&r.dryRun, "dry-run", "n", false, "count, and write nothing")
	f.BoolVarP(&r.quiet, "quiet", "q", false, "no progress and no account, errors only")
	f.IntVarP(&r.jobs, "jobs", "j", 0, "messages read at the same time (default: number of CPUs)")
	f.IntVar(&r.maxBytes, "max-bytes", 0, "read at most so much of one message (default 512 KiB)")
	return cmd
}

// maxJobs is more than any machine has CPUs for.
const maxJobs = 1024

func (r *replay) run(ctx context.Context, paths []string) error {
	f, err := parseFilter(r.since, r.until, r.only)
	if err != nil {
		return err
	}
	if err := r.checkFlags(); err != nil {
		return err
	}
	conf := &configFile{}
	if r.config != "" {
		if conf, err = loadPart(r.config); err != nil {
			return err
		}
	}
	opts := ingest.PathOptions{MaxBytes: r.maxBytes, Mbox: ingest.MboxForm(r.mbox), Stdin: r.stdin}
	if r.format != "mail" {
		opts.Format = ingest.Format(r.format)
	}
	if r.state != "" {
		state, err := ingest.OpenPositionLog(r.state)
		if err != nil {
			return err
		}
		defer state.Close()
		opts.State = state
		if r.dryRun {
			opts.State = countOnly{state}
		}
	}
	src, err := ingest.OpenPaths(opts, paths...)
	if err != nil {
		return usage(err)
	}
	defer src.Close()
	p, err := conf.newPipeline(r.logger())
	if err != nil {
		return err
	}
	sinks, err := r.sinks(conf, p)
	if err != nil {
		return err
	}
	defer closeSinks(ctx, sinks)

	led := newLedger()
	p.Name, p.Source, p.Sinks = strings.Join(paths, " "), src, sinks
	p.Limits.Bytes = r.maxBytes
	if opts.Format == ingest.FormatReplies {
		p.Parse = noReply
	}
	p.Workers = r.jobs
	jobs := cmp.Or(r.jobs, runtime.GOMAXPROCS(0))
	p.Bytes = (1 + jobs) * 3 << 19
	defer modestMemory(jobs)()
	p.Committed = led.committed
	if !f.all() {
		p.Keep = f.wants
	}
	bar := newProgress(r.stderr, r.quiet, 10*time.Second, func() progressState { return progressOf(src, p) })
	go src.Measure(ctx) // for the progress; too late is no harm
	stop := onUSR1(func() { bar.pause(func() { r.account(led, src) }) })
	if err = p.Run(ctx); err == nil && r.finish != nil {
		err = r.finish()
	}
	stop()
	bar.done()
	if cerr := src.Close(); err == nil {
		err = cerr
	}
	if !r.quiet {
		r.account(led, src)
	}
	if err != nil {
		return err
	}
	return unread(src)
}

// checkFlags knows the flags that do not go together.
func (r *replay) checkFlags() error {
	switch {
	case len(r.brokers) > 0 && r.topic == "":
		return usage(errors.New("--kafka needs --topic"))
	case len(r.brokers) == 0 && r.topic != "":
		return usage(errors.New("--topic needs --kafka; the topic of a configuration stands in the configuration"))
	case r.jobs < 0 || r.jobs > maxJobs:
		return usage(fmt.Errorf("--jobs %d: write a number from 1 to %d", r.jobs, maxJobs))
	}
	_, err := r.form()
	return err
}

func progressOf(src *ingest.PathSource, p *pipeline.Pipeline) (state progressState) {
	st := src.Stats()
	state.read, state.total, state.mails = st.Bytes, st.TotalBytes, st.Messages
	for _, t := range p.Stats().Troubles {
		state.trouble = t.What + " fails"
	}
	return state
}

// unread is the error where something could not be read.
func unread(src *ingest.PathSource) error {
	failed := int64(0)
	for _, f := range src.Files() {
		failed += f.Errors
	}
	if failed > 0 {
		return fmt.Errorf("%d messages or files could not be read; events of type quarantined say why", failed)
	}
	return nil
}

// noReply reads the lines of a log that the source could not read.
func noReply([]byte) (*dsn.Report, error) { return nil, ingest.ErrReplyLine }

// countOnly tells what is done, and takes nothing as done that was only counted.
type countOnly struct{ *ingest.PositionLog }

func (countOnly) Store(context.Context, string, []byte) error       { return nil }
func (countOnly) StoreAll(context.Context, []ingest.Position) error { return nil }

func (r *replay) logger() *slog.Logger {
	opts := &slog.HandlerOptions{}
	if r.quiet {
		opts.Level = slog.LevelError
	}
	return slog.New(slog.NewTextHandler(r.stderr, opts))
}

// mostFiles is how many files the account lists one by one.
const mostFiles = 40

// account prints the ledger: in all, and for each file where there are several.
func (r *replay) account(led *ledger, src *ingest.PathSource) {
	files := src.Files()
	if len(files) > 1 {
		for i, f := range files {
			if i == mostFiles {
				fmt.Fprintf(r.stderr, "bouncepipe: ... and %d files more\n", len(files)-i)
				break
			}
			fmt.Fprintln(r.stderr, "bouncepipe: "+describeFile(&f))
		}
	}
	for _, f := range files {
		if f.Cut {
			fmt.Fprintf(r.stderr, "bouncepipe: %s seems to end within a message\n", f.Path)
		}
		if f.Changed {
			fmt.Fprintf(r.stderr, "bouncepipe: %s is not what it was at the last replay, and was read from its start\n", f.Path)
		}
	}
	st := src.Stats()
	if st.DoneBefore > 0 {
		fmt.Fprintf(r.stderr, "bouncepipe: %d files were done before and left alone\n", st.DoneBefore)
	}
	if r.format == string(ingest.FormatReplies) {
		fmt.Fprintf(r.stderr, "bouncepipe: %d lines report no delivery attempt\n", st.Lines)
	}
	if st.Skipped > 0 {
		fmt.Fprintf(r.stderr, "bouncepipe: %d entries that are no files were skipped\n", st.Skipped)
	}
	led.print(r.stderr)
}

func describeFile(f *ingest.FileStats) string {
	reports := f.Committed
	for _, o := range [...]ingest.Outcome{ingest.Other, ingest.Unreadable, ingest.Quarantined} {
		reports -= f.Outcomes[o]
	}
	s := fmt.Sprintf("%s: in %d = %d reports + %d other + %d unreadable + %d quarantined; %s", f.Path, f.Committed, reports,
		f.Outcomes[ingest.Other], f.Outcomes[ingest.Unreadable], f.Outcomes[ingest.Quarantined], size(f.Bytes))
	if f.Resumed {
		s += ", continued"
	}
	return s
}

// onUSR1 calls f on each SIGUSR1 until the returned function is called.
func onUSR1(f func()) (stop func()) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGUSR1)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-ch:
				f()
			case <-done:
				return
			}
		}
	}()
	return func() { signal.Stop(ch); close(done) }
}
