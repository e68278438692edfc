package ingest

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// FuzzIMAPFetch answers a FETCH with any bytes: it ends, and each body that comes out stands whole in
// the answer.
func FuzzIMAPFetch(f *testing.F) {
	for _, seed := range []string{
		"* 1 FETCH (UID 1 RFC822.SIZE 5 BODY[]<0> {5}\r\nhello)\r\nT1 OK done\r\n",
		"* 1 FETCH (BODY[]<0> {5}\r\nhello UID 1)\r\n* 2 FETCH (FLAGS (\\Seen) UID 2)\r\n* 2 FETCH (UID 2 BODY[]<0> \"quoted\")\r\nT1 OK\r\n",
		"* 1 FETCH (UID 1 BODY[]<0> NIL)\r\nT1 OK\r\nT2 OK\r\n* SEARCH 1\r\nT3 OK\r\n",
		"* 1 FETCH (UID 1 BODY[]<0> {99}\r\nshort",
		"T1 NO [SERVERBUG] no\r\n",
		"* BYE\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		client, server := net.Pipe()
		w := newWatchedConn(client, 1<<20, time.Minute)
		s := &imapSession{timeout: 10 * time.Second, conn: w}
		s.client = imapclient.New(w, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{Fetch: s.stray}})
		done := make(chan struct{})
		go func() {
			defer close(done)
			go io.Copy(io.Discard, server)
			io.WriteString(server, "* OK [CAPABILITY IMAP4rev1] hi\r\n")
			server.Write(answer)
			server.Close()
		}()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		start := time.Now()
		bodies, err := s.fetch(ctx, []imap.UID{1, 2}, 1000, 10_000)
		if took := time.Since(start); took > 9*time.Second {
			t.Errorf("took %v: %v", took, err)
		}
		if err == nil {
			for uid, b := range bodies {
				// Quoted strings lose their backslashes.
				plain := bytes.ReplaceAll(answer, []byte(`\`), nil)
				if b.got && !bytes.Contains(plain, bytes.ReplaceAll(b.raw, []byte(`\`), nil)) && b.literal <= 1000 {
					t.Errorf("UID %d: %q", uid, b.raw)
				}
			}
		} else if strings.Contains(oneLine(err.Error()), "\n") {
			t.Errorf("%q", err)
		}
		s.close()
		<-done
	})
}
