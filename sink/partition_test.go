package sink

import (
	"testing"

	"github.com/segmentio/kafka-go"
)

// TestMurmur2 holds the hash to the values of the Java client's own tests (UtilsTest.testMurmur2).
func TestMurmur2(t *testing.T) {
	for s, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(murmur2([]byte(s))); got != want {
			t.Errorf("%q: %d, want %d", s, got, want)
		}
	}
}

func FuzzPartition(f *testing.F) {
	f.Add([]byte("jo@example.org"), uint8(12))
	f.Fuzz(func(t *testing.T, key []byte, n uint8) {
		partitions := make([]int, max(1, n))
		for i := range partitions {
			partitions[i] = i
		}
		if key == nil {
			key = []byte{}
		}
		want := kafka.Murmur2Balancer{Consistent: true}.Balance(kafka.Message{Key: key}, partitions...)
		if got := partition(key, len(partitions)); got != want {
			t.Errorf("%q of %d: %d, want %d", key, n, got, want)
		}
	})
}
