package dsn

import (
	"slices"
	"strings"
	"testing"
)

// Where unquote takes a part, it reads what go-message does. That gives up at lines above 4 KB, which
// are none of quoted-printable (RFC 2045 6.7) and do occur.
func FuzzUnquote(f *testing.F) {
	for _, s := range []string{"", "a=20b\n", "soft =\nbreak", "end=", "blank \t\nend ", "=e2=80=99", "=0D=0A", "bad =zz", "=\n", "a=\n\nb", "x = \ny", "nul\x00", "\x7f", "=3D=\n=", "=\t\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ReplaceAll(s, "\r", "\n")
		m := &mail{limits: Limits{}.withDefaults()}
		p := &part{body: s}
		if !m.unquote(p) || slices.ContainsFunc(strings.Split(s, "\n"), func(line string) bool { return len(line) > 4000 }) {
			return
		}
		if want := m.transferDecode(s, "quoted-printable"); p.plain != want || len(m.problems) > 0 {
			t.Errorf("%q: got %q, want %q, %v", s, p.plain, want, m.problems)
		}
	})
}

// A line of any length is read to its end.
func TestUnquoteLongLine(t *testing.T) {
	long := strings.Repeat("a=20b", 4000)
	m := &mail{limits: Limits{}.withDefaults()}
	p := &part{header: Header{{"Content-Transfer-Encoding", "quoted-printable"}}, body: long + "=\nend"}
	if got, want := m.transferDecoded(p), strings.Repeat("a b", 4000)+"end"; got != want || len(m.problems) > 0 {
		t.Errorf("%d bytes, want %d; %v", len(got), len(want), m.problems)
	}
}
