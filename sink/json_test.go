package sink

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sample is an event as most are.
func sample() *Event {
	no := false
	return &Event{
		ID:              "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
		Type:            TypeBounce,
		Time:            time.Date(2026, 3, 9, 14, 5, 6, 0, time.UTC),
		Source:          "imap://bounces%40news.example@imap.news.example/INBOX;UIDVALIDITY=1/;UID=7",
		Address:         "Jo.Doe@example.org",
		Recipient:       "jo.doe@example.org",
		RecipientDomain: "example.org",
		Provider:        "google",
		Action:          "failed",
		Status:          "5.1.1",
		ReplyCode:       550,
		ReplyStatus:     "5.1.1",
		SMTPCommand:     "RCPT",
		DiagnosticCode:  "550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking the recipient's email address for typos or\n550 5.1.1 unnecessary spaces. <jo.doe@example.org>",
		DiagnosticType:  "smtp",
		ReportingMTA:    "mx1.news.example",
		RemoteMTA:       "mx.example.org",
		ArrivalDate:     time.Date(2026, 3, 9, 14, 5, 4, 0, time.UTC),
		LastAttemptDate: time.Date(2026, 3, 9, 14, 5, 6, 0, time.UTC),
		Category:        "user_unknown",
		Class:           "hard",
		Permanence:      "permanent",
		Fault:           "recipient",
		Advice:          "suppress",
		Rule:            "google/no-such-user",
		Fingerprint:     "550 5.1.1 the email account that you tried to reach does not exist",
		SendingIP:       "192.0.2.25",
		OutOfBand:       &no,
		Original: &Original{
			MessageID:  "<c0ffee@news.example>",
			From:       "News <news@news.example>",
			To:         "jo.doe@example.org",
			Subject:    "Spring — what is new",
			Date:       time.Date(2026, 3, 9, 14, 5, 1, 0, time.UTC),
			ReturnPath: "bounce+jo.doe=example.org@news.example",
			Headers:    map[string]string{"x-campaign": "spring", "x-batch": "12"},
		},
		Report: &Report{Dialect: "rfc3464", MessageID: "<r1@mx1.news.example>", From: "MAILER-DAEMON@mx1.news.example"},
	}
}

// fill sets every field below v to something that is not its zero value; n makes them differ.
func fill(v reflect.Value, n *int, text func(n int) string) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(text(*n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(300 + *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n, text)
		fill(v.Index(1), n, text)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			*n++
			v.SetMapIndex(reflect.ValueOf(text(*n)), reflect.ValueOf(text(*n+1000)))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, *n, 0, time.UTC)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n, text)
		}
	default:
		panic("no sample for " + v.Type().String())
	}
}

func full(text func(n int) string) *Event {
	var e Event
	n := 0
	fill(reflect.ValueOf(&e).Elem(), &n, text)
	return &e
}

// reference is what encoding/json makes of e.
func reference(t testing.TB, e *Event) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), `\u0000`, `\ufffd`)
}

func TestJSONIsEncodingJSON(t *testing.T) {
	empty := &Event{Blocklist: &Blocklist{}, Original: &Original{}, Report: &Report{}, Feedback: &Feedback{}, Problems: []Problem{{}}}
	hostile := []string{
		"\x00", "a\x00b", "\x01\x1f\x7f", "\b\f\n\r\t\v", `"\/`, "<&>'", "\u2028 \u2029", "\xff", "a\xc3", "\xe2\x82", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "grüße", "日本語", "\U0001F600", "\ufffd", "x\xffy\xfe", strings.Repeat("\xf0", 20), "\u202f",
	}
	cases := map[string]*Event{
		"zero": {}, "empty": empty, "sample": sample(),
		"full":    full(func(n int) string { return fmt.Sprintf("text %d", n) }),
		"hostile": full(func(n int) string { return hostile[n%len(hostile)] + fmt.Sprint(n) }),
	}
	for name, e := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := JSON{}.Append([]byte("before "), e)
			if err != nil {
				t.Fatal(err)
			}
			if want := "before " + reference(t, e); string(got) != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
	for _, s := range hostile {
		e := &Event{DiagnosticCode: s}
		got, _ := JSON{}.Append(nil, e)
		if want := reference(t, e); string(got) != want {
			t.Errorf("%q:\n got %s\nwant %s", s, got, want)
		}
	}
}

func TestJSONTimes(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, c := range []struct {
		t    time.Time
		want string
	}{
		{time.Date(2026, 3, 9, 14, 5, 6, 999_999_999, time.UTC), "2026-03-09T14:05:06Z"},
		{time.Date(2026, 3, 9, 0, 5, 6, 0, berlin), "2026-03-08T23:05:06Z"},
		{time.Date(12345, 1, 1, 0, 0, 0, 0, time.UTC), "0001-01-01T00:00:00Z"},
		{time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), "0001-01-01T00:00:00Z"},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600)), "0001-01-01T00:00:00Z"},
	} {
		b, _ := JSON{}.Append(nil, &Event{Time: c.t})
		if want := `"time":"` + c.want + `"`; !strings.Contains(string(b), want) {
			t.Errorf("%v: got %s, want %s", c.t, b, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("plain", "\x00\xff\"\\\u2028")
	f.Fuzz(func(t *testing.T, a, b string) {
		e := &Event{ID: a, DiagnosticCode: b, Original: &Original{Headers: map[string]string{a: b}}, Problems: []Problem{{Name: b}}}
		got, err := JSON{}.Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(got) || !utf8.Valid(got) || bytes.ContainsAny(got, "\n\x00") {
			t.Fatalf("not one line of JSON: %q", got)
		}
		if want := reference(t, e); string(got) != want {
			t.Fatalf("\n got %s\nwant %s", got, want)
		}
	})
}

func schema(t testing.TB) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(EventSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("event.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONSatisfiesSchema(t *testing.T) {
	s := schema(t)
	check := func(e *Event) error {
		b, err := JSON{}.Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(doc)
	}
	if err := check(sample()); err != nil {
		t.Error(err)
	}
	min := &Event{ID: sample().ID, Type: TypeQuarantined, Source: "file:///x"}
	if err := check(min); err != nil {
		t.Error(err)
	}
	for _, typ := range []string{TypeBounce, TypeDelay, TypeDelivery, TypeComplaint, TypeAutoReply, TypeChallenge, TypeDisposition, TypeQuarantined} {
		e := sample()
		e.Type = typ
		if err := check(e); err != nil {
			t.Error(err)
		}
	}
	bad := sample()
	bad.Class = "medium"
	if check(bad) == nil {
		t.Error("the schema takes a class that does not exist")
	}
}

// TestSchemasListTheFields holds both schemas to the Go type: same fields in the same
// order with the same types, each with a description.
func TestSchemasListTheFields(t *testing.T) {
	var js, avro map[string]any
	if err := json.Unmarshal([]byte(EventSchema), &js); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(EventAvro), &avro); err != nil {
		t.Fatal(err)
	}
	compareJSONSchema(t, "event", reflect.TypeFor[Event](), js)
	compareAvro(t, "event", reflect.TypeFor[Event](), avro)

	order := func(doc, before string) (names []string) {
		dec := json.NewDecoder(strings.NewReader(doc[strings.Index(doc, before)+len(before):]))
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, k.(string))
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				t.Fatal(err)
			}
		}
		return names
	}
	var want []string
	for name := range fields(reflect.TypeFor[Event]()) {
		want = append(want, name)
	}
	if got := order(EventSchema, `"properties":`); !reflect.DeepEqual(got, want) {
		t.Errorf("event.schema.json has another order:\n got %v\nwant %v", got, want)
	}
}

// fields yields the JSON name and the field of each of t's fields.
func fields(t reflect.Type) func(yield func(string, reflect.StructField) bool) {
	return func(yield func(string, reflect.StructField) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !yield(name, f) {
				return
			}
		}
	}
}

func optional(f reflect.StructField) bool { return strings.Contains(f.Tag.Get("json"), ",omit") }

func compareJSONSchema(t *testing.T, path string, typ reflect.Type, node map[string]any) {
	if path != "event.problems[]" && node["description"] == nil {
		t.Errorf("%s: no description", path)
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer",
		reflect.Bool: "boolean", reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array"}[typ.Kind()]
	isTime := typ == reflect.TypeFor[time.Time]()
	if isTime {
		want = "string"
		if node["format"] != "date-time" {
			t.Errorf("%s: format %v, want date-time", path, node["format"])
		}
	}
	if node["type"] != want {
		t.Errorf("%s: type %v, want %s", path, node["type"], want)
		return
	}
	switch {
	case isTime:
	case typ.Kind() == reflect.Slice:
		if elem := typ.Elem(); elem.Kind() == reflect.Struct {
			compareJSONSchema(t, path+"[]", elem, node["items"].(map[string]any))
		}
	case typ.Kind() == reflect.Struct:
		if node["additionalProperties"] != false {
			t.Errorf("%s: additionalProperties is not false", path)
		}
		props := node["properties"].(map[string]any)
		required := map[string]bool{}
		list, _ := node["required"].([]any)
		for _, r := range list {
			required[r.(string)] = true
		}
		n := 0
		for name, f := range fields(typ) {
			n++
			sub, ok := props[name].(map[string]any)
			if !ok {
				t.Errorf("%s.%s: not in event.schema.json", path, name)
				continue
			}
			if required[name] == optional(f) {
				t.Errorf("%s.%s: required %v in event.schema.json", path, name, required[name])
			}
			compareJSONSchema(t, path+"."+name, f.Type, sub)
		}
		if n != len(props) {
			t.Errorf("%s: event.schema.json lists %d fields, the type %d", path, len(props), n)
		}
	}
}

func compareAvro(t *testing.T, path string, typ reflect.Type, node map[string]any) {
	list := node["fields"].([]any)
	if len(list) != typ.NumField() {
		t.Fatalf("%s: event.avsc lists %d fields, the type %d", path, len(list), typ.NumField())
	}
	i := 0
	for name, f := range fields(typ) {
		field := list[i].(map[string]any)
		i++
		at := path + "." + name
		if field["name"] != name {
			t.Errorf("%s: event.avsc has %v here", at, field["name"])
			continue
		}
		if field["doc"] == nil {
			t.Errorf("%s: no doc", at)
		}
		ft, got := f.Type, field["type"]
		if ft.Kind() != reflect.Slice && ft.Kind() != reflect.Map && optional(f) {
			union, ok := got.([]any)
			if !ok || len(union) != 2 || union[0] != "null" {
				t.Errorf("%s: %v, want a union with null", at, got)
				continue
			}
			got = union[1]
		}
		if _, has := field["default"]; has != optional(f) {
			t.Errorf("%s: default: %v", at, has)
		}
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		var want any
		switch ft.Kind() {
		case reflect.String:
			want = "string"
		case reflect.Int:
			want = "int"
		case reflect.Int64:
			want = "long"
		case reflect.Bool:
			want = "boolean"
		case reflect.Map:
			want = map[string]any{"type": "map", "values": "string"}
		case reflect.Slice:
			items := got.(map[string]any)["items"]
			if ft.Elem().Kind() == reflect.Struct {
				compareAvro(t, at+"[]", ft.Elem(), items.(map[string]any))
				continue
			}
			want = map[string]any{"type": "array", "items": "string"}
		case reflect.Struct:
			if ft != reflect.TypeFor[time.Time]() {
				compareAvro(t, at, ft, got.(map[string]any))
				continue
			}
			want = map[string]any{"type": "long", "logicalType": "timestamp-millis"}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: event.avsc says %v, want %v", at, got, want)
		}
	}
}

func BenchmarkJSON(b *testing.B) {
	e := sample()
	var buf []byte
	for b.Loop() {
		buf, _ = JSON{}.Append(buf[:0], e)
	}
	b.SetBytes(int64(len(buf)))
}
