package ingest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReplyLog(t *testing.T) {
	day := func(year int, month time.Month, d int) time.Time {
		return time.Date(year, month, d, 20, 58, 1, 0, time.UTC)
	}
	tests := []struct {
		name string
		line string
		want ReplyLine
		err  error
	}{
		{name: "empty", line: "", err: ErrNoReply},
		{name: "NDJSON", line: `{"recipient":"u@example.net","reply":"550 5.1.1 no such user","remote_mta":"mx.example.net","time":"2026-01-02T20:58:01Z","message_id":"<1@example.com>","more":{}}`,
			want: ReplyLine{Recipient: "u@example.net", Reply: "550 5.1.1 no such user", RemoteMTA: "mx.example.net", Time: day(2026, 1, 2), MessageID: "<1@example.com>"}},
		{name: "NDJSON, all", line: `{"recipient":"u@example.net","original_recipient":"o@example.com","action":"failed","status":"5.1.1","reply":"550 no","reporting_mta":"out.example.com","time":1767387481,"sender":"s@example.com","queue_id":"A1"}`,
			want: ReplyLine{Recipient: "u@example.net", OriginalRecipient: "o@example.com", Action: "failed", Status: "5.1.1", Reply: "550 no", ReportingMTA: "out.example.com", Time: day(2026, 1, 2), Sender: "s@example.com", QueueID: "A1"}},
		{name: "NDJSON without reply", line: `{"recipient":"u@example.net"}`, err: ErrReplyLine},
		{name: "NDJSON, bad time", line: `{"recipient":"u@example.net","reply":"550 no","time":"yesterday"}`, err: ErrReplyLine},
		{name: "NDJSON, bad action", line: `{"recipient":"u@example.net","reply":"550 no","action":"lost"}`, err: ErrReplyLine},
		{name: "NDJSON, cut", line: `{"recipient":"u@example.net","repl`, err: ErrReplyLine},
		{name: "journal", line: `{"__REALTIME_TIMESTAMP":"1767387481000000","_HOSTNAME":"out","SYSLOG_IDENTIFIER":"postfix/smtp","MESSAGE":"4F1A22C0D1: to=<u@example.net>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to mx.example.net[192.0.2.1]:25: Connection timed out)"}`,
			want: ReplyLine{Recipient: "u@example.net", Action: "delayed", Status: "4.4.1", Reply: "connect to mx.example.net[192.0.2.1]:25: Connection timed out", RemoteMTA: "mx.example.net", ReportingMTA: "out", Time: day(2026, 1, 2), QueueID: "4F1A22C0D1"}},
		{name: "bounced", line: `Jan  2 20:58:01 out postfix/smtp[123]: 4F1A22C0D1: to=<"a, b"@example.net>, orig_to=<alias>, relay=mx.example.net[192.0.2.1]:25, conn_use=2, delay=0.5, delays=0.1/0/0.3/0.1, dsn=5.1.1, status=bounced (host mx2.example.net[192.0.2.1] said: 550 5.1.1 <u@example.net>: (none) (in reply to RCPT TO command))`,
			want: ReplyLine{Recipient: `"a, b"@example.net`, OriginalRecipient: "alias", Action: "failed", Status: "5.1.1", Reply: "host mx2.example.net[192.0.2.1] said: 550 5.1.1 <u@example.net>: (none) (in reply to RCPT TO command)", RemoteMTA: "mx2.example.net", ReportingMTA: "out", Time: day(2026, 1, 2), QueueID: "4F1A22C0D1"}},
		{name: "sent, RFC 3339, priority", line: `<22>2025-12-31T21:58:01.000+01:00 out postfix-a/smtp[1]: 4bXyZ12abcz4x: to=<u@example.net>, relay=unknown[2001:db8::1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as ABC)`,
			want: ReplyLine{Recipient: "u@example.net", Action: "relayed", Status: "2.0.0", Reply: "250 2.0.0 Ok: queued as ABC", RemoteMTA: "2001:db8::1", ReportingMTA: "out", Time: day(2025, 12, 31), QueueID: "4bXyZ12abcz4x"}},
		{name: "local, last year", line: `Nov  3 20:58:01 out postfix/local[1]: 4F1A22C0D1: to=<u@example.net>, relay=local, delay=1, dsn=5.1.1, status=bounced (unknown user: "u")`,
			want: ReplyLine{Recipient: "u@example.net", Action: "failed", Status: "5.1.1", Reply: `unknown user: "u"`, ReportingMTA: "out", Time: day(2025, 11, 3), QueueID: "4F1A22C0D1"}},
		{name: "suspended", line: `Feb 29 20:58:01 out postfix/error[1]: 4F1A22C0D1: to=<u@example.net>, relay=none, delay=1, dsn=4.7.0, status=deferred (delivery temporarily suspended: host mx.example.net[192.0.2.1] refused to talk to me: 421 4.7.0 busy)`,
			want: ReplyLine{Recipient: "u@example.net", Action: "delayed", Status: "4.7.0", Reply: "delivery temporarily suspended: host mx.example.net[192.0.2.1] refused to talk to me: 421 4.7.0 busy", RemoteMTA: "mx.example.net", ReportingMTA: "out", Time: day(2024, 2, 29), QueueID: "4F1A22C0D1"}},
		{name: "probe", line: `Jan  2 20:58:01 out postfix/smtp[1]: 4F1A22C0D1: to=<u@example.net>, relay=none, delay=1, dsn=5.1.1, status=undeliverable (host)`, err: ErrNoReply},
		{name: "connect", line: `Jan  2 20:58:01 out postfix/smtpd[1]: connect from unknown[192.0.2.9]`, err: ErrNoReply},
		{name: "reject", line: `Jan  2 20:58:01 out postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 554 5.7.1 <x>: Relay access denied; from=<a> to=<b> proto=ESMTP`, err: ErrNoReply},
		{name: "cut", line: `Jan  2 20:58:01 out postfix/smtp[1]: 4F1A22C0D1: to=<u@example.net>, relay=mx.exam`, err: ErrReplyLine},
		{name: "garbage", line: "\x00\xff: to=<", err: ErrNoReply},
		{name: "a mail's header", line: "Subject: to=<x>, status=bounced (y)", err: ErrNoReply},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := ReplyLog{Until: day(2026, 1, 2), Zone: time.UTC}
			got, err := l.Parse([]byte(tt.line))
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the log tells of a message in other lines is told with its replies.
func TestReplyLogRemembers(t *testing.T) {
	var l ReplyLog
	parse := func(text string) (ReplyLine, error) {
		return l.Parse([]byte("Jan  2 20:58:01 out postfix/x[1]: " + text))
	}
	const to = ": to=<u@example.net>, relay=none, dsn=4.4.1, status=deferred (x)"
	for i := range maxQueued + 10 {
		id := fmt.Sprintf("%08X", i)
		for _, text := range []string{": message-id=<" + id + "@example.com>", ": from=<s@example.com>, size=1, nrcpt=1 (queue active)"} {
			if _, err := parse(id + text); !errors.Is(err, ErrNoReply) {
				t.Fatal(err)
			}
		}
	}
	for i, want := range map[int]bool{0: false, 9: false, 10: true, maxQueued + 9: true} {
		id := fmt.Sprintf("%08X", i)
		r, err := parse(id + to)
		if err != nil || (r.MessageID == "<"+id+"@example.com>") != want || (r.Sender == "s@example.com") != want {
			t.Errorf("%s: %+v, %v", id, r, err)
		}
	}
	id := fmt.Sprintf("%08X", 10)
	parse(id + ": removed")
	if r, err := parse(id + to); err != nil || r.MessageID != "" {
		t.Errorf("after removal: %+v, %v", r, err)
	}
	if len(l.queued) > maxQueued || len(l.order) > maxQueued {
		t.Errorf("%d messages remembered", len(l.queued))
	}
}

func FuzzReplyLog(f *testing.F) {
	f.Add([]byte(`Jan  2 20:58:01 out postfix/smtp[1]: 4F1A22C0D1: to=<u@example.net>, relay=a[b]:25, dsn=5.1.1, status=bounced (host a[b] said: 550 no)`))
	f.Add([]byte(`{"recipient":"u@example.net","reply":"550 5.1.1 no","time":1}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var l ReplyLog
		if r, err := l.Parse(line); err == nil && r.Recipient == "" && r.Reply == "" && r.Action == "" {
			t.Errorf("nothing read: %+v", r)
		}
	})
}
