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

func BenchmarkJSON(b *testing.B) {
	e := sample()
	var buf []byte
	for b.Loop() {
		buf, _ = JSON{}.Append(buf[:0], e)
	}
	b.SetBytes(int64(len(buf)))
}
