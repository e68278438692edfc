//go:build integration

package kafka

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

func TestMain(m *testing.M) { lab.Main(m, "cmd/bouncepipe") }

const partitions = 7

// addresses are the keys: of many lengths, for murmur2 takes four bytes at a time and the rest one by one.
func addresses() []string {
	all := []string{"a@b.example", "Mixed.Case@Example.Net", "jürgen@example.org", "потребитель@example.com", `"odd one"@example.net`}
	for i := range 60 {
		all = append(all, fmt.Sprintf("%s%d@example.net", strings.Repeat("u", i%9), i))
	}
	return all
}

// TestClients: over TLS and SCRAM-SHA-512, what bouncepipe writes is what kcat and Java's console consumer read, and
// Java's producer puts the same keys into the same partitions.
func TestClients(t *testing.T) {
	ca, other := lab.NewCA(t, "lab"), lab.NewCA(t, "another")
	k := &lab.Kafka{Security: ca}
	k.Start(t)
	conf := configure(t, k.SecureAddrs()[0], ca.File)

	t.Run("trouble", func(t *testing.T) {
		trouble(t, configure(t, k.SecureAddrs()[0], ca.File), "wrong horse",
			"wrong user or password (SCRAM-SHA-512 as "+lab.KafkaUser+"): check sasl")
		trouble(t, configure(t, k.SecureAddrs()[0], other.File), lab.KafkaPassword,
			"the broker's certificate is not signed by a CA in "+other.File)
		trouble(t, configure(t, k.Addrs()[0], ca.File), lab.KafkaPassword, "it may not speak TLS on this port")
	})

	bouncepipe(t, lab.KafkaPassword, "topics", "create", "-c", conf, "--partitions", fmt.Sprint(partitions))
	bouncepipe(t, lab.KafkaPassword, "topics", "check", "-c", conf, "--partitions", fmt.Sprint(partitions))
	bouncepipe(t, lab.KafkaPassword, "check", "-c", conf)
	bouncepipe(t, lab.KafkaPassword, "replay", "-c", conf, filepath.Join(filepath.Dir(conf), "in.mbox"))

	k.CreateTopic("java", partitions, 1)
	k.CreateTopic("compacted", 1, 1, "cleanup.policy=compact")
	recs := k.Consume(t, "events")
	if len(recs) != len(addresses()) {
		t.Fatalf("kcat reads %d events of %d", len(recs), len(addresses()))
	}
	t.Run("kcat", func(t *testing.T) { kcatSecure(t, k, ca, recs) })
	t.Run("java consumer", func(t *testing.T) { javaConsumer(t, k, recs) })
	t.Run("java producer", func(t *testing.T) { javaProducer(t, k, recs) })
	t.Run("refused", func(t *testing.T) { refused(t, k) })
}

// refused: a compacted topic takes no record without a key. The others arrive, and an event tells of it.
func refused(t *testing.T, k *lab.Kafka) {
	dir := t.TempDir()
	conf, in := filepath.Join(dir, "c.yaml"), filepath.Join(dir, "in.mbox")
	for file, text := range map[string]string{
		conf: fmt.Sprintf("kafka: {brokers: [%q], topic: compacted}\n", k.Addrs()[0]),
		in:   strings.Replace(mbox("a@example.net", "NOBODY", "b@example.net"), "Final-Recipient: utf-8; NOBODY\n", "", 1),
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := command("", "replay", "-c", conf, in).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "a record is refused for good") || !strings.Contains(string(out), "1 quarantined") {
		t.Errorf("%v\n%s", err, out)
	}
	recs := k.Consume(t, "compacted")
	told := slices.IndexFunc(recs, func(r lab.Record) bool { return r.Header("ce_type") == "bouncepipe.quarantined" })
	if len(recs) != 3 || told < 0 || recs[told].Key == nil || !strings.Contains(recs[told].Payload, "refused by the sink") {
		t.Errorf("%d records, %d tells of it: %+v", len(recs), told, recs)
	}
}

// kcatSecure: the same through the secure listener. By PLAIN, for the SCRAM-SHA-512 of some builds of librdkafka is refused.
func kcatSecure(t *testing.T, k *lab.Kafka, ca *lab.CA, want []lab.Record) {
	out := lab.Run(t, "kcat", "-C", "-q", "-e", "-o", "beginning", "-t", "events", "-b", k.SecureAddrs()[0], "-f", "%p %o %k %s\n",
		"-X", "security.protocol=sasl_ssl", "-X", "sasl.mechanism=PLAIN", "-X", "sasl.username="+lab.KafkaUser,
		"-X", "sasl.password="+lab.KafkaPassword, "-X", "ssl.ca.location="+ca.File)
	var lines []string
	for _, r := range want {
		lines = append(lines, fmt.Sprintf("%d %d %s %s", r.Partition, r.Offset, *r.Key, r.Payload))
	}
	same(t, lines, strings.Split(strings.TrimSpace(out), "\n"))
}

// javaConsumer: partition, offset, headers, key and value as Java's consumer has them.
func javaConsumer(t *testing.T, k *lab.Kafka, want []lab.Record) {
	out := k.Tool(t, "", "org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", k.SecureAddrs()[0],
		"--topic", "events", "--from-beginning", "--max-messages", fmt.Sprint(len(want)), "--timeout-ms", "60000",
		"--command-config", k.ClientProperties(t),
		"--formatter-property", "print.partition=true", "--formatter-property", "print.offset=true",
		"--formatter-property", "print.headers=true", "--formatter-property", "print.key=true")
	var lines []string
	for _, r := range want {
		var headers []string
		for i := 0; i+1 < len(r.Headers); i += 2 {
			headers = append(headers, r.Headers[i]+":"+r.Headers[i+1])
		}
		lines = append(lines, fmt.Sprintf("Partition:%d\tOffset:%d\t%s\t%s\t%s", r.Partition, r.Offset, strings.Join(headers, ","), *r.Key, r.Payload))
	}
	same(t, lines, strings.Split(strings.TrimSpace(out), "\n"))
}

// javaProducer: keys are in the partitions where Java's producer puts them.
func javaProducer(t *testing.T, k *lab.Kafka, recs []lab.Record) {
	var input strings.Builder
	for _, r := range recs {
		fmt.Fprintf(&input, "%s\tx\n", *r.Key)
	}
	k.Tool(t, input.String(), "org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", k.SecureAddrs()[0],
		"--topic", "java", "--command-config", k.ClientProperties(t), "--reader-property", "parse.key=true")
	theirs, used := map[string]int{}, map[int]bool{}
	for _, r := range k.Consume(t, "java") {
		theirs[*r.Key] = r.Partition
	}
	for _, r := range recs {
		used[r.Partition] = true
		if p, ok := theirs[*r.Key]; !ok || p != r.Partition {
			t.Errorf("key %q is in partition %d, by Java's producer in %d (%t)", *r.Key, r.Partition, p, ok)
		}
	}
	if len(used) != partitions {
		t.Errorf("only %d of %d partitions are used", len(used), partitions)
	}
	t.Logf("%d keys in %d partitions, as Java's producer puts them", len(theirs), len(used))
}

func same(t *testing.T, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if slices.Equal(want, got) {
		return
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Fatalf("got  %s\nwant %s", got[i], want[i])
		}
	}
	t.Fatalf("%d lines, want %d", len(got), len(want))
}

// trouble expects that check says one line about Kafka, and that it is this one.
func trouble(t *testing.T, conf, password, says string) {
	t.Helper()
	cmd := command(password, "check", "-c", conf)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("bouncepipe check succeeds:\n%s", out)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "FAILED") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	if len(lines) != 1 || !strings.Contains(lines[0], says) {
		t.Errorf("want one line with %q:\n%s", says, out)
	}
	if strings.Contains(string(out), password) {
		t.Errorf("the password is printed:\n%s", out)
	}
	t.Logf("%s", strings.Join(lines, "\n"))
}

func command(password string, args ...string) *exec.Cmd {
	cmd := exec.Command(lab.Built("bouncepipe"), args...)
	cmd.Env = append(os.Environ(), "KAFKA_PASSWORD="+password)
	return cmd
}

func bouncepipe(t *testing.T, password string, args ...string) {
	t.Helper()
	if out, err := command(password, args...).CombinedOutput(); err != nil {
		t.Fatalf("bouncepipe %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// configure writes bouncepipe.yaml and an mbox beside it with a bounce for each address.
func configure(t *testing.T, broker, caFile string) string {
	t.Helper()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.mbox")
	conf := filepath.Join(dir, "bouncepipe.yaml")
	text := fmt.Sprintf(`state_dir: %s
sources:
  - paths: [%s]
kafka:
  brokers: [%s]
  topic: events
  compression: zstd
  tls: {ca_file: %s}
  sasl: {mechanism: scram-sha-512, username: %s, password_env: KAFKA_PASSWORD}
`, filepath.Join(dir, "state"), in, broker, caFile, lab.KafkaUser)
	for file, text := range map[string]string{in: mbox(addresses()...), conf: text} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return conf
}

// mbox holds a bounce for each address.
func mbox(addresses ...string) string {
	var b strings.Builder
	for i, to := range addresses {
		fmt.Fprintf(&b, `From MAILER-DAEMON Tue Mar  3 10:00:00 2026
Date: Tue, 3 Mar 2026 10:00:00 +0000
From: MAILER-DAEMON@mx.example.com
Subject: Undelivered Mail Returned to Sender
To: bounces@example.com
Message-ID: <%d@mx.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=global-delivery-status; boundary="b"

--b
Content-Type: message/global-delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: utf-8; %s
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; 550 5.1.1 Recipient address rejected: User unknown

--b
Content-Type: text/rfc822-headers

From: shop@example.com
To: %[2]s
Subject: Your order
Message-ID: <order-%[1]d@app.example.com>
Date: Tue, 3 Mar 2026 09:59:58 +0000

--b--

`, i, to)
	}
	return b.String()
}
