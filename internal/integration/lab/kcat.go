//go:build integration

package lab

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Record is a record as kcat tells it.
type Record struct {
	Topic     string   `json:"topic"`
	Partition int      `json:"partition"`
	Offset    int64    `json:"offset"`
	Headers   []string `json:"headers"` // name, value, name, value
	Key       *string  `json:"key"`
	Payload   string   `json:"payload"`
}

// Header is the value of a header, "" if it is missing.
func (r *Record) Header(name string) string {
	for i := 0; i+1 < len(r.Headers); i += 2 {
		if r.Headers[i] == name {
			return r.Headers[i+1]
		}
	}
	return ""
}

// Count is the number of records in a topic, or -1 where the cluster does not say.
func (k *Kafka) Count(topic string) int {
	args := []string{"-Q", "-b", strings.Join(k.Addrs(), ",")}
	for p := range k.topics[topic] {
		args = append(args, "-t", fmt.Sprintf("%s:%d:-1", topic, p))
	}
	out, err := exec.Command("kcat", args...).Output()
	if err != nil {
		return -1
	}
	sum := 0
	for line := range strings.Lines(string(out)) {
		var n int
		if _, err := fmt.Sscan(line[strings.LastIndex(line, " ")+1:], &n); err != nil {
			return -1
		}
		sum += n
	}
	return sum
}

// Consume reads a topic from its beginning to its end with kcat, a client that shares no code
// with bouncepipe's.
func (k *Kafka) Consume(tb testing.TB, topic string, args ...string) []Record {
	tb.Helper()
	all := append([]string{"-C", "-q", "-e", "-J", "-o", "beginning", "-b", strings.Join(k.Addrs(), ","), "-t", topic}, args...)
	var recs []Record
	dec := json.NewDecoder(strings.NewReader(Run(tb, "kcat", all...)))
	for dec.More() {
		var r Record
		if err := dec.Decode(&r); err != nil {
			tb.Fatal(err)
		}
		recs = append(recs, r)
	}
	return recs
}
