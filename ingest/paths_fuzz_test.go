package ingest

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzOpenPaths: a file of any bytes is read to its end, says the same twice, and is either
// messages or why not.
func FuzzOpenPaths(f *testing.F) {
	for _, seed := range []string{
		"", mail1, mbox12, gz(mbox12), zst(mbox12), xzip(mail1), tarOf("1", mail1, "2", gz(mbox12)), zipOf("1", mbox12, "2", mail2),
		gz(tarOf("1", mail1)), lineBounced + "\n" + lineJSON,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, replies bool) {
		opts := PathOptions{MaxBytes: MinMaxBytes, blockSize: 1}
		if replies {
			opts.Format = FormatReplies
		}
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		read := func(opts PathOptions, path string) (all []got) {
			s, err := OpenPaths(opts, path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for len(all) < 100_000 {
				b, err := s.Fetch(t.Context())
				if err == io.EOF {
					return all
				}
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range b.Messages {
					if m.Source == "" || int64(len(m.Raw)) > m.Size || len(m.Raw) > MinMaxBytes {
						t.Fatalf("%s: %d of %d bytes", m.Source, len(m.Raw), m.Size)
					}
				}
				all = append(all, keep(b)...)
				if err := s.Commit(t.Context(), b, nil); err != nil {
					t.Fatal(err)
				}
			}
			return all
		}
		fromFile := read(opts, path)
		opts.Stdin = bytes.NewReader(data)
		fromPipe := read(opts, "-")
		if len(fromFile) == 0 && !replies && sniff(data) <= kindMbox && len(bytes.Trim(data, "\r\n")) > 0 {
			t.Fatal("nothing came out")
		}
		if sniff(data) != kindZip && len(fromFile) != len(fromPipe) && !bytes.Contains(data, []byte("PK")) {
			t.Fatalf("%d messages from a file, %d from a pipe", len(fromFile), len(fromPipe))
		}
	})
}
