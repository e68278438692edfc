package dsn

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// within fails the test when f takes absurdly long, each time: a guard against quadratic work, two
// orders above what a slow machine needs. A busy one may be late once or twice.
func within(t *testing.T, d time.Duration, f func()) {
	t.Helper()
	var took time.Duration
	for range 3 {
		start := time.Now()
		f()
		if took = time.Since(start); took <= d {
			return
		}
	}
	t.Errorf("took %v, more than %v", took, d)
}

func has(r *Report, problem string) bool {
	for _, p := range r.Problems {
		if p.Name == problem {
			return true
		}
	}
	return false
}

const reportHead = "From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n"

func TestManyRecipients(t *testing.T) {
	var b strings.Builder
	b.WriteString(reportHead + "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n")
	for i := range 10000 {
		fmt.Fprintf(&b, "\nFinal-Recipient: rfc822; u%d@example.org\nAction: failed\nStatus: 5.1.1\n", i)
	}
	b.WriteString("\n--b--\n")
	p := Parser{Limits: Limits{Bytes: 8 << 20}}
	r, err := p.Parse([]byte(b.String()))
	if err != nil || len(r.Recipients) != 1000 || !has(r, "recipients_limit") {
		t.Fatalf("%v, %d recipients, %v", err, len(r.Recipients), r.Problems)
	}
}

func TestDepth(t *testing.T) {
	for _, depth := range []int{8000, 100000} {
		var b strings.Builder
		b.WriteString("From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status; boundary=b0\n\n")
		for i := range depth {
			fmt.Fprintf(&b, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
		}
		p := Parser{Limits: Limits{Bytes: 16 << 20, Work: 1 << 30}}
		within(t, 5*time.Second, func() {
			if r, err := p.Parse([]byte(b.String())); err != nil || !has(r, "depth_limit") {
				t.Errorf("depth %d: %v", depth, err)
			}
		})
	}
	// The same by returned messages.
	mail := reportHead + strings.Repeat("--b\nContent-Type: message/rfc822\n\n"+reportHead, 3000)
	within(t, 5*time.Second, func() {
		if _, err := new(Parser).Parse([]byte(mail)); err != nil {
			t.Error(err)
		}
	})
}

func TestRecipientWithoutAddress(t *testing.T) {
	mail := reportHead + "--b\n\nkim@example.org\n  is not here\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n" +
		"Final-Recipient: rfc822; kim@example.org\nAction: failed\n\nFinal-Recipient:\nAction: failed\nStatus: 5.1.1\n\n--b--\n"
	if r, err := new(Parser).Parse([]byte(mail)); err != nil || len(r.Recipients) != 2 {
		t.Fatal(r, err)
	}
}

func TestManyParts(t *testing.T) {
	mail := reportHead + strings.Repeat("--b\n\nx\n", 1000000)
	p := Parser{Limits: Limits{Bytes: 16 << 20, Work: 1 << 30}}
	within(t, 5*time.Second, func() {
		if r, err := p.Parse([]byte(mail)); err != nil || !has(r, "parts_limit") {
			t.Error(err)
		}
	})
}

func TestManyHeaderLines(t *testing.T) {
	for name, line := range map[string]string{"fields": "X-A: b\n", "folds": " b\n", "colonless": "b\n"} {
		mail := "From: MAILER-DAEMON@mx.example.net\n" + strings.Repeat(line, 500000) + reportHead
		p := Parser{Limits: Limits{Bytes: 16 << 20, Work: 1 << 30}}
		within(t, 5*time.Second, func() {
			_, err := p.Parse([]byte(mail))
			if err != nil && !errors.Is(err, ErrNotReport) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestHugePartHeader(t *testing.T) {
	mail := reportHead + "--b\nContent-Type: text/plain; x=" + strings.Repeat("a", 32<<20)
	p := Parser{Limits: Limits{Bytes: 64 << 20, Work: 1 << 30}}
	within(t, 5*time.Second, func() {
		if r, err := p.Parse([]byte(mail)); err != nil || !has(r, "header_field_limit") {
			t.Error(err)
		}
	})
}

func TestManyParameters(t *testing.T) {
	var b strings.Builder
	b.WriteString("From: MAILER-DAEMON@mx.example.net\nContent-Type: multipart/report; report-type=delivery-status")
	for i := range 100000 {
		fmt.Fprintf(&b, ";\n x*%d=a", i)
	}
	b.WriteString("\n\n--b\n\nx\n")
	p := Parser{Limits: Limits{Bytes: 16 << 20, Work: 1 << 30}}
	within(t, 5*time.Second, func() {
		if _, err := p.Parse([]byte(b.String())); err != nil {
			t.Error(err)
		}
	})
}

// TestGarbage puts NULs, 8-bit noise and broken UTF-8 into every sample: the recipient of a
// machine part survives noise elsewhere.
func TestGarbage(t *testing.T) {
	raw, err := os.ReadFile("testdata/postfix/alias.eml")
	if err != nil {
		t.Fatal(err)
	}
	noisy := bytes.Replace(raw, []byte("I'm sorry"), []byte("\x00\xff\xfe\x80I'm \xc3\x28 sorry"), 1)
	r, err := new(Parser).Parse(noisy)
	if err != nil || len(r.Recipients) != 1 || r.Recipients[0].FinalRecipient.Value != "kim@example.org" || r.Recipients[0].Reply.Code != 550 {
		t.Fatalf("%v %+v", err, r)
	}
}

// TestCutAnywhere cuts a report at every byte: no panic, and once the machine part is whole
// the recipient is there.
func TestCutAnywhere(t *testing.T) {
	raw, err := os.ReadFile("testdata/postfix/alias.eml")
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.Index(raw, []byte("Content-Description: Undelivered Message Headers"))
	for i := range raw {
		r, err := new(Parser).Parse(raw[:i])
		if i >= whole && (err != nil || len(r.Recipients) != 1 || r.Recipients[0].Status.String() != "5.1.1") {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range samples(f) {
		raw, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	p := Parser{Limits: Limits{Recipients: 50, Parts: 100, Depth: 5}}
	rd := Reader{Limits: p.Limits} // used again: what one mail leaves behind must not show in the next
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := p.Parse(raw)
		if again, rerr := rd.Read(raw); rerr != err || !cmp.Equal(r, again) {
			t.Fatalf("a Reader reads otherwise: %v, %v\n%s", err, rerr, cmp.Diff(r, again))
		}
		if err != nil {
			if !errors.Is(err, ErrNotReport) || r != nil {
				t.Fatalf("%v %v", r, err)
			}
			return
		}
		if len(r.Recipients) > 50 {
			t.Fatalf("%d recipients", len(r.Recipients))
		}
		for _, c := range r.Recipients {
			if c.Reply.Code != 0 && (c.Reply.Code < 200 || c.Reply.Code > 599) {
				t.Fatalf("reply code %d", c.Reply.Code)
			}
		}
	})
}

func FuzzParseReply(f *testing.F) {
	f.Add([]byte("550-5.1.1 a\r\n550 5.1.1 b"))
	f.Add([]byte("host x said: 450 (in reply to"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := ParseReply(b)
		if r.Code != 0 && (r.Code < 200 || r.Code > 599) {
			t.Fatalf("code %d", r.Code)
		}
		if utf8.Valid(b) && !utf8.ValidString(r.Text) {
			t.Fatalf("%q made of valid text", r.Text)
		}
	})
}

func FuzzDecodeUTF7(f *testing.F) {
	f.Add("Hi Mom -+Jjo--!")
	f.Fuzz(func(t *testing.T, s string) { decodeUTF7(s) })
}

func FuzzParseDate(f *testing.F) {
	f.Add("Tue, 24 Nov 2026 10:00:05 +0100 (CET)")
	f.Add("2012-08-21 19-39-02")
	f.Fuzz(func(t *testing.T, s string) { parseDate(s) })
}
