package dsn

import (
	"strings"
	"testing"
)

// Where unquote takes a part, it reads what go-message does.
func FuzzUnquote(f *testing.F) {
	for _, s := range []string{"", "a=20b\n", "soft =\nbreak", "end=", "blank \t\nend ", "=e2=80=99", "=0D=0A", "bad =zz", "=\n", "a=\n\nb", "x = \ny", "nul\x00", "\x7f", "=3D=\n=", "=\t\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ReplaceAll(s, "\r", "\n")
		m := &mail{limits: Limits{}.withDefaults()}
		p := &part{body: s}
		if !m.unquote(p) {
			return
		}
		if want := m.transferDecode(s, "quoted-printable"); p.plain != want || len(m.problems) > 0 {
			t.Errorf("%q: got %q, want %q, %v", s, p.plain, want, m.problems)
		}
	})
}
