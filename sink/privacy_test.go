package sink

import (
	"reflect"
	"strings"
	"testing"
)

var hashing = &Privacy{Key: []byte("0123456789abcdef")}

func TestPrivacyHashesAddresses(t *testing.T) {
	e := sample()
	e.NewAddress = "Jo@new.example"
	before := sample()
	original, report := e.Original, e.Report
	hashing.Apply(e)
	jo := hashing.Hash("JO.doe@example.org ")
	if len(jo) != 64 || e.Address != jo || e.Recipient != jo || e.NewAddress != hashing.Hash("jo@new.example") || string(Key(e)) != jo || e.Original.To != jo {
		t.Errorf("%+v", e)
	}
	for got, want := range map[string]string{
		e.DiagnosticCode[len(e.DiagnosticCode)-13:]: "<[recipient]>",
		e.Original.ReturnPath:                       "bounce+[recipient]@news.example",
		e.Original.From:                             before.Original.From,
		e.Original.MessageID:                        before.Original.MessageID,
		e.RecipientDomain:                           "example.org",
		e.ID:                                        before.ID,
		e.Report.From:                               before.Report.From,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if !reflect.DeepEqual(original, before.Original) || !reflect.DeepEqual(report, before.Report) {
		t.Error("what the event points to was changed")
	}
	// printf %s jo@example.org | openssl dgst -sha256 -hmac 0123456789abcdef
	if got, want := hashing.Hash("Jo@example.org"), "a2d80bcc8c186b92b94055716d98370aad31740e6e1622b7f4876f1e6999d80c"; got != want {
		t.Errorf("got %s, openssl says %s", got, want)
	}
	if other := (&Privacy{Key: []byte("0123456789abcdeF")}).Hash("jo.doe@example.org"); other == jo {
		t.Error("the hash does not depend on the key")
	}
}

func TestPrivacyTexts(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"550 5.1.1 <Jo.Doe@EXAMPLE.org>... User unknown", "550 5.1.1 <[recipient]>... User unknown"},
		{"550 jo.doe: no such user", "550 [recipient]: no such user"},
		{"550 no mailbox jo.doe.", "550 no mailbox [recipient]."},
		{"550 user (jo.doe+list) unknown", "550 user ([recipient]+list) unknown"},
		{"jo.does is not jo.doe-x nor ajo.doe", "jo.does is not jo.doe-x nor ajo.doe"},
		{"sender other@example.com rejected", "sender [address] rejected"},
		{"a@b.example, \"o p\"@c.example; x@[192.0.2.1].", "[address], [address]; [address]."},
		{"to=<jo.doe=example.org@news.example> jo.doe%40example.org example.org=jo.doe", "to=<[recipient]@news.example> [recipient] [recipient]"},
		{"https://list.example/?rcpt=jo.doe%40example.org&x", "https://list.example/?rcpt=[recipient]&x"},
		{"no @ at all, a@, @b", "no @ at all, a@, @b"},
		{"grüße@straße.example ok", "[address] ok"},
		{"@@@@", "@@@@"},
		{"5.1.1 jo.doe@example.orgjo.doe@example.org", "5.1.1 [recipient][recipient]"},
	} {
		e := &Event{Recipient: "jo.doe@example.org", DiagnosticCode: c.text}
		hashing.Apply(e)
		if e.DiagnosticCode != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.text, e.DiagnosticCode, c.want)
		}
	}
	e := &Event{Recipient: "550@example.org", Address: "postmaster", DiagnosticCode: "550 5.1.1 unknown: postmaster"}
	hashing.Apply(e)
	if e.DiagnosticCode != "550 5.1.1 unknown: [recipient]" {
		t.Error(e.DiagnosticCode)
	}
}

// TestPrivacyLeavesNoAddress: wherever a recipient's address stands, it does not leave.
func TestPrivacyLeavesNoAddress(t *testing.T) {
	for _, typ := range []string{TypeBounce, TypeComplaint, TypeAutoReply} {
		e := full(func(int) string { return `"Jo" <Jo.Doe@Example.Org> jo.doe=example.org jo.doe%40EXAMPLE.org` })
		e.ID, e.Type, e.Source = "1", typ, "file:///x"
		// Words of ours, which no report can fill with an address.
		for _, s := range []*string{&e.RecipientDomain, &e.Provider, &e.Action, &e.Status, &e.ReplyStatus, &e.DiagnosticType, &e.Category, &e.Class,
			&e.Permanence, &e.Fault, &e.Advice, &e.Rule, &e.SendingIP, &e.Verified, &e.Report.Dialect, &e.Feedback.Type, &e.Feedback.SourceIP,
			&e.Problems[0].Name, &e.Problems[1].Name} {
			*s = "word"
		}
		e.Address, e.Recipient, e.NewAddress = "jo.doe@example.org", "JO.DOE@example.org", "jo.doe@example.org"
		for i := range e.Feedback.OriginalRcptTo {
			e.Feedback.OriginalRcptTo[i] = "<jo.doe@example.org>"
		}
		e.Original.Headers = map[string]string{"x": e.Original.Headers[`"Jo" <Jo.Doe@Example.Org> jo.doe=example.org jo.doe%40EXAMPLE.org`]}
		hashing.Apply(e)
		b, _ := JSON{}.Append(nil, e)
		if s := strings.ToLower(string(b)); strings.Contains(s, "jo.doe") {
			t.Errorf("%s: %s", typ, b)
		}
	}
}

func TestPrivacyParts(t *testing.T) {
	e := sample()
	(&Privacy{}).Apply(e)
	if !reflect.DeepEqual(e, sample()) {
		t.Error("the zero value changes events")
	}
	for _, part := range originalParts {
		e := full(func(int) string { return "x" })
		(&Privacy{Original: []string{part}}).Apply(e)
		v, n := reflect.ValueOf(*e.Original), 0
		for i := range v.NumField() {
			if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); !v.Field(i).IsZero() {
				if n++; name != part {
					t.Errorf("%s leaves with %s", name, part)
				}
			}
		}
		if n != 1 {
			t.Errorf("%s: %d parts leave", part, n)
		}
	}
	if n := reflect.TypeFor[Original]().NumField(); n != len(originalParts) {
		t.Errorf("original has %d parts, privacy knows %d", n, len(originalParts))
	}
	(&Privacy{Original: []string{}}).Apply(e)
	if e.Original != nil {
		t.Error("parts leave though none may")
	}
}

func TestNewPrivacy(t *testing.T) {
	for _, c := range []struct {
		recipient, key string
		original       []string
		want           string
	}{
		{"", "", nil, ""}, {"clear", "", nil, ""}, {"hash", "0123456789abcdef", []string{"subject"}, ""},
		{"none", "", nil, "it may be clear or hash"}, {"hash", "", nil, "needs a key"}, {"hash", "short", nil, "at least 16"}, {"", "", []string{"bcc"}, `no part "bcc"; it has message_id`},
	} {
		_, err := NewPrivacy(c.recipient, []byte(c.key), c.original)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func FuzzPrivacy(f *testing.F) {
	f.Add("jo@example.org", "550 <jo@example.org> unknown")
	f.Fuzz(func(t *testing.T, address, text string) {
		e := &Event{Recipient: address, DiagnosticCode: text + address + " " + text}
		hashing.Apply(e)
		if low := lowerASCII(strings.Trim(address, "<> \t")); len(low) > 12 && strings.Count(low, "@") == 1 && low[0] != '@' && low[len(low)-1] != '@' && strings.Contains(lowerASCII(e.DiagnosticCode), low) {
			t.Errorf("%q is left in %q", address, e.DiagnosticCode)
		}
	})
}

func BenchmarkPrivacy(b *testing.B) {
	for b.Loop() {
		e := *sample()
		hashing.Apply(&e)
	}
}
