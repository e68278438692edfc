// Command demo shows the whole path in one process: an IMAP server with sample bounces, the real
// pipeline, and a broker that speaks the Kafka protocol, all over TCP. It reads the topic back and
// shows the verdicts. Nothing of it is linked into bouncepipe.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

func main() {
	keep := flag.Bool("keep", false, "leave the servers running, with a configuration for bouncepipe run, until ^C")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

const topic = "bounces"

func run(ctx context.Context, out io.Writer, keep bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	mails, err := loadSamples()
	if err != nil {
		return err
	}
	mailServer, err := startIMAP(mails)
	if err != nil {
		return err
	}
	defer mailServer.Close()
	broker, err := startKafka()
	if err != nil {
		return err
	}
	defer broker.Close()
	dir, err := os.MkdirTemp("", "bouncepipe-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	fmt.Fprintf(out, "IMAP server on %s with %d mails, Kafka-protocol broker on %s, bouncepipe between them.\n\n", mailServer.address, len(mails), broker.address)
	start := time.Now()
	p, err := build(mailServer, broker, dir)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	// The mailbox never ends, so the demo does when all of it is committed.
	for p.Stats().In < int64(len(mails)) {
		select {
		case err := <-done:
			return fmt.Errorf("the pipeline ended: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
		if tr := p.Stats().Troubles; len(tr) > 0 && time.Since(start) > 30*time.Second {
			return fmt.Errorf("%s: %w", tr[0].What, tr[0].Err)
		}
	}
	took := time.Since(start)
	cancel()
	<-done
	// What is open writes to the folder, even after it is gone.
	if err := p.Source.Close(); err != nil {
		return err
	}
	if err := p.Sinks[0].Writer.Close(context.WithoutCancel(ctx)); err != nil {
		return err
	}

	st := p.Stats()
	events, err := readBack(context.WithoutCancel(ctx), broker.address, int(st.Events))
	if err != nil {
		return err
	}
	table(out, events)
	fmt.Fprintf(out, "\nin %d = %d reports + %d other + %d unreadable + %d quarantined + %d filtered; %d events read back from the topic %q, after %v\n",
		st.In, st.Reports, st.Other, st.Unreadable, st.Quarantined, st.Filtered, len(events), topic, took.Round(time.Millisecond))
	if !keep {
		next(out)
		return nil
	}
	return leaveRunning(out, mailServer, broker, filepath.Join(dir, "bouncepipe.yaml"))
}

// build makes the same parts that bouncepipe run makes, for one mailbox.
func build(m *mailServer, b *broker, dir string) (*pipeline.Pipeline, error) {
	src, err := ingest.NewIMAP(ingest.IMAPOptions{
		Address:  m.address,
		Security: ingest.IMAPPlain, // both ends are in this process
		Username: username,
		Password: func() (string, error) { return password, nil },
	}, &ingest.FilePositions{Dir: filepath.Join(dir, "state")})
	if err != nil {
		return nil, err
	}
	rules, err := classify.New(classify.Options{})
	if err != nil {
		return nil, err
	}
	conn, err := kafkaconn.New(kafkaconn.Config{Brokers: []string{b.address}})
	if err != nil {
		return nil, err
	}
	writer, err := sink.NewKafka(conn, sink.KafkaOptions{Topics: map[string]string{sink.StreamEvents: topic}})
	if err != nil {
		return nil, err
	}
	verp, err := pipeline.ParseVERP("bounce+{address}@b.example.com", nil)
	if err != nil {
		return nil, err
	}
	return &pipeline.Pipeline{
		Name:     "demo",
		Source:   src,
		Classify: rules.Classify,
		Sender: &pipeline.Sender{
			MTAs:       []string{"mx.example.com"},
			Domains:    []string{"example.com"},
			VERP:       []pipeline.VERP{verp},
			MessageIDs: []pipeline.Form{"*@news.example.com"},
			Campaigns:  []string{"X-Campaign-Id"},
		},
		Record: func(e *sink.Event, value []byte) sink.Record {
			return sink.Record{Stream: sink.StreamEvents, Key: sink.Key(e), Value: value, Headers: sink.CloudEventHeaders(e, "/demo")}
		},
		Sinks: []*pipeline.Sink{{Name: "kafka", Writer: writer, Streams: []string{sink.StreamEvents}}},
		Log:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, nil
}
