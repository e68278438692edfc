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
		"kim@example.org bounce user_unknown hard suppress",
		"lee@example.net delay greylisted soft none",
		"pat@mail.example.org bounce blocklisted block fix_sender",
		"sam@example.org bounce mailbox_full soft retry_later",
		"alex@example.net bounce user_unknown hard suppress",
		"robin@corp.example bounce user_unknown hard suppress",
		"jo@people.example bounce auth_failed block fix_sender",
		"team@lists.example bounce user_unknown hard review",
		"team@lists.example bounce mailbox_disabled hard review",
		"chris@example.net complaint suppress",
		"noa@people.example auto_reply none",
		"best.customer@example.org bounce user_unknown hard review",
		"(not proven to be about our mail)",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("the output lacks %q:\n%s", want, &out)
		}
	}
}
