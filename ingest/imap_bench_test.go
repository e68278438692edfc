package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// benchServer has n equal messages and answers as fast as it can be asked.
func benchServer(b testing.TB, n int, mail string) *fakeIMAP {
	f := newFakeIMAP(b, 0)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		set, _, _ := strings.Cut(strings.TrimPrefix(args, "UID "), " ")
		from, to, ranged := strings.Cut(set, ":")
		first, _ := strconv.Atoi(from)
		last, _ := strconv.Atoi(to)
		switch {
		case !ranged:
			last = first
		case to == "*":
			last = n
		}
		var out strings.Builder
		switch verb {
		case "EXAMINE":
			fmt.Fprintf(&out, "* %d EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT %d] ok\r\n", n, n+1)
		case "UID SEARCH":
			out.WriteString("* SEARCH")
			for i := first; i <= last; i++ {
				out.WriteString(" " + strconv.Itoa(i))
			}
			out.WriteString("\r\n")
		case "UID FETCH":
			if strings.Contains(args, "INTERNALDATE") {
				break
			}
			for i := first; i <= last; i++ {
				fmt.Fprintf(&out, "* %d FETCH (UID %d RFC822.SIZE %d BODY[]<0> {%d}\r\n%s)\r\n", i, i, len(mail), len(mail), mail)
				if out.Len() > 64<<10 {
					io.WriteString(c, out.String())
					out.Reset()
				}
			}
		default:
			return false
		}
		io.WriteString(c, out.String())
		c.say("%s OK", tag)
		return true
	}
	return f
}

// BenchmarkIMAP drains a mailbox with the source, its journal and a commit for each batch on disk, in turn with a bare
// client that asks for all bodies in one command and throws them away: of-bare is the source's share of that client's mails/s.
// The server is a scripted one, or the one that BOUNCEPIPE_TEST_IMAP names, and the mail in its INBOX.
func BenchmarkIMAP(b *testing.B) {
	opts, ok := realIMAP(b)
	if !ok {
		opts = benchServer(b, 20_000, fakeMail+strings.Repeat("The mail server said a lot about it.\r\n", 80)).options()
	}
	n := drainBare(b, opts) // not timed: the server's caches are as warm for the first as for the second
	b.ReportAllocs()
	b.ResetTimer()
	var bare time.Duration
	for b.Loop() {
		b.StopTimer()
		start := time.Now()
		drainBare(b, opts)
		bare += time.Since(start)
		b.StartTimer()
		drainSource(b, opts, n)
	}
	mails := float64(n) * float64(b.N)
	b.ReportMetric(mails/bare.Seconds(), "bare-mails/s")
	b.ReportMetric(mails/b.Elapsed().Seconds(), "mails/s")
	b.ReportMetric(bare.Seconds()/b.Elapsed().Seconds(), "of-bare")
}

// drainBare reads as much of each message as the source does.
func drainBare(b *testing.B, opts IMAPOptions) int {
	c := dialClient(b, opts)
	defer c.Close()
	if _, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait(); err != nil {
		b.Fatal(err)
	}
	n := 0
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: DefaultMaxBytes}}
	cmd := c.Fetch(imap.UIDSet{{Start: 1}}, &imap.FetchOptions{UID: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{section}})
	for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
		for item := msg.Next(); item != nil; item = msg.Next() {
			if body, ok := item.(imapclient.FetchItemDataBodySection); ok {
				io.Copy(io.Discard, body.Literal)
				n++
			}
		}
	}
	if err := cmd.Close(); err != nil || n == 0 {
		b.Fatalf("%d messages: %v", n, err)
	}
	return n
}

// drainSource commits beside fetching, as the pipeline does.
func drainSource(b *testing.B, opts IMAPOptions, n int) {
	s, err := NewIMAP(opts, &FilePositions{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	batches, committed := make(chan *Batch, 2), make(chan error, 1)
	go func() {
		var failed error
		for batch := range batches {
			failed = errors.Join(failed, s.Commit(context.Background(), batch, make([]Outcome, len(batch.Messages))))
		}
		committed <- failed
	}()
	for seen := 0; seen < n; {
		batch, err := s.Fetch(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		seen += len(batch.Messages)
		batches <- batch
	}
	close(batches)
	if err := <-committed; err != nil {
		b.Fatal(err)
	}
}
