package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// split reads all of an mbox through blocks of the given size.
func split(t testing.TB, r io.Reader, at io.ReaderAt, form MboxForm, maxBytes, blockSize int) []extent {
	t.Helper()
	a := &arena{pool: &blocks{size: blockSize}}
	a.renew(nil)
	a.used = min(7, blockSize/8) // as if another file had been read before
	s := newSplitter(a, r, at, 0, form, maxBytes)
	var all []extent
	held := 0
	for {
		e, err := s.next(t.Context(), held > 0)
		switch err {
		case nil:
			held++
			e.raw, e.lead = bytes.Clone(e.raw), bytes.Clone(e.lead)
			all = append(all, e)
		case errBlockFull:
			held = 0
		case io.EOF:
			return all
		default:
			t.Fatal(err)
		}
	}
}

const smallBlock = tailLen + maxPostmark + 64 + minWindow

// splitEveryWay also checks that block and read sizes make no difference.
func splitEveryWay(t testing.TB, data []byte, form MboxForm, maxBytes int) []extent {
	t.Helper()
	const big = 300 << 10
	want := split(t, bytes.NewReader(data), bytes.NewReader(data), form, maxBytes, big)
	r := bytes.NewReader(data)
	for name, got := range map[string][]extent{
		"in order only":     split(t, r, nil, form, maxBytes, big),
		"byte by byte":      split(t, iotest.OneByteReader(bytes.NewReader(data)), bytes.NewReader(data), form, maxBytes, big),
		"in small blocks":   split(t, bytes.NewReader(data), bytes.NewReader(data), form, maxBytes, smallBlock+maxBytes),
		"both":              split(t, iotest.OneByteReader(bytes.NewReader(data)), bytes.NewReader(data), form, maxBytes, smallBlock+maxBytes),
		"with data and EOF": split(t, iotest.DataErrReader(bytes.NewReader(data)), bytes.NewReader(data), form, maxBytes, smallBlock+maxBytes),
	} {
		if len(got) != len(want) {
			t.Fatalf("%s: %d messages, want %d", name, len(got), len(want))
		}
		for i := range got {
			g, w := got[i], want[i]
			if !bytes.Equal(g.raw, w.raw) || g.size != w.size || g.off != w.off || g.end != w.end || g.cut != w.cut || g.last != w.last || !bytes.Equal(g.lead, w.lead) {
				t.Fatalf("%s: message %d is %s, want %s", name, i, show(g), show(w))
			}
		}
	}
	return want
}

func show(e extent) string {
	return fmt.Sprintf("%.80q (%d of %d) at %d-%d cut=%v last=%v", e.raw, len(e.raw), e.size, e.off, e.end, e.cut, e.last)
}

const postmark = "From a@b.example Thu Jan  1 00:00:00 1970\n"

func TestSplitter(t *testing.T) {
	tests := []struct {
		name string
		in   string
		form MboxForm
		want []string
		cut  bool // the last is flagged
	}{
		{name: "empty"},
		{name: "blank lines only", in: "\n\r\n\n"},
		{name: "one", in: postmark + "S: 1\n\nbody\n\n", want: []string{"S: 1\n\nbody\n"}},
		{name: "two", in: postmark + "S: 1\n\nbody\n\n" + postmark + "S: 2\n\nb\n\n", want: []string{"S: 1\n\nbody\n", "S: 2\n\nb\n"}},
		{name: "blank lines first", in: "\n\n" + postmark + "S: 1\n\nbody\n\n", want: []string{"S: 1\n\nbody\n"}},
		{name: "CRLF", in: strings.ReplaceAll(postmark+"S: 1\n\nbody\n\n"+postmark+"S: 2\n\nb\n\n", "\n", "\r\n"), want: []string{"S: 1\r\n\r\nbody\r\n", "S: 2\r\n\r\nb\r\n"}},
		{name: "no blank line between", in: postmark + "S: 1\n\nbody\n" + postmark + "S: 2\n\nb\n", want: []string{"S: 1\n\nbody\n", "S: 2\n\nb\n"}},
		{name: "last newline missing", in: postmark + "S: 1\n\nbody\n\n" + postmark + "S: 2\n\nb", want: []string{"S: 1\n\nbody\n", "S: 2\n\nb"}, cut: true},
		{name: "several blank lines", in: postmark + "S: 1\n\nbody\n\n\n\n" + postmark + "S: 2\n\nb\n\n", want: []string{"S: 1\n\nbody\n\n\n", "S: 2\n\nb\n"}},
		{name: "empty messages", in: postmark + postmark + "\n" + postmark + "\n", want: []string{"", "", ""}, cut: true},
		{name: "text before the first", in: "garbage\n\n" + postmark + "S: 2\n\nb\n\n", want: []string{"garbage\n", "S: 2\n\nb\n"}},

		{name: "prose is no separator", in: postmark + "S: 1\n\nI came\nFrom home.\n\nFrom there on we walk.\n\n", want: []string{"S: 1\n\nI came\nFrom home.\n\nFrom there on we walk.\n"}},
		{name: "a header follows", in: postmark + "S: 1\n\nb\n\nFrom nobody\nX-Y: 2\n\nb\n\n", want: []string{"S: 1\n\nb\n", "X-Y: 2\n\nb\n"}},
		{name: "a quoted From line follows", in: postmark + "S: 1\n\nb\n\nFrom nobody\n>From x remote from y\nS: 2\n\nb\n\n", want: []string{"S: 1\n\nb\n", ">From x remote from y\nS: 2\n\nb\n"}},
		{name: "separator line too long", in: postmark + "S: 1\n\nb\n\nFrom " + strings.Repeat("x", maxPostmark) + "\nS: 2\n\nb\n\n",
			want: []string{"S: 1\n\nb\n\nFrom " + strings.Repeat("x", maxPostmark) + "\nS: 2\n\nb\n"}},
		{name: "NULs and bytes", in: postmark + "S: \x00\xff\n\n\x00\xfe\n\n" + postmark + "\x00\n\n\x00", want: []string{"S: \x00\xff\n\n\x00\xfe\n", "\x00\n\n\x00"}, cut: true},

		{name: "quoted", in: postmark + "S: 1\n\n>From a\n>>From b\n>>> From c\n> >From d\nx>From e\n\n>From f\n\n",
			want: []string{"S: 1\n\nFrom a\n>From b\n>>> From c\n> >From d\nx>From e\n\nFrom f\n"}},
		{name: "quoted, mboxo", form: MboxO, in: postmark + "S: 1\n\n>From a\n>>From b\n\n", want: []string{"S: 1\n\nFrom a\n>>From b\n"}},
		{name: "quoted, mboxcl2", form: MboxCL2, in: postmark + "S: 1\n\n>From a\n>>From b\n\n", want: []string{"S: 1\n\n>From a\n>>From b\n"}},

		{name: "true length", in: postmark + "Content-Length: 53\n\na\n\n" + postmark + "S: 0\n\nb\n\n" + postmark + "S: 2\n\nb\n\n",
			want: []string{"Content-Length: 53\n\na\n\n" + postmark + "S: 0\n\nb\n", "S: 2\n\nb\n"}},
		{name: "true length, at the end", in: postmark + "content-length: 52\n\na\n\n" + postmark + "S: 0\n\nb", want: []string{"content-length: 52\n\na\n\n" + postmark + "S: 0\n\nb"}},
		{name: "true length, ignored", form: MboxRD, in: postmark + "Content-Length: 53\n\na\n\n" + postmark + "S: 0\n\nb\n\n",
			want: []string{"Content-Length: 53\n\na\n", "S: 0\n\nb\n"}},
		{name: "length too short", in: postmark + "Content-Length: 1\n\nabc\n\n" + postmark + "S: 2\n\nb\n\n", want: []string{"Content-Length: 1\n\nabc\n", "S: 2\n\nb\n"}},
		{name: "length false", in: postmark + "Content-Length: 40\n\nabc\n\n" + postmark + "S: 2\n\nb\n\n", want: []string{"Content-Length: 40\n\nabc\n", "S: 2\n\nb\n"}},
		{name: "length huge", in: postmark + "Content-Length: 99999999999\n\nabc\n\n" + postmark + "S: 2\n\nb\n\n", want: []string{"Content-Length: 99999999999\n\nabc\n", "S: 2\n\nb\n"}},
		{name: "length overflows", in: postmark + "Content-Length: 99999999999999999999999\n\nabc\n\n" + postmark + "S: 2\n\nb\n\n", want: []string{"Content-Length: 99999999999999999999999\n\nabc\n", "S: 2\n\nb\n"}},
		{name: "length negative", in: postmark + "Content-Length: -3\n\nabc\n\n" + postmark + "S: 2\n\nb\n\n", want: []string{"Content-Length: -3\n\nabc\n", "S: 2\n\nb\n"}},
		{name: "length of the next", in: postmark + "S: 1\n" + postmark + "Content-Length: 3\n\nabc\n\n", want: []string{"S: 1\n", "Content-Length: 3\n\nabc\n"}},
		{name: "length says cut", in: postmark + "Content-Length: 30\n\nabc\n\n", want: []string{"Content-Length: 30\n\nabc\n"}, cut: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			all := splitEveryWay(t, []byte(tt.in), tt.form, 4<<10)
			for _, e := range all {
				got = append(got, string(e.raw))
				if e.size != int64(len(e.raw)) {
					t.Errorf("size %d of %q", e.size, e.raw)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			for i, e := range all {
				if want := tt.cut && i == len(all)-1; e.cut != want {
					t.Errorf("message %d: cut = %v", i, e.cut)
				}
			}
		})
	}
}

func TestPostmark(t *testing.T) {
	for line, want := range map[string]bool{
		"From a@b.example Thu Jan  1 00:00:00 1970":             true,
		"From a@b.example  Thu Jan  1 00:00 1970":               true,
		"From  Thu Jan  1 00:00:00 1970":                        true,
		"From a b c Thu Jan 01 00:00:00 MET 1970 remote from x": true,
		"From 1234@xxx Thu Jan 01 00:00:00 +0000 1970":          true,
		"From - Thu, 1 Jan 1970 00:00:00 +0000":                 true,
		"From ???@??? Thu Jan 01 00:00:00 1970\r":               true,
		"From MAILER-DAEMON Thu Jan  1 0:00:00 1970":            true,
		"From ":                           false,
		"From here to there":              false,
		"From a Thursday in Jan 1 00:00":  false,
		"From a@b.example Thu Jan":        false,
		"From a@b.example Thu Jan  1":     false,
		"From Mon Jan to Tue Feb 3 12:00": true,
		"From the weekday Mon on":         false,
		"From x Thu Foo  1 00:00:00 1970": false,
		"From x Thu Jan xx 00:00:00 1970 and much more text that goes on.": false,
	} {
		if got := isPostmark([]byte(line)); got != want {
			t.Errorf("isPostmark(%q) = %v", line, got)
		}
	}
}

// An mbox cut at any byte: what is complete comes out as it was, and the rest is flagged.
func TestSplitterCutAnywhere(t *testing.T) {
	lf := postmark + "Subject: one\nX: y\n\nfirst\n\n" +
		postmark + "Subject: two\n\nsecond\n>From here\n\nmore\n\n" +
		postmark + "Subject: three\n\nthird\n\n"
	for name, data := range map[string]string{
		"LF":     lf,
		"CRLF":   strings.ReplaceAll(lf, "\n", "\r\n"),
		"length": strings.ReplaceAll(lf, "Subject: one", "Content-Length: 6"),
	} {
		t.Run(name, func(t *testing.T) {
			whole := splitEveryWay(t, []byte(data), MboxAuto, 4<<10)
			if len(whole) != 3 {
				t.Fatalf("%d messages", len(whole))
			}
			for n := range data {
				got := splitEveryWay(t, []byte(data[:n]), MboxAuto, 4<<10)
				complete := 0
				for _, w := range whole {
					if w.end < int64(n) {
						complete++
					}
				}
				if len(got) < complete {
					t.Fatalf("cut at %d: %d messages, want %d", n, len(got), complete)
				}
				for i := range complete {
					if !bytes.Equal(got[i].raw, whole[i].raw) || got[i].cut {
						t.Fatalf("cut at %d: message %d is %s", n, i, show(got[i]))
					}
				}
				for _, e := range got[complete:] {
					text := data[e.off:n]
					// A paragraph or the header may end where the mbox is cut: that shows when it grows.
					ended := trailingBlank([]byte(text)) > 0 && !bytes.HasSuffix([]byte(text), []byte("one\n\n"))
					proven := strings.Contains(text, "Length: 6") && strings.HasSuffix(text, "first\n")
					if !e.cut && !ended && !proven {
						t.Errorf("cut at %d: not flagged: %s", n, show(e))
					}
				}
				if len(got) > complete+1 {
					t.Errorf("cut at %d: %d messages of %d", n, len(got), complete)
				}
			}
		})
	}
}

func TestSplitterReadError(t *testing.T) {
	bad := errors.New("bad sector")
	data := postmark + "S: 1\n\nb\n\n" + postmark + "S: 2\n\nhal"
	got := split(t, io.MultiReader(strings.NewReader(data), iotest.ErrReader(bad)), nil, MboxAuto, 4<<10, 1<<20)
	if len(got) != 2 || got[0].err != nil || got[1].err != bad || string(got[1].raw) != "S: 2\n\nhal" || !got[1].cut {
		t.Errorf("got %v", got)
	}
	got = split(t, iotest.ErrReader(bad), nil, MboxAuto, 4<<10, 1<<20)
	if len(got) != 1 || got[0].err != bad {
		t.Errorf("got %v", got)
	}
}

// Messages larger than a block keep their head and their true size, wherever they end.
func TestSplitterOversize(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		var in bytes.Buffer
		var sizes []int64
		for range 1 + rnd.IntN(4) {
			in.WriteString(postmark)
			n := in.Len()
			in.WriteString("S: 1\n\n>From ")
			for range rnd.IntN(20) {
				in.WriteString(strings.Repeat("x", rnd.IntN(3000)))
				in.WriteString([]string{"\n", ">From ", "\nFrom ", "\n\nFrom x\n", "\n>>From \n", "\x00"}[rnd.IntN(6)])
			}
			in.WriteString("\n")
			sizes = append(sizes, int64(in.Len()-n))
			in.WriteString("\n")
		}
		got := splitEveryWay(t, in.Bytes(), MboxAuto, 256)
		if len(got) != len(sizes) {
			t.Fatalf("%d messages, want %d", len(got), len(sizes))
		}
		for i, e := range got {
			if e.size != sizes[i] && int64(len(e.raw)) < e.size || int64(len(e.raw)) < min(200, sizes[i]-20) || len(e.raw) > 256 {
				t.Fatalf("message %d of %d bytes: %s", i, sizes[i], show(e))
			}
		}
	}
}

// FuzzSplitter: any bytes are divided without a gap, and alike in blocks of any size.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte(postmark+"S: 1\n\nbody\n\n"+postmark+"S: 2\n\n>From b\n\n"), uint16(0))
	f.Add([]byte("\n\nFrom \nFrom \n\nFrom x\nA: b\n\n\n"), uint16(3000))
	f.Add([]byte(postmark+"Content-Length: 53\n\na\n\n"+postmark+"S: 0\n\nb\n\n"+postmark), uint16(5000))
	f.Add([]byte(postmark+"Content-Length: 5000\n\na\n\r\n\r\n"+postmark+"S: 0\r\n\r\nb\n\nFro"), uint16(4970))
	f.Fuzz(func(t *testing.T, data []byte, pad uint16) {
		// The padding brings what was found to the blocks' edges.
		if i := bytes.IndexByte(data, 'x'); i >= 0 && pad > 0 {
			data = slices.Concat(data[:i], bytes.Repeat([]byte("x"), int(pad)), data[i:])
		}
		if len(data) > 256<<10 {
			return
		}
		for _, form := range []MboxForm{MboxAuto, MboxO, MboxCL2} {
			at := int64(0)
			for i, e := range splitEveryWay(t, data, form, 64) {
				if i == 0 {
					at = e.off
					if len(bytes.Trim(data[:at], "\r\n")) > 0 {
						t.Fatalf("%q before the first message", data[:at])
					}
				}
				if e.off != at || e.end < e.off || e.size > e.end-e.off || int64(len(e.raw)) > e.size || len(e.raw) > 64 {
					t.Fatalf("message %d after %d: %s", i, at, show(e))
				}
				at = e.end
			}
			if at != int64(len(data)) && len(bytes.Trim(data[at:], "\r\n")) > 0 {
				t.Fatalf("%d of %d bytes divided", at, len(data))
			}
		}
	})
}
