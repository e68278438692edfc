package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/bouncepipe/bouncepipe/sink"
)

// table prints one line per event, in the order of the mailbox.
func table(out io.Writer, events []*sink.Event) {
	slices.SortFunc(events, func(a, b *sink.Event) int {
		return cmp.Or(cmp.Compare(uid(a.Source), uid(b.Source)), cmp.Compare(a.Recipient, b.Recipient))
	})
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "ADDRESS\tTYPE\tCATEGORY\tCLASS\tADVICE\tRULE\tTHE SERVER SAID")
	for _, e := range events {
		said := e.DiagnosticCode
		switch {
		case e.Feedback != nil:
			said = "feedback: " + e.Feedback.Type
		case e.Verified == "no":
			said = "(not proven to be about our mail) " + said
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Address, e.Type, e.Category, e.Class, e.Advice, e.Rule, shorten(said, 60))
	}
	w.Flush()
}

// uid returns the UID in an IMAP URL, for sorting.
func uid(source string) int {
	_, after, _ := strings.Cut(source, ";UID=")
	n := 0
	fmt.Sscanf(after, "%d", &n)
	return n
}

func shorten(s string, n int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > n {
		return s[:n-3] + "..."
	}
	return s
}

func next(out io.Writer) {
	fmt.Fprint(out, `
What to try next:
  make build                                                   bin/bouncepipe
  bin/bouncepipe explain cmd/demo/samples/03-postfix-blocklisted.eml   why, which rule, what to do
  bin/bouncepipe explain "452 4.2.2 mailbox full"              the same for a reply from a log
  bin/bouncepipe replay cmd/demo/samples                       the events as JSON lines
  bin/bouncepipe codes 5.7.26                                  what a code means
  make demo ARGS=-keep                                         leave the servers running, for bouncepipe run
  README.md                                                    IMAP and Kafka of your own
`)
}

// leaveRunning writes a configuration for the servers and waits to be told to stop.
func leaveRunning(out io.Writer, m *mailServer, b *broker, config string) error {
	host, port, _ := strings.Cut(m.address, ":")
	text := fmt.Sprintf(`sources:
  - imap:
      host: %s
      port: %s
      tls: none
      username: %s
      password_env: DEMO_PASSWORD
      interval: 5s
kafka:
  brokers: [%q]
  topic: %s
state_dir: %s
sender:
  mtas: [mx.example.com]
  domains: [example.com]
  verp: ["bounce+{address}@b.example.com"]
`, host, port, username, b.address, topic, strings.TrimSuffix(config, "bouncepipe.yaml")+"run-state")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	fmt.Fprintf(out, `
The servers stay until ^C. In another terminal:
  export DEMO_PASSWORD=%s
  bin/bouncepipe check -c %s
  bin/bouncepipe mailboxes -c %[2]s
  bin/bouncepipe run -c %[2]s
`, password, config)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	return nil
}
