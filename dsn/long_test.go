package dsn

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestLongText puts many short lines behind every line of every sample: no reader may copy what
// it has once a line. What is allocated tells, and unlike the time it does not depend on the
// machine.
func TestLongText(t *testing.T) {
	if testing.Short() {
		t.Skip()
	}
	const size = 16 << 10
	more := strings.Repeat("x\n", size/2)
	var before, after runtime.MemStats
	for i, f := range samples(t) {
		if strings.Contains(f, "real-") {
			continue
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		mail := strings.ReplaceAll(string(raw), "\r\n", "\n")
		_, body, _ := strings.Cut(mail, "\n\n")
		for at, n := len(mail)-len(body), i; at < len(mail); {
			line, _ := cutLine(mail[at:])
			at = min(at+len(line)+1, len(mail))
			if n++; isBlank(line) || n%3 != 0 { // a third of the lines: the samples resemble each other
				continue
			}
			long := []byte(mail[:at] + more + mail[at:])
			runtime.ReadMemStats(&before)
			new(Parser).Parse(long)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 600*size {
				t.Errorf("%s: %d KB are allocated for %d KB of lines behind %q", f, n>>10, size>>10, line)
			}
		}
	}
}
