package ingest

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// benchServer has n equal messages and answers as fast as it can be asked.
func benchServer(b testing.TB, n int, mail string) *fakeIMAP {
	f := newFakeIMAP(b, 0)
	f.on = func(c *fakeConn, tag, verb, args string) bool {
		set, _, _ := strings.Cut(strings.TrimPrefix(args, "UID "), " ")
		from, to, _ := strings.Cut(set, ":")
		first, _ := strconv.Atoi(from)
		last, err := strconv.Atoi(to)
		if err != nil {
			last = first
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

// BenchmarkIMAP compares the source, with its journal and a commit for each batch on disk, with
// a bare client that only fetches the same bodies.
func BenchmarkIMAP(b *testing.B) {
	const n = 20_000
	mail := fakeMail + strings.Repeat("The mail server said a lot about it.\r\n", 80)
	b.Run("bare", func(b *testing.B) {
		f := benchServer(b, n, mail)
		opts := f.options()
		for b.Loop() {
			c, err := imapclient.DialInsecure(opts.Address, nil)
			if err != nil {
				b.Fatal(err)
			}
			c.Login("u", "p").Wait()
			c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
			for uid := imap.UID(1); uid <= n; uid += 200 {
				set := imap.UIDSet{{Start: uid, Stop: uid + 199}}
				cmd := c.Fetch(set, &imap.FetchOptions{UID: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: &imap.SectionPartial{Size: DefaultMaxBytes}}}})
				if msgs, err := cmd.Collect(); err != nil || len(msgs) != 200 {
					b.Fatal(len(msgs), err)
				}
			}
			c.Close()
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "mails/s")
	})
	b.Run("source", func(b *testing.B) {
		f := benchServer(b, n, mail)
		b.ReportAllocs()
		for b.Loop() {
			s, err := NewIMAP(f.options(), &FilePositions{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			for seen := 0; seen < n; {
				batch, err := s.Fetch(context.Background())
				if err != nil {
					b.Fatal(err)
				}
				seen += len(batch.Messages)
				if err := s.Commit(context.Background(), batch, make([]Outcome, len(batch.Messages))); err != nil {
					b.Fatal(err)
				}
			}
			s.Close()
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "mails/s")
	})
}
