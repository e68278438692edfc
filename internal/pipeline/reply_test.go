package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

// Logged replies become events of the same kind as mail about them.
func TestReplies(t *testing.T) {
	log := `Jan  2 20:58:00 out postfix/cleanup[7]: 4F1A22C0D1: message-id=<1@example.com>
Jan  2 20:58:00 out postfix/qmgr[7]: 4F1A22C0D1: from=<news@example.com>, size=2000, nrcpt=1 (queue active)
Jan  2 20:58:01 out postfix/smtp[8]: 4F1A22C0D1: to=<user@example.net>, orig_to=<list@example.com>, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 <user@example.net>: user unknown (in reply to RCPT TO command))
{"recipient":"later@Example.org","reply":"452 4.2.2 mailbox full","remote_mta":"mx.example.org","time":"2025-01-02T21:00:00+01:00"}
{"recipient":"cut off
{"recipient":"fine@example.org","reply":"250 2.0.0 Ok: queued","message_id":"<2@example.com>"}
`
	path := filepath.Join(t.TempDir(), "mail.log")
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	modified := time.Date(2025, 1, 3, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
	run := func() ([]sink.Event, Stats) {
		src, err := ingest.OpenPaths(ingest.PathOptions{Format: ingest.FormatReplies}, path)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		rules, err := classify.New(classify.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		p := &Pipeline{
			Source: src, Classify: rules.Classify,
			Parse:  func([]byte) (*dsn.Report, error) { return nil, errors.New("no reply") },
			Sender: &Sender{MTAs: []string{"*.example.com"}, MessageIDs: []Form{"*@other.example.com"}},
			Sinks:  []*Sink{{Name: "out", Writer: sink.NewNDJSON(&out, "out")}},
			Now:    func() time.Time { return modified },
		}
		if err := p.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		var events []sink.Event
		for line := range bytes.Lines(out.Bytes()) {
			var e sink.Event
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		return events, p.Stats()
	}
	events, st := run()
	if st.In != 4 || st.Reports != 3 || st.Unreadable != 1 {
		t.Errorf("%+v", st.Ledger)
	}
	if len(events) != 3 {
		t.Fatalf("%d events: %+v", len(events), events)
	}
	again, _ := run()
	if diff := cmp.Diff(events, again); diff != "" {
		t.Errorf("the second time differs:\n%s", diff)
	}

	e := events[0]
	no := false
	want := sink.Event{
		ID: e.ID, Type: "bounce", Time: e.LastAttemptDate, Source: e.Source,
		Address: "list@example.com", Recipient: "user@example.net", RecipientDomain: "example.net",
		Action: "failed", Status: "5.1.1", ReplyCode: 550, ReplyStatus: "5.1.1", SMTPCommand: "RCPT",
		DiagnosticCode: "host mx.example.net[192.0.2.1] said: 550 5.1.1 <user@example.net>: user unknown (in reply to RCPT TO command)", DiagnosticType: "smtp",
		ReportingMTA: "out", RemoteMTA: "mx.example.net", LastAttemptDate: e.LastAttemptDate, FinalLogID: "4F1A22C0D1",
		Category: "user_unknown", Class: "hard", Permanence: "permanent", Fault: "recipient", Advice: e.Advice, Rule: e.Rule, Fingerprint: e.Fingerprint,
		OutOfBand: &no, Verified: "yes",
		Original: &sink.Original{MessageID: "<1@example.com>", ReturnPath: "news@example.com"},
		Report:   &sink.Report{Dialect: "reply-log"},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Error(diff)
	}
	if e.LastAttemptDate.Year() != 2025 {
		t.Errorf("time %v", e.LastAttemptDate)
	}
	if e := events[1]; e.Type != "delay" || e.Action != "delayed" || e.Category != "mailbox_full" || e.RecipientDomain != "example.org" ||
		!e.Time.Equal(time.Date(2025, 1, 2, 20, 0, 0, 0, time.UTC)) || e.Problems != nil {
		t.Errorf("%+v", e)
	}
	if e := events[2]; e.Type != "delivery" || e.Action != "relayed" || e.Original.MessageID != "<2@example.com>" {
		t.Errorf("%+v", e)
	}
}
