package dsn

import (
	"bytes"
	"errors"
	"fmt"
	netmail "net/mail"
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

// TestRepeated fills texts up to what is read with one thing: each must cost about what the others do.
func TestRepeated(t *testing.T) {
	list := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	const prose = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n\n"
	const sendmail = prose + "The original message was received\n\n   ----- The following addresses had permanent fatal errors -----\n"
	const exim = prose + "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. The following address(es) failed:\n\n"
	const ironport = prose + "The following message to <kim@example.org> was undeliverable.\nThe reason for the problem:\n5.1.0 - x\n\n"
	hundred := prose + "Your message could not be delivered to:\n\n" + list("user%d@example.org\n", 100) + "\n"
	for _, c := range []struct{ head, unit string }{
		{prose, "a"}, {prose, "\n"}, {prose, "\n\n"}, {prose, " \n"}, {prose, ":"}, {prose, "\""}, {prose, "@"}, {prose, "\n--"}, {prose, "#"}, {prose, "\x00"}, {prose, "\r"},
		{prose, "a@b.cd "}, {prose, "a@b.cd, "}, {prose, "a@b.cd\n"}, {prose, "a@b.cd:\n"}, {prose, "To: x\n\n"}, {prose, "\"a\" "}, {prose, "\u201ca\u201d "}, {prose, "x (in reply to RCPT TO command) "},
		{hundred, "Reason: x\n"}, {hundred, "subject \"x\" "}, {hundred, strings.Repeat("subject \"x\" ", 300) + "\n\n"}, {hundred, strings.Repeat("mailbox unknown ", 250) + "\n\n"}, {hundred, strings.Repeat("possible cause. ", 250) + "\n\n"},
		{sendmail + list("<user%d@example.org>\n", 3000) + "\n   ----- Transcript of session follows -----\n" + list(">>> RCPT\n<<< 550 unknown %d\n", 1900), "550 5.1.1 user7@example.org... User unknown\n"},
		{sendmail + list("<user%d@example.org>\n", 3000) + "\n   ----- Transcript of session follows -----\n" + list(">>> RCPT\n<<< 550 unknown %d\n", 1900) + list("550 5.1.1 user%d@example.org... User unknown\n", 3000), "x\n"},
		{sendmail, "----- The following addresses had permanent fatal errors -----"},
		{exim + list("  user%d@example.org\n    550 no\n", 5000) + "\nThe following text was generated during the delivery attempt:\n\n", "------ pipe to |x\n generated by user@b ------\nx\n\n"},
		{strings.Replace(reportHead, "report;", "mixed;", 1), "--b\nContent-Type: text/plain\n\n" + strings.Repeat("kim@example.org failed\n", 20)},
		{ironport, "The following message to <kim@example.org> was undeliverable.\n"},
		{prose, "CAUTION: external sender\n"}, {prose, "\n\nThis message is confidential"},
	} {
		mail := []byte(c.head + strings.Repeat(c.unit, max(0, 500<<10-len(c.head))/len(c.unit)) + "\n")
		within(t, 10*time.Second, func() { new(Parser).Parse(mail) })
		if t.Failed() {
			t.Fatalf("%.80q of %.30q", c.head[len(c.head)-min(len(c.head), 80):], c.unit)
		}
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

// The quick way and the general one agree, and both agree with net/mail on what is usual.
func FuzzParseDate(f *testing.F) {
	f.Add("Tue, 24 Nov 2026 10:00:05 +0100 (CET)")
	f.Add("2012-08-21 19-39-02")
	f.Add(" Mon, 9 Feb 1998 23:59:60 -1400")
	f.Fuzz(func(t *testing.T, s string) {
		got, usual := usualDate(s)
		if want := anyDate(s); usual && got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
		if std, err := netmail.ParseDate(s); usual && err == nil && !got.Equal(std) {
			t.Errorf("%q: %v, net/mail says %v", s, got, std)
		}
		parseDate(s)
	})
}

// FuzzCleanAddress compares the quick way for bare addresses with the general one.
func FuzzCleanAddress(f *testing.F) {
	f.Add("kim@example.org")
	f.Add("@relay.example.net,@b.example.net:kim@example.org")
	f.Add("!kim+x=y@example.org.")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := cleanAddress(s), takenOut(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	})
}

// FuzzLines compares what reads lines, white space and case quickly with the standard library.
func FuzzLines(f *testing.F) {
	f.Add("a\r\n  b\tC\x00\xff\n\n", "c\x00")
	f.Add(" İ Ü \u2028\u0085", "i")
	f.Fuzz(func(t *testing.T, s, sub string) {
		if got, want := lower(s), strings.ToLower(s); got != want {
			t.Errorf("lower %q: %q, want %q", s, got, want)
		}
		if got, want := trimSpace(s), strings.TrimSpace(s); got != want {
			t.Errorf("trimSpace %q: %q, want %q", s, got, want)
		}
		if isASCII(s) && isASCII(sub) && sub != "" {
			low, sub := strings.ToLower(s), strings.ToLower(sub)
			if got, want := indexFold(s, sub), strings.Index(low, sub); got != want {
				t.Errorf("indexFold %q, %q: %d, want %d", s, sub, got, want)
			}
			if got, want := hasSuffixFold(s, sub), strings.HasSuffix(low, sub); got != want {
				t.Errorf("hasSuffixFold %q, %q: %v", s, sub, got)
			}
		}
		m := &mail{limits: Limits{}.withDefaults()}
		blanks := m.findLines(s)
		if rest := s[strings.IndexByte(s, '\n')+1:]; !blanks && rest != "" && strings.Contains(s, "\n") && emptyBlankLines("\n"+rest) != "\n"+rest && !isBlank(rest[strings.LastIndexByte(rest, '\n')+1:]) {
			t.Errorf("findLines %q: no line of blanks", s)
		}
		for i, end := range m.lineEnds {
			if n := strings.Count(s[:end], "\n"); s[end] != '\n' || n != i {
				t.Errorf("findLines %q: line end %d at %d", s, i, end)
			}
		}
	})
}
