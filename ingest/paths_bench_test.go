package ingest

import (
	"fmt"
	"io"
	"testing"
)

// BenchmarkPathSource fetches and commits, and does nothing else.
func BenchmarkPathSource(b *testing.B) {
	const n = 5000
	data := string(sampleMbox(n))
	mails := make(map[string]string)
	for i := range n {
		mails[fmt.Sprintf("%04d.eml", i)] = sampleReport(i)
	}
	for name, files := range map[string]map[string]string{
		"mbox": {"a": data}, "mails": mails, "gzip": {"a": gz(data)}, "zstd": {"a": zst(data)}, "xz": {"a": xzip(data)},
	} {
		dir := write(b, files)
		for state, p := range map[string]Positions{"": nil, "/state": &MemoryPositions{}} {
			b.Run(name+state, func(b *testing.B) {
				b.SetBytes(int64(len(data)))
				b.ReportAllocs()
				for b.Loop() {
					if p != nil {
						p = &MemoryPositions{}
					}
					s, err := OpenPaths(PathOptions{State: p}, dir)
					if err != nil {
						b.Fatal(err)
					}
					messages := 0
					for {
						batch, err := s.Fetch(b.Context())
						if err == io.EOF {
							break
						}
						if err != nil {
							b.Fatal(err)
						}
						messages += len(batch.Messages)
						if err := s.Commit(b.Context(), batch, make([]Outcome, len(batch.Messages))); err != nil {
							b.Fatal(err)
						}
					}
					if messages != n {
						b.Fatal(messages)
					}
					s.Close()
				}
				b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "msgs/s")
			})
		}
	}
}
