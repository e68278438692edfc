package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func manyMails(n int) (mails []string, mbox string) {
	var b strings.Builder
	for i := range n {
		mails = append(mails, fmt.Sprintf("Subject: %d\n\n%s\n", i, strings.Repeat(fmt.Sprintf("line %d\n", i), i%7*40)))
		b.WriteString(postmark + mails[i] + "\n")
	}
	return mails, b.String()
}

// A replay killed after any commit goes on with the next message, whatever the mail is in.
func TestResumeAfterKill(t *testing.T) {
	mails, mbox := manyMails(14)
	_, half := manyMails(7)
	rest := mbox[len(half):]
	singles := make(map[string]string)
	var members []string
	for i, m := range mails {
		singles[fmt.Sprintf("d%d/%02d", i/5, i)] = m
		members = append(members, fmt.Sprintf("%02d", i), m)
	}
	for name, files := range map[string]map[string]string{
		"mbox":          {"a": mbox},
		"packed mbox":   {"a": zst(mbox)},
		"mboxes":        {"a": half, "b": rest},
		"mails":         singles,
		"tar of mails":  {"a": gz(tarOf(members...))},
		"tar of mboxes": {"a": tarOf("1", half, "2.gz", gz(rest))},
		"zip of mboxes": {"a": zipOf("1", half, "2", rest)},
		"mixed":         {"a": gz(half), "b": tarOf(members[14:]...)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := write(t, files)
			for killed := range len(mails) + 1 {
				opts := PathOptions{State: &MemoryPositions{}, SaveEvery: -1, BatchMessages: 1, MaxBytes: MinMaxBytes, blockSize: 1}
				s, err := OpenPaths(opts, dir)
				if err != nil {
					t.Fatal(err)
				}
				all := raws(drain(t, s, killed))
				s.Fetch(t.Context()) // what is fetched and not committed is not done
				all = append(all, raws(replay(t, opts, dir))...)
				if !slices.Equal(all, mails) {
					t.Fatalf("killed after %d: %d messages: %.300q", killed, len(all), all)
				}
				if again := replay(t, opts, dir); len(again) > 0 && killed < len(mails) {
					t.Fatalf("killed after %d: %d messages again", killed, len(again))
				}
			}
		})
	}
}

// With an mbox that grew from any of its bytes to any other, every message comes out whole,
// and those that were whole before come out once.
func TestResumeGrown(t *testing.T) {
	data := postmark + mail1 + "\n" + postmark + "Subject: two\n\nFrom\n\nFrom here\nto there\n\n" + postmark + mail3 + "\n"
	for _, nl := range []string{"\n", "\r\n"} {
		data := strings.ReplaceAll(data, "\n", nl)
		whole := split(t, strings.NewReader(data), nil, MboxAuto, 1<<10, 64<<10)
		for step, pack := range map[int]func(string) string{1: strings.Clone, 3: gz} {
			for n := 0; n < len(data); n += step {
				dir := write(t, nil)
				path := filepath.Join(dir, "box")
				opts := PathOptions{State: &MemoryPositions{}, MaxBytes: MinMaxBytes, blockSize: 1}
				seen := make(map[string]int)
				now, from := "", 0
				for _, to := range []int{n, n + (len(data)-n)/2, len(data)} {
					now, from = now+pack(data[from:to]), to
					if err := os.WriteFile(path, []byte(now), 0o600); err != nil {
						t.Fatal(err)
					}
					for _, g := range replay(t, opts, path) {
						seen[g.raw]++
					}
				}
				for _, w := range whole {
					if seen[string(w.raw)] == 0 {
						t.Fatalf("grown from %d: %q is lost; got %v", n, w.raw, seen)
					}
					if w.end < int64(n) && seen[string(w.raw)] != 1 {
						t.Fatalf("grown from %d: %q %d times", n, w.raw, seen[string(w.raw)])
					}
				}
			}
		}
	}
}

func TestResumeChanged(t *testing.T) {
	_, mbox := manyMails(40)
	first := strings.Replace(mbox, "line 3", "LINE 3", 1)
	middle := strings.Replace(mbox, "line 33", "LINE 33", 1)
	for name, now := range map[string]struct {
		data    string
		changed bool
		n       int
	}{
		"the same":           {mbox, false, 0},
		"another beginning":  {"From x" + mbox[6:], true, 40},
		"shorter":            {mbox[:len(mbox)/2], true, 21},
		"nothing":            {"", true, 1},
		"another end":        {mbox[:len(mbox)-20] + strings.ToUpper(mbox[len(mbox)-20:]), true, 40},
		"grown and changed":  {strings.ToUpper(mbox[:1]) + "rom y" + mbox[6:] + mbox, true, 80},
		"grown":              {mbox + mbox, false, 40},
		"packed":             {gz(mbox), true, 40},
		"grown, seen before": {middle[:len(middle)-3] + "x\n\n" + first, true, 80},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(write(t, nil), "box")
			opts := PathOptions{State: &MemoryPositions{}}
			for i, data := range []string{mbox, now.data} {
				if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
					t.Fatal(err)
				}
				s, err := OpenPaths(opts, path)
				if err != nil {
					t.Fatal(err)
				}
				all := drain(t, s, -1)
				st := s.Stats()
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if i == 1 && (len(all) != now.n || (st.Changed > 0) != now.changed) {
					t.Errorf("%d messages, want %d; %+v", len(all), now.n, st)
				}
			}
		})
	}
}

// A Maildir message that was seen, and so renamed, is the same message.
func TestResumeMaildirFlags(t *testing.T) {
	dir := write(t, map[string]string{"new/1": mail1, "new/2": mail2, "cur/3:2,": mail3})
	opts := PathOptions{State: &MemoryPositions{}}
	if n := len(replay(t, opts, dir)); n != 3 {
		t.Fatal(n)
	}
	for from, to := range map[string]string{"new/1": "cur/1:2,S", "cur/3:2,": "cur/3:2,FS"} {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	if again := replay(t, opts, dir); len(again) != 0 {
		t.Errorf("%v", again)
	}
}

// fullPositions fail until there is room.
type fullPositions struct {
	MemoryPositions
	full bool
}

func (p *fullPositions) Store(ctx context.Context, key string, position []byte) error {
	if p.full {
		return errors.New("no room")
	}
	return p.MemoryPositions.Store(ctx, key, position)
}

// While the state cannot be stored Commit says so, and nothing is taken for done.
func TestResumeStateFails(t *testing.T) {
	dir := write(t, map[string]string{"a": mbox12})
	p := &fullPositions{full: true}
	opts := PathOptions{State: p, SaveEvery: -1, BatchMessages: 1}
	s, err := OpenPaths(opts, dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Fetch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Commit(t.Context(), b, make([]Outcome, 1)); err == nil {
			t.Error("Commit succeeded")
		}
	}
	if n := len(replay(t, PathOptions{State: &p.MemoryPositions}, dir)); n != 2 {
		t.Errorf("%d messages are left", n)
	}
	p = &fullPositions{}
	s.opts.State = p
	if err := s.Commit(t.Context(), b, make([]Outcome, 1)); err != nil {
		t.Error(err)
	}
	if got := raws(replay(t, PathOptions{State: p}, dir)); !slices.Equal(got, []string{mail2}) {
		t.Errorf("%q", got)
	}
}

// The state of many mails, and resuming at random, in small blocks of a file that is large.
func TestResumeRandomly(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	data := sampleMbox(1500)
	want := split(t, bytes.NewReader(data), nil, MboxAuto, DefaultMaxBytes, 2<<20)
	dir := write(t, map[string]string{"big": string(data), "big.zst": zst(string(data))})
	for range 3 {
		path := filepath.Join(t.TempDir(), "log")
		var all []got
		for range 1000 {
			l := openLog(t, path)
			s, err := OpenPaths(PathOptions{State: l, SaveEvery: -1, BatchMessages: 1 + rnd.IntN(500)}, dir)
			if err != nil {
				t.Fatal(err)
			}
			n := rnd.IntN(12)
			some := drain(t, s, n)
			all = append(all, some...)
			st := s.Stats()
			s.closeFile()
			l.Close()
			if n > 0 && len(some) == 0 && st.DoneBefore == 2 {
				break
			}
		}
		if len(all) != 2*len(want) {
			t.Fatalf("%d messages, want %d", len(all), 2*len(want))
		}
		for i, g := range all {
			if w := want[i%len(want)]; g.raw != string(w.raw) || g.cut {
				t.Fatalf("message %d: %s", i, g.source)
			}
		}
	}
}
