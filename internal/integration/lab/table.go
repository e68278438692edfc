//go:build integration

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Table puts the rows of a table into a document, between the comments "table of NAME" and "end of table".
func Table(tb testing.TB, document, name, rows string) {
	tb.Helper()
	file := filepath.Join(Root(), document)
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	begin, end := "<!-- table of "+name+" -->\n", "<!-- end of table -->\n"
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		tb.Fatalf("%s has no place for the table of %s", document, name)
	}
	if err := os.WriteFile(file, []byte(head+begin+rows+end+tail), 0o644); err != nil {
		tb.Fatal(err)
	}
}
