//go:build integration && cluster

package cluster

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

var update = flag.Bool("update", false, "write the figures into docs/reliability.md")

// row is one line of the table.
type row struct {
	what string
	sent int
	tally
	note string
}

// report prints the table and, where asked for, puts it into docs/reliability.md.
func report(t *testing.T, rows []row) {
	t.Helper()
	var b strings.Builder
	b.WriteString("| what happened | events | lost | repeats | out of order | wrong IDs | |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %s |\n", r.what, r.sent, r.lost, r.repeats, r.disordered, r.ids, r.note)
	}
	t.Log("\n" + b.String())
	if *update {
		lab.Table(t, "docs/reliability.md", "make integration-kafka", b.String())
	}
}

func spell(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }
