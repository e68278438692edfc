package dsn

import (
	"os"
	"testing"
)

// FuzzReaders gives any text to every dialect's reader, whoever would have claimed it.
func FuzzReaders(f *testing.F) {
	for _, s := range samples(f) {
		raw, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		limits := Limits{}.withDefaults()
		for _, d := range dialects {
			m := &mail{limits: limits}
			m.header, m.body = m.parseHeader(stripEnvelope(normalize(raw)))
			m.walk(m.header, m.body, 0, -1, false)
			r := &Report{Header: m.header}
			m.merge(r, d.read(m, r))
			m.finish(r)
			if len(r.Recipients) > limits.Recipients {
				t.Errorf("%s: %d recipients", d.name, len(r.Recipients))
			}
		}
	})
}
