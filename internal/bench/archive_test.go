package bench

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bouncepipe/bouncepipe/dsn"
)

const usualCorpus = "../../../shared/corpus"

var (
	corpus  = flag.String("corpus", usualCorpus, "folder of folders of mails to copy; where the usual one is not there, the test data of dsn")
	dialect = flag.String("dialect", "", "copy only the mails that this dialect reads")
)

// mail is one sample, ready to be copied.
type mail struct {
	raw        []byte
	recipients []string
}

var samples = sync.OnceValues(func() ([]mail, error) {
	files, _ := filepath.Glob(filepath.Join(*corpus, "*/*.eml"))
	if len(files) == 0 && *corpus == usualCorpus {
		files, _ = filepath.Glob("../../dsn/testdata/*/*.eml")
	}
	var out []mail
	p := new(dsn.Parser)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
		if bytes.HasPrefix(raw, []byte("From ")) || bytes.Contains(raw, []byte("\nFrom ")) || len(raw) > 8<<10 || bytes.IndexByte(raw, '\r') >= 0 {
			continue // one mail a copy, of the usual size
		}
		r, err := p.Parse(raw)
		if err != nil || r.Kind != dsn.DeliveryStatus || len(r.Recipients) == 0 || *dialect != "" && r.Dialect != *dialect {
			continue
		}
		m := mail{raw: raw}
		for _, c := range r.Recipients {
			if a := c.FinalRecipient.Value; strings.IndexByte(a, '@') > 0 {
				m.recipients = append(m.recipients, a)
			}
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no samples in %s", *corpus)
	}
	return out, nil
})

// copyOf returns copy n of a sample, about size bytes long.
func (m mail) copyOf(n, size int) []byte {
	raw := m.raw
	for _, a := range m.recipients {
		local, domain, _ := strings.Cut(a, "@")
		raw = bytes.ReplaceAll(raw, []byte(a), fmt.Appendf(nil, "%s.%d@%s", local, n, domain))
	}
	out := make([]byte, 0, size+1024)
	out = fmt.Appendf(out, "Message-ID: <%d.%x@mx.example.net>\nReceived: by mx.example.net (bench) id Q%08X; Tue, 24 Nov 2026 10:00:05 +0000\n", n, n*7919, n)
	tail := raw
	// What makes a bounce large is the returned message: pad in front of the last boundary.
	at := len(raw)
	if trimmed := bytes.TrimRight(raw, "\n"); bytes.HasSuffix(trimmed, []byte("--")) {
		if i := bytes.LastIndexByte(trimmed, '\n'); i > 0 && bytes.HasPrefix(trimmed[i+1:], []byte("--")) {
			at = i + 1
		}
	}
	out = append(out, tail[:at]...)
	for i := 0; len(out)+len(tail)-at < size; i++ {
		out = fmt.Appendf(out, "line %d of the message %d that came back, with some words to fill it\n", i, n)
	}
	return append(out, tail[at:]...)
}

// archived is an mbox that was made.
type archived struct {
	path    string
	size    int // of a mail, about
	mails   int
	bytes   int64
	samples []mail
	parsed  []*dsn.Report
}

// archive writes an mbox of about total bytes, its mails about size bytes each.
func archive(b *testing.B, size, total int) *archived {
	b.Helper()
	all, err := samples()
	if err != nil {
		b.Fatal(err)
	}
	a := &archived{path: filepath.Join(b.TempDir(), "bench.mbox"), size: size, samples: all}
	f, err := os.Create(a.path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	for a.bytes < int64(total) {
		raw := all[a.mails%len(all)].copyOf(a.mails, size)
		n, _ := fmt.Fprintf(w, "From MAILER-DAEMON Tue Nov 24 10:00:05 2026\n%s\n\n", bytes.TrimRight(raw, "\n"))
		a.bytes += int64(n)
		a.mails++
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	return a
}

// TestArchive checks what the benchmarks stand on: every copy is a report with its own
// recipient and Message-ID.
func TestArchive(t *testing.T) {
	all, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	p := new(dsn.Parser)
	for i, m := range all {
		r, err := p.Parse(m.copyOf(i, 4400))
		if err != nil || len(r.Recipients) == 0 {
			t.Fatalf("sample %d: %v", i, err)
		}
		if id := r.Header.Get("Message-ID"); !strings.HasPrefix(id, fmt.Sprintf("<%d.", i)) {
			t.Errorf("sample %d: Message-ID %s", i, id)
		}
	}
}
