package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// Several accounts, each with a schedule of its own, several mailboxes each, by name and by pattern. What is going on in each of
// them is in metrics, in the account that the log gets, and beforehand in the table of mailboxes.
func TestMailboxes(t *testing.T) {
	w := newWorld(t, 5, "metrics: {listen: '127.0.0.1:0'}")
	user := w.addUser("shop", "INBOX", "Bounces/eu", "Bounces/us", "Junk", "Drafts")
	for _, m := range []struct {
		mailbox     string
		first, last int
	}{{"INBOX", 5, 7}, {"Bounces/eu", 7, 10}, {"Bounces/us", 10, 14}, {"Junk", 14, 15}, {"Drafts", 15, 99}} {
		w.arrive(user, m.mailbox, m.first, m.last)
	}
	w.consume()
	text, err := os.ReadFile(w.config)
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(w.imap, ":")
	shop := "\n  - name: shop\n    imap: {host: " + host + ", port: " + port + ", tls: none, username: shop, password_env: TEST_PASSWORD," +
		" cron: '@every 1s', mailboxes: [INBOX, 'Bounces/*', Junk]}\nkafka:"
	if err := os.WriteFile(w.config, bytes.Replace(text, []byte("\nkafka:"), []byte(shop), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	rows := func() (toRead []string) {
		var out, errs bytes.Buffer
		if status := Main([]string{"mailboxes", "-c", w.config}, nil, &out, &errs); status != 0 {
			t.Fatalf("status %d: %s", status, &errs)
		}
		for line := range strings.Lines(out.String()) {
			f := strings.Fields(line)
			_, name, _ := strings.Cut(f[0], w.imap)
			if f[0] != "MAILBOX" {
				toRead = append(toRead, name+" "+f[1]+" "+f[len(f)-1])
			}
		}
		return toRead
	}
	if got, want := strings.Join(rows(), ", "), "/INBOX 5 ok, /Bounces/eu 3 ok, /Bounces/us 4 ok, /INBOX 2 ok, /Junk 1 ok"; got != want {
		t.Errorf("before: %s, want %s", got, want)
	}

	c, err := loadConfig(w.config)
	if err != nil {
		t.Fatal(err)
	}
	var log lockedBuffer
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.run(ctx, &log) }()
	w.until("all is published", func() bool { _, ids := w.counts(); return ids == 15 })
	w.until("all is polled and done", func() bool {
		_, text := w.get(&log, "/metrics")
		return strings.Count(text, "\nbouncepipe_imap_backlog_messages{") == 5 && strings.Count(text, "\nbouncepipe_imap_last_poll_timestamp_seconds{") == 5 &&
			strings.Contains(text, `bouncepipe_messages_total{outcome="bounce",source="imap://shop@`+w.imap+`/Bounces/us"} 4`) &&
			strings.Contains(text, `bouncepipe_messages_total{outcome="bounce",source="bounces@127.0.0.1"} 5`)
	})
	w.until("the position is stored", func() bool {
		time.Sleep(100 * time.Millisecond)
		return strings.Join(rows(), ", ") == "/INBOX 0 ok, /Bounces/eu 0 ok, /Bounces/us 0 ok, /INBOX 0 ok, /Junk 0 ok"
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, says := range []string{"msg=mailbox source=bounces@127.0.0.1 mailbox=imap://bounces@" + w.imap + "/INBOX ", "mailbox=imap://shop@" + w.imap + "/Junk ",
		"to_read=0 exact=true", "errors=0"} {
		if log.count(says) == 0 {
			t.Errorf("the log does not say %q:\n%s", says, &log.b)
		}
	}
	if n := log.count("msg=mailbox "); n != 5 {
		t.Errorf("%d mailboxes in the log", n)
	}
	w.complete(15)
}
