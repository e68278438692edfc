package classify

import (
	"testing"

	"github.com/bouncepipe/bouncepipe/dsn"
)

func TestNamed(t *testing.T) {
	rep := &dsn.Report{Header: dsn.Header{{Name: "To", Value: "Lee <bounce+7@example.com>"}}}
	rep.Original.Header = dsn.Header{{Name: "From", Value: "news@mail.example.com"}}
	for reply, want := range map[string]uint8{
		"550 <news@mail.example.com>: user unknown":                             namesSender,
		"550 BOUNCE+7@example.com unknown":                                      namesSender,
		"550 <kim@example.org> unknown, said to <news@mail.example.com>":        0,
		"550 mail.example.com: domain not found":                                namesSenderDomain,
		"550 example.com.: domain not found":                                    namesSenderDomain,
		"550 relay.mail.example.com.invalid: domain not found":                  0,
		"550 user unknown":                                                      0,
		"550 5.1.1 user unknown. For help see https://example.org/?example.com": 0,
	} {
		rcpt := &dsn.Recipient{FinalRecipient: dsn.Typed{Type: "rfc822", Value: "kim@example.org"}, Reply: dsn.ParseReply([]byte(reply))}
		if got := named(rep, rcpt); got != want {
			t.Errorf("%s: got %b, want %b", reply, got, want)
		}
	}
}

func TestHoldsIPv4(t *testing.T) {
	for text, want := range map[string]bool{
		"host 192.0.2.1 is blocked": true, "[192.0.2.14]": true, "": false, "550 5.7.1 blocked": false,
		"version 1.2.3": false, "1234.5.6": false, "1. 2. 3. 4": false,
	} {
		if got := holdsIPv4([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestOfDomain(t *testing.T) {
	for _, tt := range []struct {
		host, address string
		want          bool
	}{
		{"mx.example.org", "a@example.org", true}, {"mx.example.org", "a@mail.example.org", true}, {"relay.example.net", "a@example.org", false},
		{"relay.one-example.co.uk", "a@other-example.co.uk", false}, {"mx.one-example.co.uk", "a@one-example.co.uk", true},
		{"mailhost", "a@example.org", false}, {"relay.example.net", "", true},
	} {
		if got := ofDomain(tt.host, tt.address); got != tt.want {
			t.Errorf("%s, %s: %v", tt.host, tt.address, got)
		}
	}
}
