package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestPositions(t *testing.T) {
	impls := map[string]func(t *testing.T) Positions{
		"file": func(t *testing.T) Positions { return &FilePositions{Dir: filepath.Join(t.TempDir(), "made", "later")} },
		"log": func(t *testing.T) Positions {
			l, err := OpenPositionLog(filepath.Join(t.TempDir(), "log"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			return l
		},
		"memory": func(t *testing.T) Positions { return &MemoryPositions{} },
	}
	keys := []string{"INBOX", "", ".", "..", "imap://user%40dom@host/INBOX/ä", "a/b", "a%2Fb", "a\nb\x00", strings.Repeat("long/", 200), strings.Repeat("long/", 200) + "x"}
	for name, open := range impls {
		t.Run(name, func(t *testing.T) {
			ctx, p := t.Context(), open(t)
			for _, key := range keys {
				if got, err := p.Load(ctx, key); got != nil || err != nil {
					t.Fatalf("Load(%q) of nothing = %q, %v", key, got, err)
				}
			}
			for round := range 3 {
				for i, key := range keys {
					if err := p.Store(ctx, key, []byte{byte(round), byte(i), '\n'}); err != nil {
						t.Fatalf("Store(%q): %v", key, err)
					}
				}
				for i, key := range keys {
					got, err := p.Load(ctx, key)
					if err != nil || string(got) != string([]byte{byte(round), byte(i), '\n'}) {
						t.Fatalf("Load(%q) = %q, %v", key, got, err)
					}
				}
			}
		})
	}
}

// A position cut at any byte, or with any byte changed, is noticed, and the one before is used.
func TestFilePositionsTorn(t *testing.T) {
	ctx := t.Context()
	var noticed []error
	p := &FilePositions{Dir: t.TempDir(), Notice: func(err error) { noticed = append(noticed, err) }}
	for _, position := range []string{"first", "second"} {
		if err := p.Store(ctx, "k", []byte(position)); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(p.Dir, "k.pos")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(data []byte) {
		t.Helper()
		noticed = nil
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := p.Load(ctx, "k")
		if string(got) != "first" || err != nil {
			t.Fatalf("with %q: Load = %q, %v; want the one before", data, got, err)
		}
		if len(noticed) != 1 || !strings.Contains(noticed[0].Error(), path) {
			t.Fatalf("with %q: noticed %v", data, noticed)
		}
	}
	for n := range whole {
		check(whole[:n])
		changed := append([]byte{}, whole...)
		changed[n] ^= 1
		check(changed)
	}

	// Storing over the torn file keeps the good one behind it until the new one stands.
	if err := p.Store(ctx, "k", []byte("third")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Load(ctx, "k"); string(got) != "first" || err != nil {
		t.Fatalf("Load = %q, %v", got, err)
	}

	// A crash between the two renames leaves only the one before.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	noticed = nil
	if got, err := p.Load(ctx, "k"); string(got) != "first" || err != nil || noticed != nil {
		t.Fatalf("Load = %q, %v, noticed %v", got, err, noticed)
	}

	// With neither whole, starting over is for the user to say.
	if err := os.WriteFile(path+".prev", []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Load(ctx, "k"); !errors.Is(err, ErrTorn) || !strings.Contains(err.Error(), path) {
		t.Fatalf("Load = %v, want ErrTorn", err)
	}
}

func TestPositionErrorsSayWhatToDo(t *testing.T) {
	for err, want := range map[error]string{
		syscall.ENOSPC: "free some space",
		syscall.EDQUOT: "free some space",
		syscall.EROFS:  "name a place that can be written to",
		syscall.EACCES: "needs to read and write",
	} {
		got := positionError("store", "/var/lib/x.pos", &os.PathError{Op: "write", Path: "/var/lib/.x.pos123", Err: err})
		if !strings.Contains(got.Error(), want) || !strings.Contains(got.Error(), "/var/lib/x.pos") || !errors.Is(got, err) {
			t.Errorf("%v: %v", err, got)
		}
	}

	// The directory is a file: the error must name it.
	dir := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (&FilePositions{Dir: dir}).Store(t.Context(), "k", nil); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("Store below a file = %v", err)
	}
}

// Disk full: nothing stored is lost, and it goes on once there is room.
func TestFilePositionsDiskFull(t *testing.T) {
	p := &FilePositions{Dir: t.TempDir()}
	ctx := t.Context()
	if err := p.Store(ctx, "k", []byte("good")); err != nil {
		t.Fatal(err)
	}
	limitFileSize(t, 64, func() {
		err := p.Store(ctx, "k", make([]byte, 4096))
		if err == nil || !strings.Contains(err.Error(), "k.pos") {
			t.Errorf("Store on a full disk = %v", err)
		}
	})
	if got, err := p.Load(ctx, "k"); string(got) != "good" || err != nil {
		t.Errorf("Load = %q, %v", got, err)
	}
	names, err := os.ReadDir(p.Dir)
	if err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if err := p.Store(ctx, "k", []byte("more")); err != nil {
		t.Error(err)
	}
}
