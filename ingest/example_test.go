package ingest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/bouncepipe/bouncepipe/ingest"
)

// A replay that can be killed at any time and goes on where it was.
func ExampleOpenPaths() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	mbox := filepath.Join(dir, "inbox")
	os.WriteFile(mbox, []byte("From a@example.com Thu Jan  1 00:00:00 1970\nSubject: one\n\nfirst\n\nFrom b@example.com Thu Jan  1 00:00:00 1970\nSubject: two\n\nsecond\n\n"), 0o600)

	ctx := context.Background()
	for range 2 {
		state, err := ingest.OpenPositionLog(filepath.Join(dir, "state"))
		if err != nil {
			log.Fatal(err)
		}
		src, err := ingest.OpenPaths(ingest.PathOptions{State: state}, mbox)
		if err != nil {
			log.Fatal(err)
		}
		for {
			b, err := src.Fetch(ctx)
			if err == io.EOF {
				break
			}
			if err != nil {
				log.Fatal(err)
			}
			outcomes := make([]ingest.Outcome, len(b.Messages))
			for i, m := range b.Messages {
				fmt.Printf("%d bytes at %s\n", m.Size, filepath.Base(m.Source))
				outcomes[i] = ingest.Other
			}
			if err := src.Commit(ctx, b, outcomes); err != nil {
				log.Fatal(err)
			}
		}
		fmt.Println("messages:", src.Stats().Messages)
		src.Close()
		state.Close()
	}
	// Output:
	// 20 bytes at inbox#0
	// 21 bytes at inbox#65
	// messages: 2
	// messages: 0
}

func ExampleReplyLog() {
	var replies ingest.ReplyLog
	for _, line := range []string{
		`Jan  2 20:58:00 out postfix/cleanup[7]: 4F1A22C0D1: message-id=<1@example.com>`,
		`Jan  2 20:58:01 out postfix/smtp[8]: 4F1A22C0D1: to=<user@example.net>, relay=mx.example.net[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))`,
	} {
		r, err := replies.Parse([]byte(line))
		if err != nil {
			continue // most lines report no delivery attempt
		}
		fmt.Println(r.Action, r.Recipient, r.MessageID)
		fmt.Println(r.Reply)
	}
	// Output:
	// failed user@example.net <1@example.com>
	// host mx.example.net[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command)
}
