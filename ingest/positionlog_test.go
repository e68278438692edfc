package ingest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func openLog(t *testing.T, path string) *PositionLog {
	t.Helper()
	l, err := OpenPositionLog(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A log cut at any byte, or with any byte changed, still holds every line that is whole.
func TestPositionLogTorn(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "log")
	l := openLog(t, path)
	var ends []int64
	for i := range 5 {
		if err := l.Store(ctx, fmt.Sprint("k", i%2), fmt.Appendf(nil, "{\"n\":%d}\n", i)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, l.end)
	}
	l.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	load := func(key string, data []byte) (string, error) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := OpenPositionLog(path)
		if err != nil {
			return "", err
		}
		defer l.Close()
		position, err := l.Load(ctx, key)
		if err != nil {
			t.Fatal(err)
		}
		// What is stored after a tear is kept.
		if err := l.Store(ctx, "new", []byte("x")); err != nil {
			t.Fatal(err)
		}
		l.Close()
		l = openLog(t, path)
		defer l.Close()
		if got, err := l.Load(ctx, "new"); string(got) != "x" || err != nil {
			t.Fatalf("Load after the tear = %q, %v", got, err)
		}
		return string(position), nil
	}
	for n := range whole {
		want := ""
		for i, end := range ends {
			if end <= int64(n) && i%2 == 0 {
				want = fmt.Sprintf("{\"n\":%d}\n", i)
			}
		}
		if got, err := load("k0", whole[:n]); got != want || err != nil {
			t.Errorf("cut at %d: %q, %v, want %q", n, got, err, want)
		}
		if n < len(logMagic) {
			continue
		}
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		if got, err := load("k1", changed); err != nil || got != "{\"n\":3}\n" && got != "{\"n\":1}\n" {
			t.Errorf("changed at %d: %q, %v", n, got, err)
		}
	}
}

func TestPositionLogRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mail")
	if err := os.WriteFile(path, []byte(mbox12), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPositionLog(path); err == nil || !strings.Contains(err.Error(), "no file of positions") {
		t.Errorf("an mbox: %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != mbox12 {
		t.Error("the mbox was written to")
	}
	if _, err := OpenPositionLog(filepath.Join(path, "x")); err == nil {
		t.Error("below a file: no error")
	}
	path = filepath.Join(t.TempDir(), "log")
	l := openLog(t, path)
	defer l.Close()
	if _, err := OpenPositionLog(path); err == nil || !strings.Contains(err.Error(), "another replay") {
		t.Errorf("twice: %v", err)
	}
}

func TestPositionLogCompacts(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "log")
	l := openLog(t, path)
	big := bytes.Repeat([]byte("x"), 100<<10)
	for i := range 30 {
		if err := l.StoreAll(ctx, []Position{{"a", append(big, byte(i))}, {"b", []byte{byte(i)}}}); err != nil {
			t.Fatal(err)
		}
	}
	before := l.end
	l.Close()
	for range 2 {
		l = openLog(t, path)
		if l.end > before/10 {
			t.Errorf("%d bytes of %d are left", l.end, before)
		}
		for key, want := range map[string]string{"a": string(big) + "\x1d", "b": "\x1d"} {
			if got, err := l.Load(ctx, key); string(got) != want || err != nil {
				t.Errorf("%s: %d bytes, %v", key, len(got), err)
			}
		}
		if err := l.Store(ctx, "c", nil); err != nil {
			t.Error(err)
		}
		if _, err := OpenPositionLog(path); err == nil {
			t.Error("not locked")
		}
		l.Close()
	}
}

func TestPositionLogDiskFull(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "log")
	l := openLog(t, path)
	if err := l.Store(ctx, "k", []byte("good")); err != nil {
		t.Fatal(err)
	}
	limitFileSize(t, 100, func() {
		if err := l.Store(ctx, "k", bytes.Repeat([]byte("more"), 100)); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Store on a full disk = %v", err)
		}
	})
	for _, want := range []string{"good", "later"} {
		if got, err := l.Load(ctx, "k"); string(got) != want || err != nil {
			t.Errorf("Load = %q, %v", got, err)
		}
		if err := l.Store(ctx, "k", []byte("later")); err != nil {
			t.Error(err)
		}
	}
	l.Close()
	l = openLog(t, path)
	defer l.Close()
	if got, err := l.Load(ctx, "k"); string(got) != "later" || err != nil {
		t.Errorf("Load = %q, %v", got, err)
	}
}
