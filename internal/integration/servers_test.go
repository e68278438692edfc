//go:build integration

// Package integration runs bouncepipe against real servers: Postfix, Exim, Dovecot and Apache Kafka. Run it with
// `make integration`.
package integration

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

func TestMain(m *testing.M) { lab.Main(m, "cmd/bouncepipe", "ingest.test", "sink.test") }

// The tests of package sink that a broker can serve, on Apache Kafka.
func TestSink(t *testing.T) {
	k := &lab.Kafka{}
	k.Start(t)
	retest(t, "sink", "Kafka(Delivers|Spreads|OneOversize|Truncates)", "BOUNCEPIPE_TEST_KAFKA="+k.Addrs()[0])
}

// The tests of package ingest that an IMAP server can serve, on Dovecot.
func TestIngest(t *testing.T) {
	d := dovecot(t)
	retest(t, "ingest", "IMAP(Reads|Polls|Start|Actions|Commit|Expunges|TwoWorkers|Mailboxes)", "BOUNCEPIPE_TEST_IMAP=imaps://bounces%40example.com:"+password+"@"+d.IP+":993", "SSL_CERT_FILE="+d.CA.File)
}

// retest runs the tests of a package that match, in its folder.
func retest(t *testing.T, pkg, match string, env ...string) {
	t.Helper()
	cmd := exec.Command(lab.Built(pkg+".test"), "-test.run", match, "-test.v", "-test.count=1")
	cmd.Dir = filepath.Join(lab.Root(), pkg)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	passed := bytes.Count(out, []byte("--- PASS"))
	t.Logf("%d tests passed", passed)
	if passed == 0 {
		t.Errorf("no test of package %s is called %s any more", pkg, match)
	}
}
