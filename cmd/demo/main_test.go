package main

import (
	"bytes"
	"strings"
	"testing"
)

// The demo is the first thing that anybody runs.
func TestDemo(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"in 12 = 11 reports + 1 other + 0 unreadable + 0 quarantined + 0 filtered; 12 events",
		"kim@example.org",
		"team@lists.example",
		"(not proven to be about our mail)",
		"complaint",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
}
