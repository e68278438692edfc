package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

func checkCommand() *cobra.Command {
	var config string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "check -c bouncepipe.yaml",
		Short: "Validate the configuration and try each connection",
		Long: `check reads the configuration, signs in to every mail server, opens every mailbox, asks Kafka for
every topic and tries to write the state directory. It prints a line for each and changes nothing.
The exit status is 0 when run would work, 1 when something does not answer as it should, and 2 when
the configuration itself is wrong.`,
		Example: `  bouncepipe check -c bouncepipe.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(config)
			if err != nil {
				return err
			}
			k := checker{configFile: c, out: cmd.OutOrStdout(), timeout: timeout}
			return k.run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&config, "config", "c", "bouncepipe.yaml", "the configuration")
	cmd.Flags().DurationVar(&timeout, "timeout", 20*time.Second, "the most that one connection may take")
	return cmd
}

type checker struct {
	*configFile
	out     io.Writer
	timeout time.Duration
	failed  int
}

func (k *checker) run(ctx context.Context) error {
	k.say("configuration "+k.path, nil)
	_, err := k.classifier()
	k.say("rules, by their own examples", err)
	k.say("state directory "+k.StateDir, tryDir(k.StateDir))
	for i := range k.Sources {
		if m := k.Sources[i].IMAP; m != nil {
			k.imap(ctx, k.Sources[i].Name, m)
		} else {
			for _, path := range k.Sources[i].Paths {
				f, err := os.Open(path)
				if err == nil {
					f.Close()
				}
				k.say("path "+path, err)
			}
		}
	}
	if k.Kafka != nil {
		k.kafka(ctx)
	}
	if k.NDJSON != nil {
		w, err := sink.OpenNDJSON(k.NDJSON.Path)
		if err == nil {
			w.Close(ctx)
		}
		k.say("file "+k.NDJSON.Path, err)
	}
	if k.failed > 0 {
		return fmt.Errorf("%d of the checks failed", k.failed)
	}
	return nil
}

func (k *checker) say(what string, err error) {
	if err == nil {
		fmt.Fprintf(k.out, "ok      %s\n", what)
		return
	}
	k.failed++
	fmt.Fprintf(k.out, "FAILED  %s: %v\n", what, err)
}

func (k *checker) warn(what string) { fmt.Fprintf(k.out, "warning %s\n", what) }

func (k *checker) imap(ctx context.Context, name string, m *IMAPConfig) {
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	states, err := k.pollMailboxes(ctx, m)
	if err != nil {
		k.say("imap "+name, err)
		return
	}
	if m.TLS == "none" {
		k.warn("imap " + name + " is read without TLS: the password crosses the network in the clear")
	}
	for _, st := range states {
		if st.err != nil {
			k.say("imap "+st.Mailbox, st.err)
			continue
		}
		k.say(fmt.Sprintf("imap %s (%d to read)", st.Mailbox, st.Backlog), nil)
	}
}

func (k *checker) kafka(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, k.timeout)
	defer cancel()
	conn, err := k.kafkaConn()
	if err != nil {
		k.say("kafka", err)
		return
	}
	defer conn.Close()
	var topics []string
	for _, t := range k.topics() {
		topics = append(topics, t)
	}
	infos, err := conn.Check(ctx, topics...)
	if err != nil {
		k.say("kafka", err)
	}
	for _, t := range infos {
		k.say(fmt.Sprintf("kafka topic %s: %d partitions, replication %d", t.Name, t.Partitions, t.Replication), nil)
		for _, w := range t.Warnings() {
			k.warn(w)
		}
	}
}

// tryDir writes and removes a file in dir, which it makes if need be.
func tryDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// mailboxState is what one poll of a mailbox found.
type mailboxState struct {
	ingest.IMAPStats
	err error
}

// pollMailboxes polls each mailbox of an account once and changes none of them.
func (c *configFile) pollMailboxes(ctx context.Context, m *IMAPConfig) ([]mailboxState, error) {
	opts, err := m.options(slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	sources, err := ingest.NewIMAPMailboxes(ctx, opts, readOnly{&ingest.FilePositions{Dir: c.StateDir}}, m.Mailboxes...)
	if err != nil {
		return nil, err
	}
	states := make([]mailboxState, len(sources))
	for i, s := range sources {
		err := s.Check(ctx)
		states[i] = mailboxState{s.Stats(), err}
		s.Close()
	}
	return states, nil
}

// readOnly are positions that looking does not change.
type readOnly struct{ ingest.Positions }

func (readOnly) Store(context.Context, string, []byte) error { return nil }
