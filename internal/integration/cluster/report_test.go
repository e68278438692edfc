//go:build integration && cluster

package cluster

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
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

const (
	tableBegin = "<!-- table of make integration-kafka -->\n"
	tableEnd   = "<!-- end of table -->\n"
)

// report prints the table and, where asked for, puts it into docs/reliability.md.
func report(t *testing.T, rows []row) {
	t.Helper()
	var b strings.Builder
	b.WriteString("| what happened | events | lost | repeats | out of order | wrong IDs | |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %s |\n", r.what, r.sent, r.lost, r.repeats, r.disordered, r.ids, r.note)
	}
	t.Log("\n" + b.String())
	if !*update {
		return
	}
	file := filepath.Join(lab.Root(), "docs", "reliability.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), tableBegin)
	_, tail, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	if err := os.WriteFile(file, []byte(head+tableBegin+b.String()+tableEnd+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}

func spell(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }
