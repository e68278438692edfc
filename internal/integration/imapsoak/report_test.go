//go:build integration && soak

package imapsoak

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

var update = flag.Bool("update", false, "write the figures into docs/reliability.md and docs/benchmarks.md")

// row is one line of the table.
type row struct {
	what string
	*worker
	note string
}

// speed is how many mails a second something reads.
type speed struct {
	what string
	rate float64
}

// compare runs the benchmark of the source against Dovecot.
func compare(t *testing.T, d *lab.Dovecot) []speed {
	t.Helper()
	cmd := exec.Command(lab.Built("ingest.test"), "-test.run", "^$", "-test.bench", "^BenchmarkIMAP$", "-test.benchtime", "3x")
	cmd.Dir = filepath.Join(lab.Root(), "ingest")
	cmd.Env = append(os.Environ(), "BOUNCEPIPE_TEST_IMAP=imaps://"+strings.Replace(user, "@", "%40", 1)+":"+password+"@"+d.IP+":993")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	metric := func(unit string) float64 {
		m := regexp.MustCompile(`([\d.]+) ` + unit + `\s`).FindSubmatch(out)
		if m == nil {
			t.Fatalf("the benchmark says nothing of %s", unit)
		}
		v, _ := strconv.ParseFloat(string(m[1]), 64)
		return v
	}
	return []speed{
		{"a bare client: one FETCH for all, thrown away", metric("bare-mails/s")},
		{"the source, each batch committed to disk", metric("mails/s")},
	}
}

// report prints the tables and, where asked for, puts them into the documents.
func report(t *testing.T, rows []row, speeds []speed) {
	t.Helper()
	var b, s strings.Builder
	b.WriteString("| what happened | bounces | lost | repeats | wrong IDs | worker's memory | |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d MiB | %s |\n", r.what, r.bounces, r.lost, r.repeats, r.wrong, r.Peak(), r.note)
	}
	s.WriteString("| what | mails/s | of the bare client |\n| --- | --- | --- |\n")
	for _, v := range speeds {
		fmt.Fprintf(&s, "| %s | %.0f | %.2f |\n", v.what, v.rate, v.rate/speeds[0].rate)
	}
	t.Log("\n" + b.String() + "\n" + s.String())
	if *update {
		lab.Table(t, "docs/reliability.md", "make soak-imap", b.String())
		lab.Table(t, "docs/benchmarks.md", "make soak-imap", s.String())
	}
}
