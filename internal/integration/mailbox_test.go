//go:build integration

package integration

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

// TestMailboxTroubles: a worker and a Dovecot that have worked for a while, and then something happens to the server or to the
// network. It is noticed in time, told in one line, and over by itself.
func TestMailboxTroubles(t *testing.T) {
	t.Parallel()
	const timeout = 3 * time.Second
	d := dovecot(t)
	k := &lab.Kafka{}
	k.Start(t)
	k.CreateTopic("events", 4, 1)
	w := configure(t, d, k.Addrs(), "")
	text, err := os.ReadFile(w.Config)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "batch: 100", fmt.Sprintf("batch: 100\n      timeout: %v", timeout), 1))
	if err := os.WriteFile(w.Config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	w.Start()
	var addresses []string
	more := func(n int) {
		addresses = append(addresses, fill(t, d, len(addresses), n)...)
	}
	more(50)
	drained(t, k, len(addresses), patience)

	gone := []string{"the server stayed silent: check the server's load and the network", "cannot connect: "} // whatever it was doing
	for _, tt := range []struct {
		name   string
		busy   bool // it happens while much is being read, else while the worker waits for mail
		happen func() (heal func())
		told   []string // one of these
	}{
		{"network gone while idle", false, func() func() { return lab.Unplug(t, d.IP) }, gone},
		{"network gone in FETCH", true, func() func() { return lab.Unplug(t, d.IP) }, gone},
		{"server stopped in FETCH", true, func() func() { d.Signal("STOP"); return func() { d.Signal("KILL") } }, gone},
		{"password changed", false, func() func() {
			d.SetPassword(mailbox, "another")
			d.Signal("KILL")
			return func() { d.SetPassword(mailbox, password) }
		}, []string{"cannot sign in: refused: NO [AUTHENTICATIONFAILED] Authentication failed.: check the user name, the password or token"}},
	} {
		before := len(w.Logged())
		lines := func(level string) (found []string) {
			for line := range strings.Lines(w.Logged()[before:]) {
				if strings.Contains(line, " level="+level+" ") {
					found = append(found, line)
				}
			}
			return found
		}
		// Where it happens just as an IDLE begins, that is told beside it.
		troubles := func() []string {
			return slices.DeleteFunc(lines("WARN"), func(line string) bool {
				return strings.Contains(line, "offers IDLE and fails at it (the server stayed silent)")
			})
		}
		if tt.busy {
			seen := watch(t, k)
			more(10_000)
			wait(t, seen)
		}
		heal := tt.happen()
		began := time.Now()
		lab.Eventually(t, patience, tt.name+" is told", func() bool { return len(troubles()) > 0 })
		noticed := time.Since(began)
		if !tt.busy {
			more(50)
		}
		time.Sleep(2 * time.Second) // some attempts
		heal()
		drained(t, k, len(addresses), patience)
		lab.Eventually(t, patience, tt.name+" is over", func() bool { return len(lines("INFO")) > 0 })
		warned := troubles()
		t.Logf("%s: noticed after %v: %s", tt.name, noticed.Round(10*time.Millisecond), strings.Join(warned, ""))
		ok := false
		for _, told := range tt.told {
			ok = ok || len(warned) == 1 && strings.Contains(warned[0], told)
		}
		if !ok {
			t.Errorf("%s: told %q, want one of %q", tt.name, warned, tt.told)
		}
		if noticed > 10*timeout {
			t.Errorf("%s: noticed after %v", tt.name, noticed)
		}
	}
	w.Stop()
	if repeats := consume(t, k).complete(t, addresses); repeats > 0 {
		t.Errorf("%d repeats", repeats)
	}
	if n := strings.Count(d.Sh("cat /var/log/dovecot.log"), "auth failed"); n > 3 {
		t.Errorf("%d attempts with a wrong password", n)
	}
}
