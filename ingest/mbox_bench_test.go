package ingest

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// sampleMbox is an mbox of n reports of about 4.4 KB, no two alike.
func sampleMbox(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "From MAILER-DAEMON Thu Jan  1 %02d:%02d:%02d 1970\n", i/3600%24, i/60%60, i%60)
		b.WriteString(sampleReport(i))
		b.WriteString("\n")
	}
	return b.Bytes()
}

func sampleReport(i int) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, `Return-Path: <>
Received: by mail.example.com (Postfix)
	id %08X; Thu,  1 Jan 1970 00:00:00 +0000 (UTC)
Date: Thu,  1 Jan 1970 00:00:00 +0000 (UTC)
From: MAILER-DAEMON@mail.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: sender@example.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="%08X.1/mail.example.com"
Message-Id: <%08d@mail.example.com>

This is a MIME-encapsulated message.

--%08X.1/mail.example.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.example.com.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<user%d@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1
    <user%d@example.net>: Recipient address rejected: User unknown (in reply to
    RCPT TO command)

--%08X.1/mail.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.com
Arrival-Date: Thu,  1 Jan 1970 00:00:00 +0000 (UTC)

Final-Recipient: rfc822; user%d@example.net
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <user%d@example.net>: User unknown

--%08X.1/mail.example.com
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: Sender <sender@example.com>
Message-ID: <%d@example.com>
Subject: Hello

`, i, i, i, i, i, i, i, i, i, i, i)
	for b.Len() < 4300 {
		fmt.Fprintf(&b, "<p style=\"color:#333\">For you, Friend %d: more text in a line of usual length</p>\n", i)
	}
	fmt.Fprintf(&b, "\n--%08X.1/mail.example.com--\n", i)
	return b.String()
}

// BenchmarkSplitter puts the splitter beside a search for line ends in the same bytes.
func BenchmarkSplitter(b *testing.B) {
	data := sampleMbox(32 << 20 / 4400)
	b.Run("newlines", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			for rest := data; ; {
				n := bytes.IndexByte(rest, '\n')
				if n < 0 {
					break
				}
				rest = rest[n+1:]
			}
		}
	})
	b.Run("messages", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		pool := &blocks{size: defaultBlock}
		r := bytes.NewReader(nil)
		messages := 0
		for b.Loop() {
			r.Reset(data)
			a := &arena{pool: pool}
			a.renew(nil)
			s := newSplitter(a, r, r, 0, MboxAuto, DefaultMaxBytes)
			for {
				_, err := s.next(b.Context(), false)
				if err == io.EOF {
					break
				}
				if err != nil {
					b.Fatal(err)
				}
				messages++
			}
			pool.release(a.blk)
		}
		b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "msgs/s")
	})
}
