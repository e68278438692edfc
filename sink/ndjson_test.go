package sink

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func lines(values ...string) []Record {
	recs := make([]Record, len(values))
	for i, v := range values {
		recs[i] = Record{Stream: StreamEvents, Value: []byte(v)}
	}
	return recs
}

func acked(recs []Record) string {
	var b strings.Builder
	for _, r := range recs {
		b.WriteByte("-+"[map[bool]int{true: 1}[r.Acked]])
	}
	return b.String()
}

func TestNDJSONFile(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "events.ndjson")
	for _, c := range []struct{ name, before, want, wantErr string }{
		{"new", "", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n", ""},
		{"grown", "{\"id\":\"0\"}\n", "{\"id\":\"0\"}\n{\"id\":\"1\"}\n{\"id\":\"2\"}\n", ""},
		{"torn", "{\"id\":\"0\"}\n{\"id\":\"9\",\"so", "{\"id\":\"0\"}\n{\"id\":\"1\"}\n{\"id\":\"2\"}\n", ""},
		{"torn early", "{\"id\":\"0\"}\n{\"i", "{\"id\":\"0\"}\n{\"id\":\"1\"}\n{\"id\":\"2\"}\n", ""},
		{"torn first", "{", "{\"id\":\"1\"}\n{\"id\":\"2\"}\n", ""},
		{"torn long", "{\"id\":\"0\"}\n{\"id\":\"" + strings.Repeat("x", 200_000), "{\"id\":\"0\"}\n{\"id\":\"1\"}\n{\"id\":\"2\"}\n", ""},
		{"not ours", "From a\nprecious", "", "not a file of events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
				t.Fatal(err)
			}
			w, err := OpenNDJSON(path)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) || !strings.Contains(err.Error(), path) {
					t.Fatalf("error %v, want %q and the path", err, c.wantErr)
				}
				if got, _ := os.ReadFile(path); string(got) != c.before {
					t.Fatal("the file was changed")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			recs := lines(`{"id":"1"}`, "stored before", `{"id":"2"}`)
			recs[1].Acked = true
			if err := w.Write(ctx, recs); err != nil || acked(recs) != "+++" {
				t.Fatal(err, acked(recs))
			}
			if err := w.Close(ctx); err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(path); string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if _, err := OpenNDJSON(filepath.Join(t.TempDir(), "none", "x")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

func TestNDJSONPipeWithoutReader(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	recs := lines("a", "b")
	if err := NewNDJSON(w, "standard output").Write(context.Background(), recs); !errors.Is(err, syscall.EPIPE) || acked(recs) != "--" {
		t.Errorf("%v, %s", err, acked(recs))
	}
}

// limited takes so many bytes and then fails.
type limited struct {
	bytes.Buffer
	room int
}

func (l *limited) Write(p []byte) (int, error) {
	n, _ := l.Buffer.Write(p[:min(len(p), l.room)])
	l.room -= n
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// TestNDJSONCutAnywhere: however little of a Write went through, lines stay whole and nothing is missing.
func TestNDJSONCutAnywhere(t *testing.T) {
	ctx := context.Background()
	for first := range 17 {
		for second := range 17 {
			out := &limited{room: first}
			w := NewNDJSON(out, "x")
			recs := lines("aaaa", "bbbb", "cccc")
			if err := w.Write(ctx, recs); (err == nil) != (first >= 15) {
				t.Fatalf("%d: %v", first, err)
			}
			out.room = second
			w.Write(ctx, recs)
			out.room = 100
			if err := w.Write(ctx, recs); err != nil || acked(recs) != "+++" {
				t.Fatal(err, acked(recs))
			}
			count := map[string]int{}
			for line := range strings.Lines(out.String()) {
				count[line]++
			}
			if len(count) != 3 || count["aaaa\n"] == 0 || count["bbbb\n"] == 0 || count["cccc\n"] == 0 {
				t.Fatalf("cut at %d, %d: %q", first, second, out.String())
			}
		}
	}
}

func TestNDJSONFileRepairsItself(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "events.ndjson")
	w, err := OpenNDJSON(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(ctx, lines("a")); err != nil {
		t.Fatal(err)
	}
	// What a full disk leaves behind.
	w.torn = true
	w.file.WriteString("bb")
	recs := lines("bbbb")
	if err := w.Write(ctx, recs); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "a\nbbbb\n" {
		t.Errorf("%q", got)
	}
	if err := w.Write(ctx, lines("late")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
}

func TestDiscard(t *testing.T) {
	recs := lines("a", "b")
	if err := (Discard{}).Write(context.Background(), recs); err != nil || acked(recs) != "++" {
		t.Error(err, acked(recs))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := (Discard{}).Write(ctx, lines("a")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
