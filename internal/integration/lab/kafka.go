//go:build integration

package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Kafka is an Apache Kafka in KRaft mode: brokers that are controllers too, on loopback ports. Its data is gone with the test.
type Kafka struct {
	Brokers int // default 1
	// Security opens a second listener on each broker that speaks TLS and asks for SASL SCRAM-SHA-512 or PLAIN:
	// user "bouncepipe", password "correct horse".
	Security *CA
	Config   map[string]string // server properties

	tb      testing.TB
	nodes   []*node
	cluster string
	topics  map[string]int // and their partitions
}

type node struct {
	id                        int
	plain, secure, controller int
	dir                       string
	cmd                       *exec.Cmd
}

const (
	KafkaUser     = "bouncepipe"
	KafkaPassword = "correct horse"
)

// Start formats the brokers' storage, starts them and waits until they answer. They end with the test.
func (k *Kafka) Start(tb testing.TB) {
	tb.Helper()
	k.Prepare(tb)
	for i := range k.nodes {
		k.StartBroker(i)
	}
	k.Wait()
}

// Prepare is Start without starting the brokers: their addresses are known, but nobody listens.
func (k *Kafka) Prepare(tb testing.TB) {
	tb.Helper()
	k.tb = tb
	if _, err := os.Stat(filepath.Join(Cache(), "kafka", "libs")); err != nil {
		tb.Fatal("Apache Kafka is not here: run internal/integration/setup.sh")
	}
	k.topics = map[string]int{}
	k.cluster = "bm90LWEtcmVhbC1pZC0wMQ"
	for id := 1; id <= max(k.Brokers, 1); id++ {
		n := &node{id: id, dir: tb.TempDir(), plain: FreePort(), controller: FreePort(), secure: FreePort()}
		k.nodes = append(k.nodes, n)
	}
	for _, n := range k.nodes {
		k.configure(n)
		args := []string{"format", "-t", k.cluster, "-c", filepath.Join(n.dir, "server.properties")}
		if k.Security != nil {
			args = append(args, "--add-scram", "SCRAM-SHA-512=[name="+KafkaUser+",password="+KafkaPassword+"]",
				"--add-scram", "SCRAM-SHA-256=[name="+KafkaUser+",password="+KafkaPassword+"]")
		}
		k.tool("kafka.tools.StorageTool", args...)
	}
}

func (k *Kafka) configure(n *node) {
	var voters []string
	for _, o := range k.nodes {
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", o.id, o.controller))
	}
	replicas := fmt.Sprint(min(len(k.nodes), 3))
	props := map[string]string{
		"process.roles":                            "broker,controller",
		"node.id":                                  fmt.Sprint(n.id),
		"controller.quorum.voters":                 strings.Join(voters, ","),
		"controller.listener.names":                "CONTROLLER",
		"inter.broker.listener.name":               "PLAINTEXT",
		"listeners":                                fmt.Sprintf("PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d", n.plain, n.controller),
		"listener.security.protocol.map":           "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
		"log.dirs":                                 filepath.Join(n.dir, "data"),
		"num.partitions":                           "3",
		"default.replication.factor":               replicas,
		"offsets.topic.replication.factor":         replicas,
		"offsets.topic.num.partitions":             "1",
		"transaction.state.log.replication.factor": replicas,
		"transaction.state.log.min.isr":            "1",
		"group.initial.rebalance.delay.ms":         "0",
		"auto.create.topics.enable":                "false",
		"broker.session.timeout.ms":                "6000",
		"broker.heartbeat.interval.ms":             "1000",
		"controller.quorum.election.timeout.ms":    "500",
		"replica.lag.time.max.ms":                  "5000",
		"log.segment.bytes":                        "67108864",
		"num.network.threads":                      "2",
		"num.io.threads":                           "2",
	}
	if k.Security != nil {
		cert, key := k.Security.Issue(k.tb, "localhost", "127.0.0.1")
		ca, err := os.ReadFile(k.Security.File)
		if err != nil {
			k.tb.Fatal(err)
		}
		store := filepath.Join(n.dir, "store.pem")
		k.write(store, key+cert)
		k.write(filepath.Join(n.dir, "trust.pem"), string(ca))
		props["listeners"] += fmt.Sprintf(",SASL_SSL://127.0.0.1:%d", n.secure)
		props["ssl.keystore.type"] = "PEM"
		props["ssl.keystore.location"] = store
		props["ssl.truststore.type"] = "PEM"
		props["ssl.truststore.location"] = filepath.Join(n.dir, "trust.pem")
		props["ssl.client.auth"] = "requested"
		props["sasl.enabled.mechanisms"] = "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN"
		for _, m := range []string{"scram-sha-512", "scram-sha-256"} {
			props["listener.name.sasl_ssl."+m+".sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
		}
		props["listener.name.sasl_ssl.plain.sasl.jaas.config"] = fmt.Sprintf(
			"org.apache.kafka.common.security.plain.PlainLoginModule required user_%s=%q;", KafkaUser, KafkaPassword)
	}
	for key, v := range k.Config {
		props[key] = v
	}
	var b strings.Builder
	for key, v := range props {
		fmt.Fprintf(&b, "%s=%s\n", key, v)
	}
	k.write(filepath.Join(n.dir, "server.properties"), b.String())
}

func (k *Kafka) write(file, text string) {
	k.tb.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		k.tb.Fatal(err)
	}
}

// java is a Kafka class as a command.
func java(ctx context.Context, heap, class string, args ...string) *exec.Cmd {
	all := append([]string{"-Xms64m", "-Xmx" + heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
		"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(Cache(), "kafka", "libs", "*"), class}, args...)
	return exec.CommandContext(ctx, "java", all...)
}

// tool runs one of Kafka's command line tools and returns what it printed.
func (k *Kafka) tool(class string, args ...string) string {
	k.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := java(ctx, "256m", class, args...).CombinedOutput()
	if err != nil {
		k.tb.Fatalf("%s %v: %v\n%s", class, args, err, out)
	}
	return string(out)
}

// StartBroker starts the broker with that index; it does not wait until it answers.
func (k *Kafka) StartBroker(i int) {
	k.tb.Helper()
	n := k.nodes[i]
	log, err := os.OpenFile(filepath.Join(n.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		k.tb.Fatal(err)
	}
	defer log.Close()
	cmd := java(context.Background(), "384m", "kafka.Kafka", filepath.Join(n.dir, "server.properties"))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		k.tb.Fatal(err)
	}
	n.cmd = cmd
	k.tb.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
}

// StopBroker ends the broker with that index: SIGTERM lets it hand over first, SIGKILL does not.
func (k *Kafka) StopBroker(i int, sig syscall.Signal) {
	k.tb.Helper()
	n := k.nodes[i]
	n.cmd.Process.Signal(sig)
	n.cmd.Wait()
}

// Wait waits until all brokers that were started answer.
func (k *Kafka) Wait() {
	k.tb.Helper()
	for _, n := range k.nodes {
		addr := fmt.Sprintf("127.0.0.1:%d", n.plain)
		if n.cmd == nil || n.cmd.ProcessState != nil {
			continue
		}
		const limit = 3 * time.Minute
		for end, err := time.Now().Add(limit), k.meta(addr); err != nil; err = k.meta(addr) {
			if time.Now().After(end) {
				log, _ := os.ReadFile(filepath.Join(n.dir, "log"))
				k.tb.Fatalf("Kafka's broker %d did not start within %s: %v\nits log:\n%s", n.id, limit, err, log)
			}
			time.Sleep(200 * time.Millisecond)
		}
	}
}

// meta asks the broker for the cluster's state: all started brokers in it.
func (k *Kafka) meta(addr string) error {
	out, err := exec.Command("kcat", "-L", "-b", addr, "-m", "5").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	running := 0
	for _, n := range k.nodes {
		if n.cmd != nil && n.cmd.ProcessState == nil {
			running++
		}
	}
	if !strings.Contains(string(out), fmt.Sprintf("%d brokers:", running)) {
		return fmt.Errorf("not all of %d brokers: %s", running, out)
	}
	return nil
}

// Addrs are the plain listeners.
func (k *Kafka) Addrs() []string {
	var addrs []string
	for _, n := range k.nodes {
		addrs = append(addrs, fmt.Sprintf("127.0.0.1:%d", n.plain))
	}
	return addrs
}

// SecureAddrs are the listeners with TLS and SASL.
func (k *Kafka) SecureAddrs() []string {
	var addrs []string
	for _, n := range k.nodes {
		addrs = append(addrs, fmt.Sprintf("127.0.0.1:%d", n.secure))
	}
	return addrs
}

// CreateTopic makes a topic; settings are like "min.insync.replicas=2".
func (k *Kafka) CreateTopic(name string, partitions, replicas int, settings ...string) {
	k.tb.Helper()
	args := []string{"--bootstrap-server", strings.Join(k.Addrs(), ","), "--create", "--topic", name,
		"--partitions", fmt.Sprint(partitions), "--replication-factor", fmt.Sprint(replicas)}
	for _, s := range settings {
		args = append(args, "--config", s)
	}
	k.tool("org.apache.kafka.tools.TopicCommand", args...)
	k.topics[name] = partitions
}
