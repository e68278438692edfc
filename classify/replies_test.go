package classify

import (
	"os"
	"strings"
	"testing"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// TestReplies judges replies without any context. Where other categories do as well, they stand
// behind the reply; a verdict is never hard unless it is to be.
func TestReplies(t *testing.T) {
	c := classifier(t)
	table, err := os.ReadFile("testdata/replies.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows(string(table), 3) {
		reply, also, _ := strings.Cut(row[2], "|")
		rep, rcpt := failed(reply)
		if rcpt.Reply.Code == 0 && rcpt.Reply.Status.IsZero() {
			rcpt.Reply, rcpt.DiagnosticCode.Type = dsn.Reply{}, ""
		}
		v := c.Classify(rep, rcpt)
		fits := string(v.Category) == row[0] && string(v.Class) == row[1]
		for _, a := range strings.Split(also, "|") {
			fits = fits || string(v.Category) == a
		}
		if !fits || v.Class == Hard && row[1] != "hard" {
			t.Errorf("%s\n\tgot %s, %s by %s (%s: %q); want %s, %s", reply, v.Category, v.Class, v.Rule, v.Field, v.Match, row[0], row[1])
		}
	}
}
