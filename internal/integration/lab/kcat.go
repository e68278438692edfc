//go:build integration

package lab

import (
	"encoding/json"
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
