//go:build integration

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Host is a machine for one server: its own view of /usr, /etc and /var, which has the server's packages, and
// its own host name. It shares the lab's network.
type Host struct {
	Tree string // below .cache/integration/trees; "" for a machine with nothing more than this one
	Name string // host name
	IP   string

	tb  testing.TB
	dir string
	pid int
}

// users are the accounts that the servers' packages would have made.
const users = `postfix:x:901:901::/var/spool/postfix:/usr/sbin/nologin
dovecot:x:903:903::/usr/lib/dovecot:/usr/sbin/nologin
dovenull:x:904:904::/nonexistent:/usr/sbin/nologin
vmail:x:905:905::/var/vmail:/usr/sbin/nologin
Debian-exim:x:906:906::/var/spool/exim4:/usr/sbin/nologin
smmta:x:907:907::/var/lib/sendmail:/usr/sbin/nologin
smmsp:x:908:908::/var/lib/sendmail:/usr/sbin/nologin
courier:x:909:909::/var/lib/courier:/usr/sbin/nologin
opensmtpd:x:910:910::/var/lib/opensmtpd/empty:/usr/sbin/nologin
opensmtpq:x:911:911::/var/lib/opensmtpd/empty:/usr/sbin/nologin
alice:x:1901:1901:Alice:/home/alice:/bin/sh
carol:x:1902:1902:Carol:/home/carol:/bin/sh
`

const groups = `postfix:x:901:
postdrop:x:902:
dovecot:x:903:
dovenull:x:904:
vmail:x:905:
Debian-exim:x:906:
smmta:x:907:
smmsp:x:908:
courier:x:909:
opensmtpd:x:910:
opensmtpq:x:911:
alice:x:1901:
carol:x:1902:
`

// Start makes the host. It ends with the test.
func (h *Host) Start(tb testing.TB) {
	tb.Helper()
	h.tb = tb
	h.dir = tb.TempDir()
	tree := filepath.Join(h.dir, "nothing")
	if h.Tree != "" {
		tree = filepath.Join(Cache(), "trees", h.Tree)
		if _, err := os.Stat(tree + ".done"); err != nil {
			tb.Fatalf("%s is not here: run internal/integration/setup.sh", h.Tree)
		}
	}
	exec.Command("ip", "addr", "add", h.IP+"/32", "dev", "lo").Run() // it may be there
	ready := filepath.Join(h.dir, "ready")
	// The writable layers are in memory: an overlay cannot lie on every file system.
	script := fmt.Sprintf(`set -e
mount -t tmpfs -o mode=755 tmpfs %[1]s
for d in usr etc var; do
	mkdir -p %[1]s/$d %[1]s/$d.work %[2]s/$d
	mount -t overlay overlay -o lowerdir=%[2]s/$d:/$d,upperdir=%[1]s/$d,workdir=%[1]s/$d.work /$d
done
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /home
mkdir -p /home/alice /home/carol; chown 1901:1901 /home/alice; chown 1902:1902 /home/carol
hostname %[3]s
: >%[1]s/ready
exec sleep infinity
`, h.dir, tree, h.Name)
	cmd := exec.Command("unshare", "-m", "-u", "sh", "-c", script)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	h.pid = cmd.Process.Pid
	gone := make(chan struct{})
	go func() { cmd.Wait(); close(gone) }()
	tb.Cleanup(func() {
		if tb.Failed() {
			out, _ := h.Try("tail -qn 25 /var/log/mail.log /var/log/exim4/mainlog /var/log/exim4/paniclog /var/log/dovecot.log 2>/dev/null", "")
			tb.Logf("the logs of %s:\n%s", h.Name, out)
		}
		cmd.Process.Kill()
		<-gone
	})
	Started(tb, "the host "+h.Name, func() bool {
		select {
		case <-gone:
			tb.Fatalf("the host %s did not start: %s", h.Name, errs.String())
		default:
		}
		_, err := os.Stat(filepath.Join("/proc", fmt.Sprint(h.pid), "root", ready))
		return err == nil
	})
	h.Append("/etc/passwd", users)
	h.Append("/etc/group", groups)
	h.Write("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
	h.Write("/etc/hosts", fmt.Sprintf("127.0.0.1 localhost\n%s %s\n", h.IP, h.Name))
	h.Write("/etc/hostname", h.Name+"\n")
	h.Write("/etc/mailname", h.Name+"\n")
}

// Path is where the tests see the host's file.
func (h *Host) Path(file string) string {
	return filepath.Join("/proc", fmt.Sprint(h.pid), "root", file)
}

// Write writes a file of the host.
func (h *Host) Write(file, text string) {
	h.tb.Helper()
	h.Sh("mkdir -p " + filepath.Dir(file))
	if err := os.WriteFile(h.Path(file), []byte(text), 0o644); err != nil {
		h.tb.Fatal(err)
	}
}

// Append adds to a file of the host.
func (h *Host) Append(file, text string) {
	h.tb.Helper()
	old, err := os.ReadFile(h.Path(file))
	if err != nil {
		h.tb.Fatal(err)
	}
	h.Write(file, string(old)+text)
}

// Command is a command that is to run on the host.
func (h *Host) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	all := append([]string{"-m", "-u", "-t", fmt.Sprint(h.pid), "--", name}, args...)
	cmd := exec.CommandContext(ctx, "nsenter", all...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C", "TZ=UTC"}
	cmd.Dir = "/"
	cmd.WaitDelay = 5 * time.Second // what a daemon keeps open is not waited for
	return cmd
}

// Sh runs a shell script on the host and returns what it printed.
func (h *Host) Sh(script string) string {
	h.tb.Helper()
	out, err := h.Try(script, "")
	if err != nil {
		h.tb.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

// Try runs a shell script with input and returns what it printed.
func (h *Host) Try(script, input string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := h.Command(ctx, "sh", "-c", script)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it succeeded, but left a process behind that has its output open
	}
	return string(out), err
}

// Daemon starts a server that stays in the foreground, its output going to /var/log/NAME.log of the host.
func (h *Host) Daemon(name string, args ...string) *exec.Cmd {
	h.tb.Helper()
	cmd := h.Command(context.Background(), name, args...)
	log, err := os.Create(h.Path("/var/log/" + filepath.Base(name) + ".log"))
	if err != nil {
		h.tb.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		h.tb.Fatal(err)
	}
	h.tb.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}
