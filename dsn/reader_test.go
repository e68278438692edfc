package dsn

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A Reader reads what a Parser does, one message after the other, and what a Parser returned does not
// share the memory that it was read from.
func TestReader(t *testing.T) {
	var rd Reader
	for _, f := range samples(t) {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for name, raw := range map[string][]byte{"LF": raw, "CRLF": bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))} {
			got, gotErr := rd.Read(raw)
			shared := bytes.Clone(raw)
			want, wantErr := new(Parser).Parse(shared)
			for i := range shared {
				shared[i] = 'X'
			}
			if gotErr != wantErr || !cmp.Equal(got, want) {
				t.Errorf("%s, %s (-Parser +Reader):\n%s", f, name, cmp.Diff(want, got))
			}
		}
	}
}

// Nothing of one mail shows in another, in whatever order they come.
func TestReaderOrder(t *testing.T) {
	type sample struct {
		file string
		raw  []byte
		want *Report
		err  error
	}
	var all []sample
	for _, f := range samples(t) {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		whole := sample{file: f, raw: raw}
		head := sample{file: f + ", cut", raw: raw[:len(raw)*2/3]}
		for _, s := range []sample{whole, head} {
			s.want, s.err = new(Parser).Parse(s.raw)
			all = append(all, s)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	var rd Reader
	for range 3 {
		rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		before := ""
		for _, s := range all {
			if got, err := rd.Read(s.raw); err != s.err || !cmp.Equal(got, s.want) {
				t.Fatalf("%s behind %s (-Parser +Reader):\n%s", s.file, before, cmp.Diff(s.want, got))
			}
			before = s.file
		}
	}
}

// A Reader keeps the memory of usual mails, and none of a giant.
func TestReaderMemory(t *testing.T) {
	var rd Reader
	usual, err := os.ReadFile("testdata/postfix/alias.eml")
	if err != nil {
		t.Fatal(err)
	}
	rd.Read(usual)
	if n := testing.AllocsPerRun(100, func() { rd.Read(usual) }); n > 20 {
		t.Errorf("%v allocations for a usual mail", n)
	}
	var giant bytes.Buffer
	for i := range 5000 {
		fmt.Fprintf(&giant, "X-Field-%d: %d\r\n\tfolded\r\n", i, i)
	}
	rd.Read(giant.Bytes())
	rd.Read(usual)
	if cap(rd.m.fields) > 256 || cap(rd.m.raw) > 64<<10 || cap(rd.m.arena.buf) > 64<<10 {
		t.Errorf("kept %d fields, %d and %d bytes", cap(rd.m.fields), cap(rd.m.raw), cap(rd.m.arena.buf))
	}
}
