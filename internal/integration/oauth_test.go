//go:build integration

package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

// authority gives tokens, and tells Dovecot which one is good: the last.
type authority struct {
	mu     sync.Mutex
	given  int
	closed bool // it refuses to give more
	grants map[string]int
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{}
	switch {
	case r.URL.Path == "/introspect":
		if r.FormValue("token") == fmt.Sprintf("token-%d", a.given) {
			answer["active"], answer["username"] = true, mailbox
		} else {
			answer["active"] = false
		}
	case a.closed:
		w.WriteHeader(http.StatusBadRequest)
		answer["error"] = "invalid_grant"
	default:
		a.grants[r.FormValue("grant_type")]++
		a.given++
		answer["access_token"], answer["token_type"], answer["expires_in"] = fmt.Sprintf("token-%d", a.given), "Bearer", 3600
	}
	json.NewEncoder(w).Encode(answer)
}

// revoke makes the last token a bad one.
func (a *authority) revoke(closed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.given++
	a.closed = closed
}

// TestOAuth: Dovecot asks an authority about tokens; they expire in the middle of the run.
func TestOAuth(t *testing.T) {
	t.Parallel()
	for _, mechanism := range []string{"xoauth2", "oauthbearer"} {
		t.Run(mechanism, func(t *testing.T) {
			a := &authority{grants: map[string]int{}}
			srv := httptest.NewServer(a)
			t.Cleanup(srv.Close)
			d := dovecotWith(t, `auth_mechanisms = plain login xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = /etc/dovecot/oauth2.conf
}
`)
			d.Write("/etc/dovecot/oauth2.conf", fmt.Sprintf("introspection_mode = get\nintrospection_url = %s/introspect?token=\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n", srv.URL))
			d.Restart(0)
			k := &lab.Kafka{}
			k.Start(t)
			k.CreateTopic("events", 4, 1)
			w := configure(t, d, k.Addrs(), "")
			text, err := os.ReadFile(w.Config)
			if err != nil {
				t.Fatal(err)
			}
			grant := "client_credentials"
			oauth := fmt.Sprintf("oauth2: {mechanism: %s, token_url: %s/token, client_id: app, client_secret_env: IMAP_PASSWORD", mechanism, srv.URL)
			if mechanism == "oauthbearer" {
				grant = "refresh_token"
				oauth += ", refresh_token_env: KAFKA_PASSWORD"
			}
			if err := os.WriteFile(w.Config, []byte(strings.Replace(string(text), "password_env: IMAP_PASSWORD", oauth+"}", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			w.Start()
			addresses := fill(t, d, 0, 50)
			drained(t, k, len(addresses), patience)

			a.revoke(false) // it is refused, another is got, and nobody needs to know
			d.Signal("KILL")
			addresses = append(addresses, fill(t, d, len(addresses), 50)...)
			drained(t, k, len(addresses), patience)
			if strings.Contains(w.Logged(), "cannot sign in") {
				t.Errorf("a refreshed token is told of:\n%s", w.Logged())
			}
			if mechanism == "xoauth2" {
				addresses = append(addresses, refreshFails(t, a, srv.URL, d, k, w, len(addresses))...)
			}
			w.Stop()
			consume(t, k).complete(t, addresses)
			if a.grants[grant] < 2 || len(a.grants) != 1 {
				t.Errorf("grants: %v", a.grants)
			}
		})
	}
}

// refreshFails: the token is refused, and the authority gives no other for a while.
func refreshFails(t *testing.T, a *authority, url string, d *lab.Dovecot, k *lab.Kafka, w *lab.Worker, first int) (addresses []string) {
	time.Sleep(time.Second) // the worker waits for mail

	a.revoke(true) // and now there is no other
	d.Signal("KILL")
	told := func() (lines []string) {
		for line := range strings.Lines(w.Logged()) {
			if strings.Contains(line, "level=WARN msg=\"fetching") {
				lines = append(lines, line)
			}
		}
		return lines
	}
	lab.Eventually(t, patience, "it is told", func() bool { return len(told()) > 0 })
	addresses = fill(t, d, first, 50)
	a.mu.Lock()
	a.closed = false
	a.mu.Unlock()
	drained(t, k, first+len(addresses), patience)
	says := "and there is no other: misconfigured: token endpoint " + url + "/token refused: invalid_grant"
	if lines := told(); len(lines) != 1 || !strings.Contains(lines[0], "cannot sign in: refused: the token was refused: status ") || !strings.Contains(lines[0], says) {
		t.Errorf("told %q, want %q", lines, says)
	}
	return addresses
}
