package ingest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// repeat is n bytes of a pattern over and over.
func repeat(pattern string, n int64) io.Reader {
	return io.LimitReader(&repeater{b: bytes.Repeat([]byte(pattern), 1+(64<<10)/len(pattern))}, n)
}

type repeater struct {
	b  []byte
	at int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.b[r.at:])
	r.at = (r.at + n) % len(r.b)
	return n, nil
}

// bounded fails the test if f takes more memory than the blocks of a few batches.
func bounded(t *testing.T, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	runtime.ReadMemStats(&after)
	grown := int64(after.Sys) - int64(before.Sys)
	if grown > 48<<20 {
		t.Errorf("%d MiB more taken from the system", grown>>20)
	}
	t.Logf("%v, %d KiB more", time.Since(start).Round(time.Millisecond), grown>>10)
}

const gb = 1 << 30 / slower / 16 * 16

const million = 1_000_000 / slower

func TestHostileMbox(t *testing.T) {
	next := "\n\n" + postmark + mail2 + "\n"
	for _, tt := range []struct {
		name     string
		in       func() io.Reader
		messages int
		size     int64 // of the first
	}{
		{"a message of 1 GB", func() io.Reader {
			return io.MultiReader(strings.NewReader(postmark+mail1), repeat("a line of text\n", gb), strings.NewReader(next))
		}, 2, int64(len(mail1)) + gb + 1},
		{"a line of 1 GB", func() io.Reader {
			return io.MultiReader(strings.NewReader(postmark+mail1), repeat("x", gb), strings.NewReader(next))
		}, 2, int64(len(mail1)) + gb + 1},
		{"a header line of 1 GB", func() io.Reader {
			return io.MultiReader(strings.NewReader(postmark+"Subject: "), repeat("x", gb), strings.NewReader(next))
		}, 2, int64(len("Subject: ")) + gb + 1},
		{"a separator of 1 GB", func() io.Reader {
			return io.MultiReader(strings.NewReader("From "), repeat("x", gb), strings.NewReader(next))
		}, 2, int64(len("From ")) + gb + 1},
		{"10 million empty From lines", func() io.Reader { return repeat("From \n", 10*million*6) }, 1, 10*million*6 - 6},
		{"10 million empty From lines, blank lines between", func() io.Reader { return repeat("From \n\n", 10*million*7) }, 1, 10*million*7 - 6 - 1},
		{"2 million empty messages", func() io.Reader { return repeat(postmark+"\n", 2*million*int64(len(postmark)+1)) }, 2 * million, 0},
		{"quotes", func() io.Reader {
			return io.MultiReader(strings.NewReader(postmark), repeat("\n>", gb/16), repeat(">", gb/16), repeat(">From ", gb/16))
		}, 1, 3 * gb / 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bounded(t, func() {
				s, err := OpenPaths(PathOptions{Stdin: tt.in()}, "-")
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				n := 0
				for {
					b, err := s.Fetch(t.Context())
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					for _, m := range b.Messages {
						if len(m.Raw) > DefaultMaxBytes || m.Err != nil || m.Size < int64(len(m.Raw)) {
							t.Errorf("%s: %d of %d bytes, %v", m.Source, len(m.Raw), m.Size, m.Err)
						}
						if n == 0 && m.Size != tt.size {
							t.Errorf("%d bytes, want %d", m.Size, tt.size)
						}
						n++
					}
					if err := s.Commit(t.Context(), b, make([]Outcome, len(b.Messages))); err != nil {
						t.Fatal(err)
					}
				}
				if n != tt.messages {
					t.Errorf("%d messages, want %d", n, tt.messages)
				}
			})
		})
	}
}

// A few KB that unpack to a gigabyte cost time, no memory.
func TestHostileBombs(t *testing.T) {
	dir := t.TempDir()
	make1 := func(name string, open func(io.Writer) io.WriteCloser, fill func(io.Writer)) {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		w := open(f)
		fill(w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	openGzip := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	openZstd := func(w io.Writer) io.WriteCloser {
		e, _ := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		return e
	}
	mail := func(w io.Writer) { io.WriteString(w, mail1); io.Copy(w, repeat("\x00", gb/4)) }
	mbox := func(w io.Writer) { io.WriteString(w, postmark); mail(w) }
	make1("1.gz", openGzip, mail)
	make1("2.zst", openZstd, mail)
	make1("3.gz", openGzip, mbox)
	make1("4.tgz", openGzip, func(w io.Writer) {
		a := tar.NewWriter(w)
		a.WriteHeader(&tar.Header{Name: "zeros", Size: gb / 4, Mode: 0o600})
		io.Copy(a, repeat("\x00", gb/4))
		a.WriteHeader(&tar.Header{Name: "mail", Size: int64(len(mail2)), Mode: 0o600})
		io.WriteString(a, mail2)
		a.Close()
	})
	bounded(t, func() {
		all := replay(t, PathOptions{}, dir)
		want := []int64{int64(len(mail1)) + gb/4, int64(len(mail1)) + gb/4, int64(len(mail1)) + gb/4, gb / 4, int64(len(mail2))}
		if len(all) != len(want) {
			t.Fatalf("%d messages", len(all))
		}
		for i, g := range all {
			if g.size != want[i] || g.err != "" || len(g.raw) > DefaultMaxBytes {
				t.Errorf("%s: %d of %d bytes, want %d, %s", g.source, len(g.raw), g.size, want[i], g.err)
			}
		}
	})
}

// 100,000 members of nothing, and a name of half a megabyte.
func TestHostileArchive(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range 100 * 1000 / slower {
		w.WriteHeader(&tar.Header{Name: fmt.Sprint(i), Mode: 0o600})
	}
	w.WriteHeader(&tar.Header{Name: strings.Repeat("n", 500<<10), Mode: 0o600})
	w.Close()
	dir := write(t, map[string]string{"a.tar": b.String()})
	if n := len(replay(t, PathOptions{}, dir)); n != 100*1000/slower+1 {
		t.Errorf("%d messages", n)
	}
}
