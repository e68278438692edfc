package kafkaconn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(patient{m}) }

// patient gives goroutines time to end before they count as leaked: on a busy machine that can be seconds.
type patient struct{ *testing.M }

func (m patient) Run() int {
	status := m.M.Run()
	for end := time.Now().Add(time.Minute); goleak.Find() != nil && time.Now().Before(end); {
	}
	return status
}

func cluster(t *testing.T, opts ...kfake.Opt) string {
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(3, "events")}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c.ListenAddrs()[0]
}

func check(t *testing.T, cfg Config, topics ...string) ([]TopicInfo, error) {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return c.Check(ctx, topics...)
}

// refusing returns an address where nobody listens, nor will while the test runs: its port is the end of a connection.
func refusing(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}

// authority is a CA and what it has signed for 127.0.0.1, as PEM files.
type authority struct {
	caFile, certFile, keyFile string
	pool                      *x509.CertPool
	cert                      tls.Certificate
}

func newAuthority(t *testing.T, ip string) authority {
	t.Helper()
	dir := t.TempDir()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	caKey, leafKey := key(), key()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true,
		BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(ip)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, leafKey.Public(), caKey)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a := authority{write("ca.pem", "CERTIFICATE", caDER), write("cert.pem", "CERTIFICATE", leafDER), write("key.pem", "PRIVATE KEY", keyDER), x509.NewCertPool(), tls.Certificate{}}
	parsed, _ := x509.ParseCertificate(caDER)
	a.pool.AddCert(parsed)
	if a.cert, err = tls.LoadX509KeyPair(a.certFile, a.keyFile); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestErrorsNameTheRemedy: one line each, which says what is wrong and what to do, without the password.
func TestErrorsNameTheRemedy(t *testing.T) {
	right, wrong, elsewhere := newAuthority(t, "127.0.0.1"), newAuthority(t, "127.0.0.1"), newAuthority(t, "192.0.2.1")
	open := cluster(t)
	users := []kfake.Opt{kfake.EnableSASL(), kfake.Superuser("PLAIN", "jo", "s3cret"), kfake.Superuser("SCRAM-SHA-256", "jo", "s3cret"), kfake.Superuser("SCRAM-SHA-512", "jo", "s3cret")}
	withSASL := cluster(t, users...)
	withTLS := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{right.cert}}))
	otherName := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{elsewhere.cert}}))
	mutual := cluster(t, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{right.cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: right.pool}))
	both := cluster(t, append(users, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{right.cert}}))...)
	closed := refusing(t)
	pw := func(mechanism, password string) *SASL { return &SASL{mechanism, "jo", password} }

	for _, c := range []struct {
		name string
		cfg  Config
		want string // in the error; empty: none
	}{
		{"open", Config{Brokers: []string{open}}, ""},
		{"one of two dead", Config{Brokers: []string{closed, open}}, ""},
		{"refused", Config{Brokers: []string{closed}}, "connection refused (" + closed + "): is the broker running there?"},
		// No DNS server is asked for a name with an empty label.
		{"unknown host", Config{Brokers: []string{"broker..invalid"}}, "no address found for broker..invalid"},
		{"plain", Config{Brokers: []string{withSASL}, SASL: pw("PLAIN", "s3cret")}, ""},
		{"scram 256", Config{Brokers: []string{withSASL}, SASL: pw("scram-sha-256", "s3cret")}, ""},
		{"scram 512", Config{Brokers: []string{withSASL}, SASL: pw("SCRAM-SHA-512", "s3cret")}, ""},
		{"plain, wrong password", Config{Brokers: []string{withSASL}, SASL: pw("PLAIN", "wr0ng")}, "check user and password (PLAIN as jo)"},
		{"scram 256, wrong password", Config{Brokers: []string{withSASL}, SASL: pw("SCRAM-SHA-256", "wr0ng")}, "check user and password (SCRAM-SHA-256 as jo)"},
		{"scram 512, wrong password", Config{Brokers: []string{withSASL}, SASL: pw("SCRAM-SHA-512", "wr0ng")}, "check user and password (SCRAM-SHA-512 as jo)"},
		{"sasl missing", Config{Brokers: []string{withSASL}}, "it may want SASL, it may want TLS"},
		{"tls", Config{Brokers: []string{withTLS}, TLS: &TLS{CAFile: right.caFile}}, ""},
		{"tls and sasl", Config{Brokers: []string{both}, TLS: &TLS{CAFile: right.caFile}, SASL: pw("SCRAM-SHA-512", "s3cret")}, ""},
		{"wrong CA", Config{Brokers: []string{withTLS}, TLS: &TLS{CAFile: wrong.caFile}}, "not signed by a CA in " + wrong.caFile},
		{"system CA", Config{Brokers: []string{withTLS}, TLS: &TLS{}}, "signed by a CA that this system does not know: set the tls CA"},
		{"wrong name", Config{Brokers: []string{otherName}, TLS: &TLS{CAFile: elsewhere.caFile}}, "valid for 192.0.2.1, not 127.0.0.1: dial the broker by that name or set the tls server name"},
		{"name set", Config{Brokers: []string{otherName}, TLS: &TLS{CAFile: elsewhere.caFile, ServerName: "192.0.2.1"}}, ""},
		{"tls to a plain port", Config{DialTimeout: 2 * time.Second, Brokers: []string{open}, TLS: &TLS{CAFile: right.caFile}}, "whether the broker speaks TLS on this port"},
		{"plain to a tls port", Config{Brokers: []string{withTLS}}, "TLS"},
		{"client certificate", Config{Brokers: []string{mutual}, TLS: &TLS{CAFile: right.caFile, CertFile: right.certFile, KeyFile: right.keyFile}}, ""},
		{"client certificate missing", Config{Brokers: []string{mutual}, TLS: &TLS{CAFile: right.caFile}}, "check the tls client certificate and key"},
		{"client certificate wrong", Config{Brokers: []string{mutual}, TLS: &TLS{CAFile: right.caFile, CertFile: wrong.certFile, KeyFile: wrong.keyFile}}, "check the tls client certificate and key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			infos, err := check(t, c.cfg, "events")
			if c.want == "" {
				if err != nil || len(infos) != 1 || infos[0].Partitions != 3 {
					t.Fatalf("%v, %v", infos, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant ... %s", err, c.want)
			}
			var e *Error
			if !errors.As(err, &e) || e.Unwrap() == nil {
				t.Errorf("%T is no *Error with a cause", err)
			}
			if strings.ContainsAny(err.Error(), "\n\r") || strings.Contains(err.Error(), "wr0ng") || !strings.HasPrefix(err.Error(), "kafka ") {
				t.Errorf("not one clean line: %q", err)
			}
		})
	}
}

func TestConfigErrors(t *testing.T) {
	a := newAuthority(t, "127.0.0.1")
	notPEM := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(notPEM, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	ok := []string{"localhost"}
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "no brokers given"},
		{Config{Brokers: []string{"kafka://x:9092"}}, `broker "kafka://x:9092" is not host:port`},
		{Config{Brokers: []string{""}}, `broker "" is not host:port`},
		{Config{Brokers: []string{"a:9092,b:9092"}}, "is not host:port"},
		{Config{Brokers: ok, TLS: &TLS{CAFile: "/none/ca.pem"}}, "/none/ca.pem: no such file"},
		{Config{Brokers: ok, TLS: &TLS{CAFile: notPEM}}, notPEM + " holds no certificate in PEM form"},
		{Config{Brokers: ok, TLS: &TLS{CertFile: a.certFile, KeyFile: "/none/key.pem"}}, "/none/key.pem: no such file"},
		{Config{Brokers: ok, TLS: &TLS{KeyFile: a.keyFile}}, "key file but no certificate"},
		{Config{Brokers: ok, SASL: &SASL{"GSSAPI", "jo", "s3cret"}}, `mechanism "GSSAPI" is unknown: use PLAIN`},
		{Config{Brokers: ok, SASL: &SASL{Mechanism: "PLAIN", User: "jo"}}, "needs user and password"},
	} {
		_, err := New(c.cfg)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%+v: %v, want %q", c.cfg, err, c.want)
		}
	}
	c, err := New(Config{Brokers: []string{"a", "b:1", "[::1]", "[::1]:2", "::1"}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(c.Config().Brokers), "[a:9092 b:1 [::1]:9092 [::1]:2 [::1]:9092]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.Close()
}

func TestPasswordIsNotPrinted(t *testing.T) {
	cfg := Config{SASL: &SASL{"PLAIN", "jo", "s3cret"}}
	for _, f := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(f, cfg.SASL) + fmt.Sprintf(f, *cfg.SASL) + fmt.Sprintf(f, cfg); strings.Contains(s, "s3cret") {
			t.Errorf("%s prints %s", f, s)
		}
	}
}

// TestWrongPasswordAnswered: the fake hangs up on a wrong password; a real broker says why.
func TestWrongPasswordAnswered(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.ControlKey(36, func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		resp := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		resp.ErrorCode = 58
		return resp, nil, true
	})
	_, err = check(t, Config{Brokers: c.ListenAddrs(), SASL: &SASL{"SCRAM-SHA-256", "jo", "wr0ng"}}, "events")
	if err == nil || !strings.HasSuffix(err.Error(), ": wrong user or password (SCRAM-SHA-256 as jo): check sasl") || !errors.Is(err, kafka.SASLAuthenticationFailed) {
		t.Error(err)
	}
}

// TestSilentBroker: one that accepts and says nothing is noticed.
func TestSilentBroker(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
		}
	}()
	start := time.Now()
	_, err = check(t, Config{Brokers: []string{l.Addr().String()}, DialTimeout: 300 * time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "no answer in time") || time.Since(start) > 30*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func TestCheckTopics(t *testing.T) {
	addr := cluster(t)
	infos, err := check(t, Config{Brokers: []string{addr}, Topics: []string{"events", "none"}}, "none", "events")
	if !errors.Is(err, kafka.UnknownTopicOrPartition) || !strings.Contains(err.Error(), "topic none: does not exist") || !strings.Contains(err.Error(), "bouncepipe topics create") {
		t.Errorf("error %v", err)
	}
	if len(infos) != 1 || infos[0].Name != "events" || infos[0].Partitions != 3 || infos[0].CleanupPolicy != "delete" || infos[0].MaxMessageBytes < 1_000_000 {
		t.Errorf("%+v", infos)
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		replication, minInsync int
		want                   string
	}{
		{1, 1, "one replica"}, {3, 1, "min.insync.replicas 1"}, {3, 2, ""}, {3, 3, "first broker that is down"}, {3, 0, ""}, {2, 2, "first broker"},
	} {
		w := TopicInfo{Name: "events", Replication: c.replication, MinInsync: c.minInsync}.Warnings()
		if (c.want == "") != (len(w) == 0) || len(w) > 0 && !strings.Contains(w[0], c.want) {
			t.Errorf("%+v: %q", c, w)
		}
	}
}

func TestEnsureTopics(t *testing.T) {
	c, err := New(Config{Brokers: []string{cluster(t, kfake.NumBrokers(3))}, Topics: []string{"events"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	specs := []TopicSpec{
		{Name: "events"},
		{Name: "suppressions", Partitions: 5, CleanupPolicy: "compact"},
		{Name: "unrecognized", Retention: -1, MaxMessageBytes: 2 << 20, Replication: 2},
		{Name: "scattered", Replication: 9},
	}
	results, err := c.CheckTopics(ctx, specs)
	if err != nil || results[0].Err != nil || !errors.Is(results[1].Err, kafka.UnknownTopicOrPartition) {
		t.Fatalf("check: %+v, %v", results, err)
	}
	if results, err = c.EnsureTopics(ctx, specs); err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.Created || len(r.Differences) == 0 || !strings.Contains(r.Differences[0], "topic events: partitions is 3, should be 12") {
		t.Errorf("existing: %+v", r)
	}
	if r := results[1]; !r.Created || r.Err != nil || len(r.Differences) != 0 || r.Info.Partitions != 5 || r.Info.CleanupPolicy != "compact" || r.Info.Replication != 3 || r.Info.MinInsync != 2 {
		t.Errorf("compacted: %+v", r)
	}
	if r := results[2]; !r.Created || r.Info.Retention >= 0 || r.Info.MaxMessageBytes != 2<<20 || r.Info.Replication != 2 || r.Info.MinInsync != 1 {
		t.Errorf("for ever: %+v", r)
	}
	if r := results[3]; r.Created || r.Err == nil {
		t.Errorf("too many replicas: %+v", r)
	}
	if results, err = c.EnsureTopics(ctx, specs[1:3]); err != nil || results[0].Created || len(results[0].Differences)+len(results[1].Differences) != 0 {
		t.Errorf("again: %+v, %v", results, err)
	}
}
