//go:build integration

package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

// TestSecureKafka: TLS with an authority of one's own and SASL; what is wrong is said in one line, without the secret.
func TestSecureKafka(t *testing.T) {
	ca, other := lab.NewCA(t, "Kafka CA"), lab.NewCA(t, "Another CA")
	d := dovecot(t)
	k := &lab.Kafka{Security: ca}
	k.Start(t)
	k.CreateTopic("events", 4, 1)
	section := func(mechanism, caFile string) string {
		return fmt.Sprintf(`  tls:
    ca_file: %s
  sasl:
    mechanism: %s
    username: %s
    password_env: KAFKA_PASSWORD
`, caFile, mechanism, lab.KafkaUser)
	}
	var addresses []string
	for _, mechanism := range []string{"scram-sha-512", "scram-sha-256", "plain"} {
		addresses = append(addresses, fill(t, d, len(addresses), 50)...)
		w := configure(t, d, k.SecureAddrs(), section(mechanism, ca.File))
		w.Start()
		drained(t, k, len(addresses), patience)
		w.Stop()
	}
	consume(t, k).complete(t, addresses)

	for _, c := range []struct {
		name, config, password string
		says                   []string
	}{
		{"password", section("scram-sha-512", ca.File), "wrong horse", []string{"password"}},
		{"authority", section("scram-sha-512", other.File), lab.KafkaPassword, []string{"not signed by"}},
		{"no TLS", "", lab.KafkaPassword, []string{"tls"}},
	} {
		t.Run("wrong "+c.name, func(t *testing.T) {
			w := configure(t, d, k.SecureAddrs(), c.config)
			cmd := w.Command("check")
			cmd.Env = append(cmd.Env, "KAFKA_PASSWORD="+c.password)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("bouncepipe check succeeds:\n%s", out)
			}
			for _, s := range c.says {
				if !strings.Contains(strings.ToLower(string(out)), s) {
					t.Errorf("nothing of %q in:\n%s", s, out)
				}
			}
			if strings.Contains(string(out), c.password) {
				t.Errorf("the password is printed:\n%s", out)
			}
			t.Logf("%s", out)
		})
	}
}

// TestWrongIMAP: the same for the mail server.
func TestWrongIMAP(t *testing.T) {
	d := dovecot(t)
	k := &lab.Kafka{}
	k.Start(t)
	k.CreateTopic("events", 4, 1)
	for _, c := range []struct {
		name     string
		change   []string
		password string
		says     string
	}{
		{"nothing", nil, password, ""},
		{"nothing, STARTTLS", []string{"server_name:", "tls: starttls\n      server_name:"}, password, ""},
		{"password", nil, "not this one", "password"},
		{"name", []string{"server_name: imap.example.com", "server_name: imap.example.org"}, password, "imap.example.org"},
		{"authority", []string{d.CA.File, lab.NewCA(t, "Another CA").File}, password, "authority"},
		{"port", []string{"server_name:", "port: 994\n      server_name:"}, password, "refused"},
	} {
		t.Run("wrong "+c.name, func(t *testing.T) {
			w := configure(t, d, k.Addrs(), "")
			text, err := os.ReadFile(w.Config)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(w.Config, []byte(strings.NewReplacer(c.change...).Replace(string(text))), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := w.Command("check")
			cmd.Env = append(cmd.Env, "IMAP_PASSWORD="+c.password)
			out, err := cmd.CombinedOutput()
			if (err == nil) != (c.says == "") {
				t.Errorf("bouncepipe check: %v\n%s", err, out)
			}
			if !strings.Contains(strings.ToLower(string(out)), c.says) {
				t.Errorf("nothing of %q in:\n%s", c.says, out)
			}
			if strings.Contains(string(out), c.password) {
				t.Errorf("the password is printed:\n%s", out)
			}
			t.Logf("%s", out)
		})
	}
}
