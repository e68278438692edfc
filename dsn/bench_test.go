package dsn

import (
	"os"
	"strings"
	"testing"
)

// BenchmarkParse reads a Postfix report of 4.4 KB, the size of a usual bounce, with a Parser and with a Reader.
func BenchmarkParse(b *testing.B) {
	raw, err := os.ReadFile("testdata/postfix/alias.eml")
	if err != nil {
		b.Fatal(err)
	}
	head, tail, _ := strings.Cut(string(raw), "Subject: November\n")
	mail := []byte(head + "Subject: November\n" + strings.Repeat("Received: from a.example.com (a.example.com [192.0.2.1]) by mx.example.net;\n\tTue, 24 Nov 2026 10:00:04 +0100\n", 20) + tail)
	for _, c := range []struct {
		name string
		mail []byte
	}{{"LF", mail}, {"CRLF", []byte(strings.ReplaceAll(string(mail), "\n", "\r\n"))}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.mail)))
			b.ReportAllocs()
			p := new(Parser)
			for b.Loop() {
				if _, err := p.Parse(c.mail); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/Reader", func(b *testing.B) {
			b.SetBytes(int64(len(c.mail)))
			b.ReportAllocs()
			var rd Reader
			for b.Loop() {
				if _, err := rd.Read(c.mail); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
