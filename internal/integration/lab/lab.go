//go:build integration

// Package lab runs real servers for tests: mail servers, Dovecot, Apache Kafka.
//
// [Main] moves the test binary into namespaces of its own: a network that has only a loopback device, carrying the
// addresses reserved for documentation, and that reaches nothing outside; mounts that only it sees; and process
// numbers of its own, so that whatever a server forked ends with the tests. Inside, every server may use its
// standard port and the host names of example.com, example.net and example.org, which [DNS] answers for.
//
// The servers themselves come from ../setup.sh.
package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// entered marks the environment of a process that already is in its own namespaces, and says where its binaries are.
const entered = "BOUNCEPIPE_LAB"

// Main is the whole of a TestMain: it builds the packages (folders of the repository) and the tests (folders with ".test" behind),
// which takes the network that the lab has not, then runs m's tests inside the lab's namespaces and exits.
func Main(m *testing.M, build ...string) {
	if os.Getenv(entered) != "" {
		if err := prepare(); err != nil {
			fmt.Fprintln(os.Stderr, "lab:", err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "bouncepipe-lab-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
	status := 1
	if err := buildAll(dir, build); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
	} else {
		status = enter(dir)
	}
	os.RemoveAll(dir)
	os.Exit(status)
}

func buildAll(dir string, build []string) error {
	for _, b := range build {
		out := filepath.Join(dir, filepath.Base(b))
		args := []string{"build", "-o", out, "./" + b}
		if pkg, ok := strings.CutSuffix(b, ".test"); ok {
			args = []string{"test", "-c", "-o", out, "./" + pkg}
		}
		cmd := exec.Command("go", args...)
		cmd.Dir = Root()
		if msg, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, msg)
		}
	}
	return nil
}

// Built is the path of what Main built: the last element of the folder's name.
func Built(name string) string { return filepath.Join(os.Getenv(entered), name) }

// enter runs this binary again behind unshare and returns its exit status.
func enter(dir string) int {
	args := []string{"unshare", "--mount", "--net", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child", "--"}
	if os.Getuid() != 0 {
		args = append([]string{"sudo", "-n", "-E"}, args...)
	}
	cmd := exec.Command(args[0], append(args[1:], os.Args...)...)
	cmd.Env = append(os.Environ(), entered+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() >= 0 {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab: cannot enter namespaces of its own (needs root or sudo):", err)
		return 1
	}
	return 0
}

// prepare sets up the network and the places that every server shares.
func prepare() error {
	for _, args := range [][]string{
		{"ip", "link", "set", "lo", "up"},
		// On lo a prefix makes all of its addresses local.
		{"ip", "addr", "add", "192.0.2.1/24", "dev", "lo"},
		{"ip", "addr", "add", "198.51.100.1/24", "dev", "lo"},
		{"ip", "addr", "add", "203.0.113.1/25", "dev", "lo"},
		{"ip", "route", "add", "unreachable", "203.0.113.128/25"},
		{"sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 60999"},
		{"hostname", "lab.example.com"},
		{"mount", "-t", "overlay", "overlay", "-o", "lowerdir=" + filepath.Join(Cache(), "trees", "kcat", "usr") + ":/usr", "/usr"},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

// Cache is where setup.sh put the servers.
func Cache() string {
	if dir := os.Getenv("INTEGRATION_CACHE"); dir != "" {
		return dir
	}
	return filepath.Join(Root(), ".cache", "integration")
}

// Root is the repository's top folder.
func Root() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	panic("lab: not run inside the repository")
}

// Eventually calls ok until it returns true, and fails the test, which goes on, when that takes longer than limit.
func Eventually(tb testing.TB, limit time.Duration, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(limit); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Errorf("not within %s: %s", limit, what)
			return
		}
	}
}

// Started waits until ok, and ends the test where a server takes longer to start than any machine is slow.
func Started(tb testing.TB, server string, ok func() bool) {
	tb.Helper()
	const limit = 90 * time.Second
	for end := time.Now().Add(limit); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("%s did not start within %s; its log, where it has one, follows", server, limit)
		}
	}
}

// Listening tells whether something accepts TCP connections at addr.
func Listening(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

var lastPort atomic.Int32

// FreePort returns a TCP port that nobody listens on, and that no outgoing connection will have: the lab's are taken
// from 40000 on.
func FreePort() int { return 20000 + int(lastPort.Add(1)) }

// Run runs a command in the lab and returns what it printed on standard output.
func Run(tb testing.TB, name string, args ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, errs.String(), out.String())
	}
	return out.String()
}

// Swallow makes connections to addr (an IPv4 address and port) time out, until the test ends: a listener with a full queue.
func Swallow(tb testing.TB, addr string) {
	tb.Helper()
	a, err := net.ResolveTCPAddr("tcp4", addr)
	if err != nil {
		tb.Fatal(err)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())}); err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		tb.Fatal(err)
	}
	for range 3 {
		if c, err := net.DialTimeout("tcp", addr, 200*time.Millisecond); err == nil {
			tb.Cleanup(func() { c.Close() })
		}
	}
}

// Unplug makes an address of the lab unreachable, as a pulled cable does: what is sent there is lost, connections stay as they
// are. Until plug is called, which the end of the test does too.
func Unplug(tb testing.TB, ip string) (plug func()) {
	tb.Helper()
	route := func(args ...string) {
		tb.Helper()
		if out, err := exec.Command("ip", append([]string{"route"}, args...)...).CombinedOutput(); err != nil {
			tb.Fatalf("ip route %v: %v: %s", args, err, out)
		}
	}
	route("del", "local", ip+"/32", "dev", "lo", "table", "local")
	route("add", "blackhole", ip+"/32", "table", "local")
	plug = sync.OnceFunc(func() {
		route("del", "blackhole", ip+"/32", "table", "local")
		route("add", "local", ip+"/32", "dev", "lo", "table", "local", "src", ip)
	})
	tb.Cleanup(plug)
	return plug
}
