package ingest

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	lineBounced  = `Jan  2 20:58:01 out postfix/smtp[1]: 4F1A22C0D1: to=<a@example.net>, relay=none, dsn=5.4.4, status=bounced (Host not found)`
	lineDeferred = `Jan  2 20:58:02 out postfix/smtp[1]: 4F1A22C0D2: to=<b@example.net>, relay=none, dsn=4.4.1, status=deferred (timed out)`
	lineJSON     = `{"recipient":"c@example.net","reply":"550 5.1.1 no"}`
	lineOther    = `Jan  2 20:58:03 out postfix/qmgr[1]: 4F1A22C0D2: removed`
)

// fetchReplies is drain for replies: what is said of whom, "?" where nothing could be read.
func fetchReplies(t *testing.T, s *PathSource) (to, sources []string) {
	t.Helper()
	for {
		b, err := s.Fetch(t.Context())
		if err == io.EOF {
			return to, sources
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range b.Messages {
			sources = append(sources, m.Source)
			if m.Reply == nil {
				to = append(to, "?")
			} else {
				to = append(to, m.Reply.Recipient)
			}
			if m.Cut {
				to[len(to)-1] += " cut"
			}
		}
		if err := s.Commit(t.Context(), b, make([]Outcome, len(b.Messages))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFormatReplies(t *testing.T) {
	lines := strings.Join([]string{lineBounced, lineOther, "", lineDeferred, `{"recip`, lineJSON}, "\n")
	dir := write(t, map[string]string{"mail.log": lines, "mail.log.1.gz": gz(strings.ReplaceAll(lines, "\n", "\r\n")), "empty": ""})
	s, err := OpenPaths(PathOptions{Format: FormatReplies}, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	to, sources := fetchReplies(t, s)
	one := []string{"a@example.net", "b@example.net", "?", "c@example.net cut"}
	if !slices.Equal(to, slices.Concat(one, one)) {
		t.Errorf("%q", to)
	}
	if sources[0] != "file://"+dir+"/mail.log#0" || !strings.HasPrefix(sources[5], "file://"+dir+"/mail.log.1.gz#") {
		t.Errorf("%q", sources)
	}
	if st := s.Stats(); st.Lines != 4 || st.Messages != 8 || st.Files != 3 {
		t.Errorf("%+v", st)
	}
}

// A log that was cut within a line and grew since is read to its end, and once.
func TestFormatRepliesGrown(t *testing.T) {
	log := lineBounced + "\n" + lineOther + "\n" + lineDeferred + "\n" + lineJSON + "\n"
	want := []string{"a@example.net", "b@example.net", "c@example.net"}
	for n := range log {
		path := filepath.Join(write(t, nil), "log")
		opts := PathOptions{Format: FormatReplies, State: &MemoryPositions{}, MaxBytes: MinMaxBytes, blockSize: 1}
		var all []string
		for _, now := range []string{log[:n], log, log} {
			if err := os.WriteFile(path, []byte(now), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := OpenPaths(opts, path)
			if err != nil {
				t.Fatal(err)
			}
			to, _ := fetchReplies(t, s)
			// A cut line is read again when it is whole.
			to = slices.DeleteFunc(to, func(s string) bool { return strings.HasSuffix(s, " cut") })
			all = append(all, to...)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(all, want) {
			t.Fatalf("cut at %d: %q", n, all)
		}
	}
}

// A log on a pipe is read as it is written.
func TestFormatRepliesLive(t *testing.T) {
	r, w := io.Pipe()
	s, err := OpenPaths(PathOptions{Format: FormatReplies, Stdin: r}, "-")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, line := range []string{lineBounced, lineDeferred, lineJSON} {
		go io.WriteString(w, lineOther+"\n"+line+"\n")
		b, err := s.Fetch(t.Context())
		if err != nil || len(b.Messages) != 1 || string(b.Messages[0].Raw) != line {
			t.Fatalf("Fetch = %v, %v", b, err)
		}
		if err := s.Commit(t.Context(), b, make([]Outcome, 1)); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	if _, err := s.Fetch(t.Context()); err != io.EOF {
		t.Error(err)
	}
}
