package sink_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/bouncepipe/bouncepipe/sink"
)

// The same message by IMAP and from an mbox file has the same IDs.
func ExampleIdentity() {
	imap := "Subject: Undelivered Mail\r\n\r\n<jo@example.org>: no such user\r\nFrom now on, check addresses.\r\n"
	mbox := "From MAILER-DAEMON Mon Mar  9 14:05:06 2026\nSubject: Undelivered Mail\nStatus: RO\n\n<jo@example.org>: no such user\n>From now on, check addresses.\n\n"
	for _, raw := range []string{imap, mbox} {
		id := sink.NewIdentity([]byte(raw))
		fmt.Println(id.ID(sink.TypeBounce, "jo@example.org"))
	}
	// Output:
	// 70ca04c46bcb20d1b827e8bb588f421e
	// 70ca04c46bcb20d1b827e8bb588f421e
}

func ExampleNDJSON() {
	e := &sink.Event{
		ID:        "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
		Type:      sink.TypeBounce,
		Time:      time.Date(2026, 3, 9, 14, 5, 6, 0, time.UTC),
		Source:    "file:///tmp/bounce.eml",
		Recipient: "jo@example.org",
		Category:  "user_unknown",
	}
	value, err := sink.JSON{}.Append(nil, e)
	if err != nil {
		panic(err)
	}
	out := sink.NewNDJSON(os.Stdout, "standard output")
	if err := out.Write(context.Background(), []sink.Record{{Stream: sink.StreamEvents, Value: value}}); err != nil {
		panic(err)
	}
	// Output:
	// {"id":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","type":"bounce","time":"2026-03-09T14:05:06Z","source":"file:///tmp/bounce.eml","recipient":"jo@example.org","category":"user_unknown"}
}

func ExamplePrivacy() {
	p, err := sink.NewPrivacy("hash", []byte("a key that nobody can guess"), []string{"message_id"})
	if err != nil {
		panic(err)
	}
	e := &sink.Event{
		Address:        "jo@example.org",
		DiagnosticCode: "550 5.1.1 <jo@example.org>: mailbox jo does not exist",
		Original:       &sink.Original{MessageID: "<1@news.example>", Subject: "Hello Jo"},
	}
	p.Apply(e)
	fmt.Println(len(e.Address), e.Address == p.Hash("Jo@Example.org"))
	fmt.Println(e.DiagnosticCode)
	fmt.Println(e.Original.MessageID, e.Original.Subject == "")
	// Output:
	// 64 true
	// 550 5.1.1 <[recipient]>: mailbox [recipient] does not exist
	// <1@news.example> true
}
