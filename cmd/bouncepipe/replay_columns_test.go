package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/bouncepipe/bouncepipe/sink"
)

// tableEvent has every field.
func tableEvent(t *testing.T) *sink.Event {
	t.Helper()
	text := `{"id":"0123","type":"bounce","time":"2025-03-11T09:00:00Z","source":"mbox:///a,b#0",
"address":"kim@example.org","recipient":"kim@example.org","recipient_domain":"example.org","new_address":"new@example.org","provider":"google",
"action":"failed","status":"5.1.1","reply_code":550,"reply_status":"5.1.1","smtp_command":"RCPT","diagnostic_code":"550 \"no\"\nsuch, user \u00e9","diagnostic_type":"smtp",
"reporting_mta":"out.example.com","remote_mta":"mx.example.org","received_from_mta":"in.example.com","arrival_date":"2025-03-11T08:00:00Z","last_attempt_date":"2025-03-11T08:30:00Z","will_retry_until":"2025-03-12T08:00:00Z","final_log_id":"Q1","original_envelope_id":"e1",
"category":"user_unknown","class":"hard","permanence":"permanent","fault":"recipient","advice":"suppress","retry_after_s":60,"blocklist":{"zone":"zen.example","listed":"192.0.2.1","removal_url":"https://bl.example/"},"rule":"en/user-unknown","fingerprint":"no such user",
"sending_ip":"192.0.2.2","sending_domain":"example.com","campaign":"march","out_of_band":true,"verified":"yes",
"original":{"message_id":"<1@example.com>","from":"news@example.com","to":"kim@example.org","subject":"News","date":"2025-03-11T07:00:00Z","return_path":"b@example.com","list_id":"l","feedback_id":"f","headers":{"x-a.b":"v"}},
"report":{"dialect":"rfc3464","message_id":"<2@example.org>","from":"MAILER-DAEMON","date":"2025-03-11T09:00:00Z"},
"feedback":{"type":"abuse","user_agent":"u","source_ip":"192.0.2.3","original_mail_from":"b@example.com","original_rcpt_to":["a@example.org","c@example.org"],"reported_domain":["example.com"],"reported_uri":["http://example.com/"],"reporting_mta":"r","arrival_date":"2025-03-11T06:00:00Z","auth_failure":"dkim","incidents":3},
"problems":[{"name":"head_only","detail":"half"},{"name":"no_date"}]}`
	var e sink.Event
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Fatal(err)
	}
	return &e
}

// flat joins the names of what JSON nests.
func flat(into map[string]string, prefix string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			flat(into, strings.TrimPrefix(prefix+"."+name, "."), inner)
		}
	case []any:
		var words []string
		for _, w := range v {
			if p, ok := w.(map[string]any); ok {
				w = join(": ", fmt.Sprint(p["name"]), strings.TrimPrefix(fmt.Sprint(p["detail"]), "<nil>"))
			}
			words = append(words, fmt.Sprint(w))
		}
		into[prefix] = strings.Join(words, map[bool]string{true: "; ", false: " "}[prefix == "problems"])
	default:
		into[prefix] = fmt.Sprint(v)
	}
}

// The tables have a column for every field of the event, and hold what JSON holds.
func TestColumns(t *testing.T) {
	e := tableEvent(t)
	text, _ := sink.JSON{}.Append(nil, e)
	var all any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	flat(want, "", all)
	cols := eventColumns([]string{"x-a.b"})

	t.Run("csv", func(t *testing.T) {
		enc := csvEncoder{cols}
		line, _ := enc.Append(enc.header(), e)
		if n := bytes.Count(line, []byte("\n")); n != 1 {
			t.Errorf("%d lines behind the header", n)
		}
		records, err := csv.NewReader(bytes.NewReader(line)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for i, name := range records[0] {
			got[name] = records[1][i]
		}
		for name, v := range want {
			if got[name] != strings.ReplaceAll(v, "\n", " ") {
				t.Errorf("%s is %q, not %q", name, got[name], v)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d columns, %d fields", len(got), len(want))
		}
		empty, _ := enc.Append(nil, &sink.Event{DiagnosticCode: "\xff\"\x00"})
		if s := string(empty); !strings.Contains(s, "\"\uFFFD\"\" \"") {
			t.Errorf("%q", s)
		}
	})

	t.Run("parquet", func(t *testing.T) {
		var file bytes.Buffer
		w := newParquet(&file, "out", cols)
		value, _ := packer{cols}.Append(nil, e)
		none, _ := packer{cols}.Append(nil, &sink.Event{})
		recs := []sink.Record{{Value: value}, {Value: none}}
		if err := w.Write(context.Background(), recs); err != nil || !recs[1].Acked {
			t.Fatal(err)
		}
		if err := w.finish(); err != nil {
			t.Fatal(err)
		}
		r := parquet.NewReader(bytes.NewReader(file.Bytes()))
		defer r.Close()
		rows := make([]parquet.Row, 2)
		if n, err := r.ReadRows(rows); n != 2 || err != nil && err != io.EOF {
			t.Fatal(n, err)
		}
		got := map[string]string{}
		for i, path := range r.Schema().Columns() {
			name, v := strings.Join(path, "."), rows[0][i]
			got[name] = v.String()
			for _, c := range cols {
				if c.name == name && c.kind == timeColumn {
					got[name] = time.UnixMilli(v.Int64()).UTC().Format(time.RFC3339)
				}
			}
			if !rows[1][i].IsNull() {
				t.Errorf("%s of nothing is %v", name, rows[1][i])
			}
		}
		for name, v := range want {
			if got[name] != v {
				t.Errorf("%s is %q, not %q", name, got[name], v)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d columns, %d fields", len(got), len(want))
		}
	})
}
