package ingest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// got is a message kept beyond its batch.
type got struct {
	source, raw string
	size        int64
	err         string
	cut         bool
}

// replay reads all of the paths and commits it, checking what every source promises.
func replay(t testing.TB, opts PathOptions, paths ...string) []got {
	t.Helper()
	s, err := OpenPaths(opts, paths...)
	if err != nil {
		t.Fatal(err)
	}
	all := drain(t, s, -1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

// drain commits up to n batches; fewer than 0: all.
func drain(t testing.TB, s *PathSource, n int) []got {
	t.Helper()
	var all []got
	for ; n != 0; n-- {
		b, err := s.Fetch(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Messages) == 0 {
			t.Fatal("empty batch")
		}
		all = append(all, keep(b)...)
		for range 2 { // committing twice is committing
			if err := s.Commit(t.Context(), b, make([]Outcome, len(b.Messages))); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func keep(b *Batch) []got {
	var all []got
	for _, m := range b.Messages {
		g := got{source: m.Source, raw: string(m.Raw), size: m.Size, cut: m.Cut}
		if m.Err != nil {
			g.err = m.Err.Error()
		}
		all = append(all, g)
	}
	return all
}

func sources(all []got) []string {
	var s []string
	for _, g := range all {
		s = append(s, g.source)
	}
	return s
}

func raws(all []got) []string {
	var s []string
	for _, g := range all {
		s = append(s, g.raw)
	}
	return s
}

// write makes files below a new directory; a name that ends with "/" is a directory.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o755)
		} else if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	mail1 = "Subject: one\n\nfirst\n"
	mail2 = "Subject: two\n\nsecond\n"
	mail3 = "Subject: three\n\nthird\n"
)

var mbox12 = postmark + mail1 + "\n" + postmark + mail2 + "\n"

var at2 = fmt.Sprint(len(postmark + mail1 + "\n"))

func gz(s string) string {
	return packed(s, func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
}

func zst(s string) string {
	return packed(s, func(w io.Writer) io.WriteCloser { e, _ := zstd.NewWriter(w); return e })
}

func xzip(s string) string {
	return packed(s, func(w io.Writer) io.WriteCloser { e, _ := xz.NewWriter(w); return e })
}

func packed(s string, open func(io.Writer) io.WriteCloser) string {
	var b bytes.Buffer
	w := open(&b)
	if _, err := io.WriteString(w, s); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func tarOf(members ...string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		h := &tar.Header{Name: members[i], Mode: 0o644, Size: int64(len(members[i+1])), Typeflag: tar.TypeReg}
		if err := w.WriteHeader(h); err != nil {
			panic(err)
		}
		if _, err := io.WriteString(w, members[i+1]); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func zipOf(members ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		f, err := w.Create(members[i])
		if err != nil {
			panic(err)
		}
		if _, err := io.WriteString(f, members[i+1]); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func TestOpenPaths(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  []string // sources without the directory
		raws  []string
	}{
		{"mbox of any name", map[string]string{"a.txt": mbox12}, []string{"mbox:///a.txt#0", "mbox:///a.txt#" + at2}, []string{mail1, mail2}},
		{"mail of any name", map[string]string{"a.msg": mail1, "b": mail2}, []string{"file:///a.msg", "file:///b"}, []string{mail1, mail2}},
		{"empty file and garbage", map[string]string{"a": "", "b": "\x00\xff\x01"}, []string{"file:///a", "file:///b"}, []string{"", "\x00\xff\x01"}},
		{"lexical order", map[string]string{"b/z": mail1, "a": mail2, "b.1": mail3, "c/": ""}, []string{"file:///a", "file:///b/z", "file:///b.1"}, []string{mail2, mail1, mail3}},
		{"names are escaped", map[string]string{"a b#%!é\xff.eml": mail1}, []string{"file:///a%20b%23%25%21%C3%A9%FF.eml"}, []string{mail1}},
		{"Maildir", map[string]string{
			"new/3": mail3, "cur/1:2,S": mail1, "cur/2:2,": mail2, "tmp/9": "half", "dovecot-uidlist": "x", "subscriptions": "x", "odd": mail1,
			".Sub/cur/1:2,": mail2, ".Sub/new/": "", ".Sub/tmp/": "", ".Sub/maildirfolder": "",
		}, []string{"file:///new/3", "file:///.Sub/cur/1:2,", "file:///cur/1:2,S", "file:///cur/2:2,", "file:///odd"}, []string{mail3, mail2, mail1, mail2, mail1}},
		{"gzip", map[string]string{"a.gz": gz(mail1), "b.gz": gz(mbox12)}, []string{"file:///a.gz", "mbox:///b.gz#0", "mbox:///b.gz#" + at2}, []string{mail1, mail1, mail2}},
		{"gzip, appended to", map[string]string{"b.gz": gz(mbox12) + gz(postmark+mail3+"\n")}, nil, []string{mail1, mail2, mail3}},
		{"zstd", map[string]string{"a": zst(mail1), "b": zst(mbox12), "c": "\x50\x2a\x4d\x18\x01\x00\x00\x00x" + zst(mail3)}, nil, []string{mail1, mail1, mail2, mail3}},
		{"xz", map[string]string{"a": xzip(mail1), "b": xzip(mbox12) + xzip(mbox12)}, nil, []string{mail1, mail1, mail2, mail1, mail2}},
		{"tar", map[string]string{"a.tar": tarOf("x/1.eml", mail1, "x/box", mbox12, "empty", "")},
			[]string{"file:///a.tar!/x/1.eml", "mbox:///a.tar!/x/box#0", "mbox:///a.tar!/x/box#" + at2, "file:///a.tar!/empty"}, []string{mail1, mail1, mail2, ""}},
		{"tar, compressed", map[string]string{"a.tgz": gz(tarOf("1", mail1)), "b.tar.xz": xzip(tarOf("1", mail2)), "c.tar.zst": zst(tarOf("1", mail3))},
			[]string{"file:///a.tgz!/1", "file:///b.tar.xz!/1", "file:///c.tar.zst!/1"}, []string{mail1, mail2, mail3}},
		{"tar of compressed", map[string]string{"a.tar": tarOf("1.gz", gz(mbox12), "2", tarOf("3.zst", zst(mail3)))},
			[]string{"mbox:///a.tar!/1.gz#0", "mbox:///a.tar!/1.gz#" + at2, "file:///a.tar!/2!/3.zst"}, []string{mail1, mail2, mail3}},
		{"zip", map[string]string{"a.zip": zipOf("d/", "", "d/1.eml", mail1, "box", mbox12, "2.gz", gz(mail3))},
			[]string{"file:///a.zip!/d/1.eml", "mbox:///a.zip!/box#0", "mbox:///a.zip!/box#" + at2, "file:///a.zip!/2.gz"}, []string{mail1, mail1, mail2, mail3}},
		{"zip, empty", map[string]string{"a.zip": zipOf()}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := write(t, tt.files)
			all := replay(t, PathOptions{}, dir)
			if got := raws(all); !slices.Equal(got, tt.raws) {
				t.Errorf("got  %q\nwant %q", got, tt.raws)
			}
			got := sources(all)
			for i, s := range got {
				got[i] = strings.Replace(s, dir, "", 1)
			}
			if tt.want != nil && !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			for _, g := range all {
				if g.err != "" || g.cut || g.size != int64(len(g.raw)) {
					t.Errorf("%s: size %d of %d, cut %v, %s", g.source, g.size, len(g.raw), g.cut, g.err)
				}
			}
		})
	}
}

func TestOpenPathsRefuses(t *testing.T) {
	dir := write(t, map[string]string{"a": mail1})
	for want, open := range map[string]func() (*PathSource, error){
		"no file or folder": func() (*PathSource, error) { return OpenPaths(PathOptions{}) },
		"no such file":      func() (*PathSource, error) { return OpenPaths(PathOptions{}, dir, dir+"/none") },
		"too small":         func() (*PathSource, error) { return OpenPaths(PathOptions{MaxBytes: 1000}, dir) },
		"mboxrd":            func() (*PathSource, error) { return OpenPaths(PathOptions{Mbox: "mmdf"}, dir) },
	} {
		if _, err := open(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
}

// What cannot be read is a message with the reason; what can be read beside it is read.
func TestOpenPathsFailures(t *testing.T) {
	big := strings.Repeat(mbox12, 2000)
	half := gz(big)
	dir := write(t, map[string]string{
		"a": mail1, "cut.gz": half[:len(half)/2], "head.gz": gz(mail1)[:5], "lie.gz": "\x1f\x8b\x08" + mail1,
		"cut.tar": tarOf("1", mail1, "2", mail2)[:1540], "cut.zip": zipOf("1", mail1)[:40],
		"in.tar": tarOf("z.zip", zipOf("1", mail1), "2", mail2), "self.gz": gz(gz(gz(gz(gz(gz(mail1)))))),
		"window.zst": "\x28\xb5\x2f\xfd\x00\xa0" + mail1, "z": mail2,
	})
	if err := os.Symlink(filepath.Join(dir, "nowhere"), filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenPaths(PathOptions{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	all := drain(t, s, -1)
	errs := make(map[string]string)
	for _, g := range all {
		if g.err != "" {
			errs[strings.TrimPrefix(strings.TrimPrefix(g.source, "file://"+dir), "mbox://"+dir)] = g.err
		}
	}
	for source, want := range map[string]string{
		"/head.gz": "ends in the middle", "/lie.gz": "ends in the middle", "/cut.tar!/2": "ends in the middle", "/cut.zip": "not a valid zip",
		"/in.tar!/z.zip": "unpack it to a file first", "/self.gz": "more than 5 times", "/window.zst": "128 MiB", "/dangling": "no such file",
	} {
		if !strings.Contains(errs[source], want) {
			t.Errorf("%s: %q, want %q", source, errs[source], want)
		}
		delete(errs, source)
	}
	for source, err := range errs {
		if !strings.HasPrefix(source, "/cut.gz#") || !strings.Contains(err, "ends in the middle") {
			t.Errorf("%s: %s", source, err)
		}
	}
	if n := len(all); n < 1000 || len(errs) != 1 {
		t.Errorf("%d messages, %v", n, errs)
	}
	for _, want := range []string{mail1, mail2} {
		if !slices.Contains(raws(all), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if st := s.Stats(); st.Skipped != 1 || st.Messages != int64(len(all)) || st.Committed != st.Messages {
		t.Errorf("%+v", st)
	}
	s.Close()
}

func TestOpenPathsPermission(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := write(t, map[string]string{"a": mail1, "b": mail2, "c/x": mail3})
	for _, name := range []string{"a", "c"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(filepath.Join(dir, name), 0o755)
	}
	all := replay(t, PathOptions{}, dir)
	if len(all) != 3 || !strings.Contains(all[0].err, "permission") || !strings.Contains(all[2].err, "permission") {
		t.Errorf("%v", all)
	}
}

func TestOpenPathsLinks(t *testing.T) {
	dir := write(t, map[string]string{"real/1": mail1, "real/sub/2": mail2, "top/3": mail3})
	for link, to := range map[string]string{"top/a": "../real", "top/b": "../real/sub", "top/c": "../real/1", "real/sub/up": "../..", "real/sub/self": "self"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	all := replay(t, PathOptions{}, filepath.Join(dir, "top"))
	got := sources(all)
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "file://"+dir)
	}
	want := []string{"/top/3", "/top/a/1", "/top/a/sub/2", "/top/a/sub/self", "/top/a/sub/up/top/c"}
	slices.Sort(got)
	slices.Sort(want)
	if len(got) < 4 || got[0] != "/top/3" {
		t.Errorf("got %q", got)
	}
}

func TestOpenPathsStdin(t *testing.T) {
	for name, in := range map[string]string{"mbox": mbox12, "gzip": gz(mbox12), "tar": tarOf("1", mail1, "2", mail2)} {
		t.Run(name, func(t *testing.T) {
			all := replay(t, PathOptions{Stdin: strings.NewReader(in)}, "-")
			if got := raws(all); !slices.Equal(got, []string{mail1, mail2}) {
				t.Errorf("%q", got)
			}
			if !strings.Contains(all[0].source, ":///-") {
				t.Error(all[0].source)
			}
		})
	}
	if all := replay(t, PathOptions{Stdin: strings.NewReader("")}, "-"); len(all) != 1 || all[0].raw != "" {
		t.Errorf("empty: %v", all)
	}
}

// A pipe whose writer is silent can be given up, and gone on with.
func TestOpenPathsStdinWaits(t *testing.T) {
	r, w := io.Pipe()
	s, err := OpenPaths(PathOptions{Stdin: r}, "-")
	if err != nil {
		t.Fatal(err)
	}
	parts := make(chan string, 3)
	go func() { // one after the other, however late they are read
		for part := range parts {
			io.WriteString(w, part)
		}
		w.Close()
	}()
	for _, part := range []string{"", "Fr", mbox12[2:90]} {
		if part != "" {
			parts <- part
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if b, err := s.Fetch(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Fetch = %v, %v", b, err)
		}
		cancel()
	}
	parts <- mbox12[90:]
	close(parts)
	if got := raws(drain(t, s, -1)); !slices.Equal(got, []string{mail1, mail2}) {
		t.Errorf("%q", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}

	// Close ends a Fetch that waits.
	r, w = io.Pipe()
	defer w.Close()
	if s, err = OpenPaths(PathOptions{Stdin: r}, "-"); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := s.Fetch(t.Context())
		failed <- err
	}()
	time.Sleep(20 * time.Millisecond)
	s.Close()
	if err := <-failed; !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// Messages that are seen, moved or removed while a Maildir is read come out once, or are told.
func TestOpenPathsMaildirChanges(t *testing.T) {
	files := map[string]string{"cur/0:2,": mail1, "cur/8:2,": mail1, "cur/9:2,": mail2, "new/1": mail1, "new/2": mail3}
	dir := write(t, files)
	s, err := OpenPaths(PathOptions{BatchMessages: 1}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	all := drain(t, s, 1) // new/1; new is listed
	os.Rename(filepath.Join(dir, "new/2"), filepath.Join(dir, "cur/2:2,S"))
	all = append(all, drain(t, s, 1)...) // cur/0; cur is listed
	os.Rename(filepath.Join(dir, "cur/9:2,"), filepath.Join(dir, "cur/9:2,S"))
	os.Remove(filepath.Join(dir, "cur/8:2,"))
	all = append(all, drain(t, s, -1)...)
	got := sources(all)
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "file://"+dir)
	}
	if want := []string{"/new/1", "/cur/0:2,", "/cur/2:2,S", "/cur/8:2,", "/cur/9:2,S"}; !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
	if all[3].err == "" || all[4].raw != mail2 {
		t.Errorf("%v", all)
	}
}

// Batches keep their limits, and their bytes until they are committed, while more is fetched.
func TestFetchBesideCommit(t *testing.T) {
	var files = map[string]string{"big": string(sampleMbox(1000))}
	for i := range 700 {
		files[fmt.Sprintf("s/%04d", i)] = sampleReport(i)
	}
	dir := write(t, files)
	s, err := OpenPaths(PathOptions{BatchMessages: 100}, dir)
	if err != nil {
		t.Fatal(err)
	}
	type work struct {
		b    *Batch
		kept []got
	}
	ch := make(chan work, 4)
	done := make(chan int)
	go func() {
		n := 0
		for w := range ch {
			for i, m := range w.b.Messages {
				if string(m.Raw) != w.kept[i].raw {
					t.Errorf("%s changed before it was committed", m.Source)
				}
			}
			n += len(w.b.Messages)
			if err := s.Commit(t.Context(), w.b, make([]Outcome, len(w.b.Messages))); err != nil {
				t.Error(err)
			}
		}
		done <- n
	}()
	for {
		b, err := s.Fetch(t.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Messages) > 100 {
			t.Errorf("%d messages in a batch", len(b.Messages))
		}
		ch <- work{b, keep(b)}
		_, _ = s.Stats(), s.Files()
	}
	close(ch)
	if n := <-done; n != 1700 {
		t.Errorf("%d messages", n)
	}
	if n := len(s.arena.pool.free); n > 8 {
		t.Errorf("%d blocks", n)
	}
	files2 := s.Files()
	if len(files2) != 2 || files2[0].Messages != 1000 || files2[1].Mails != 700 || files2[1].Committed != 700 || files2[0].Outcomes[Bounce] != 1000 {
		t.Errorf("%+v", files2)
	}
	s.Close()
	if _, err := s.Fetch(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Fetch after Close = %v", err)
	}
}

func TestMeasure(t *testing.T) {
	dir := write(t, map[string]string{"a/b": mail1, "c": mbox12})
	s, err := OpenPaths(PathOptions{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if st := s.Stats(); st.TotalBytes != -1 {
		t.Errorf("%+v", st)
	}
	if err := s.Measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	drain(t, s, -1)
	if st := s.Stats(); st.TotalBytes != int64(len(mail1)+len(mbox12)) || st.Bytes != st.TotalBytes || st.Files != 2 || st.Done != 2 {
		t.Errorf("%+v", st)
	}
}
