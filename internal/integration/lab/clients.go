//go:build integration

package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Tool runs one of Kafka's command line tools with input and returns its standard output.
func (k *Kafka) Tool(tb testing.TB, input, class string, args ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := java(ctx, "256m", class, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	if err := cmd.Run(); err != nil {
		tb.Fatalf("%s %v: %v\n%s%s", class, args, err, errs.String(), out.String())
	}
	return out.String()
}

// ProducerPerf runs what kafka-producer-perf-test.sh runs, with the Java options of that script, and returns what it prints.
// The records are the lines of a file: to make them up byte by byte costs the tool more than to send them.
func (k *Kafka) ProducerPerf(tb testing.TB, topic string, records int, file string, props ...string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	args := []string{"-Xmx512M", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
		"-XX:+ExplicitGCInvokesConcurrent", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", filepath.Join(Cache(), "kafka", "libs", "*"),
		"org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", fmt.Sprint(records), "--payload-file", file,
		"--throughput", "-1", "--producer-props", "bootstrap.servers=" + k.Addrs()[0], "acks=all"}
	out, err := exec.CommandContext(ctx, "java", append(args, props...)...).CombinedOutput()
	if err != nil {
		tb.Fatalf("ProducerPerformance: %v\n%s", err, out)
	}
	return string(out)
}

// ClientProperties writes the properties with which Java clients use the secure listeners, and returns the file.
func (k *Kafka) ClientProperties(tb testing.TB) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "client.properties")
	text := fmt.Sprintf(`security.protocol=SASL_SSL
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=%q password=%q;
ssl.truststore.type=PEM
ssl.truststore.location=%s
`, KafkaUser, KafkaPassword, k.Security.File)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// Each calls f for each record of the topic, from its beginning to its end, with no more than one of them in memory.
func (k *Kafka) Each(tb testing.TB, topic string, f func(r *Record)) {
	tb.Helper()
	cmd := exec.Command("kcat", "-C", "-q", "-e", "-J", "-o", "beginning", "-b", strings.Join(k.Addrs(), ","), "-t", topic)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	dec := json.NewDecoder(out)
	for {
		var r Record
		if err = dec.Decode(&r); err != nil {
			break
		}
		f(&r)
	}
	if werr := cmd.Wait(); err != io.EOF || werr != nil {
		tb.Fatalf("kcat %s: %v, %v\n%s", topic, err, werr, errs.String())
	}
}

// Seen returns a channel that is closed when the topic gets a record from now on.
func (k *Kafka) Seen(tb testing.TB, topic string) <-chan struct{} {
	tb.Helper()
	cmd := exec.Command("kcat", "-C", "-u", "-q", "-c", "1", "-o", "end", "-f", "%o\n", "-b", strings.Join(k.Addrs(), ","), "-t", topic,
		"-X", "fetch.wait.max.ms=5")
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { cmd.Process.Kill() })
	seen := make(chan struct{})
	go func() {
		io.ReadAll(out)
		cmd.Wait()
		close(seen)
	}()
	time.Sleep(700 * time.Millisecond) // until it knows where the ends are
	return seen
}

// StoredIn is Stored for a topic that CreateTopic did not make, and 0 where the cluster does not say.
func (k *Kafka) StoredIn(topic string, partitions int) int {
	args := []string{"-Q", "-b", strings.Join(k.Addrs(), ",")}
	for p := range partitions {
		args = append(args, "-t", fmt.Sprintf("%s:%d:-1", topic, p))
	}
	out, err := exec.Command("kcat", args...).Output()
	if err != nil {
		return 0 // no leader at the moment
	}
	sum := 0
	for line := range strings.Lines(string(out)) {
		var n int
		if _, offset, ok := strings.Cut(line, " offset "); ok {
			fmt.Sscan(offset, &n)
			sum += n
		}
	}
	return sum
}
