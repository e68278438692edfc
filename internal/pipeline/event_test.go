package pipeline

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

func header(fields ...string) dsn.Header {
	var h dsn.Header
	for i := 0; i < len(fields); i += 2 {
		h = append(h, dsn.Field{Name: fields[i], Value: fields[i+1]})
	}
	return h
}

func rfc822(a string) dsn.Typed { return dsn.Typed{Type: "rfc822", Value: a} }

// made returns the event of a report with one recipient, or of none.
func made(s *Sender, rep *dsn.Report, v classify.Verdict) *sink.Event {
	if rep.Kind == "" {
		rep.Kind = dsn.DeliveryStatus
	}
	judge := func(*dsn.Report, *dsn.Recipient) classify.Verdict { return v }
	return NewEvents(s, &ingest.Message{Source: "test:"}, rep, judge)[0]
}

func verp(t *testing.T, form, key string) VERP {
	t.Helper()
	v, err := ParseVERP(form, []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestAddress(t *testing.T) {
	verpSender := &Sender{VERP: []VERP{verp(t, "bounce+{address}@b.example.com", "")}}
	for _, tt := range []struct {
		name   string
		sender *Sender
		rep    dsn.Report
		want   string
	}{
		{"final recipient", nil, dsn.Report{Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org")}}}, "kim@example.org"},
		{"original recipient", nil, dsn.Report{Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@in.example.org"), OriginalRecipient: rfc822("kim@example.org")}}}, "kim@example.org"},
		{"original recipient that is no address", nil, dsn.Report{Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org"), OriginalRecipient: rfc822("unknown")}}}, "kim@example.org"},
		{"forwarded", nil, dsn.Report{Original: dsn.Original{Header: header("From", "news@example.com", "To", "Kim <kim@example.net>")},
			Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org")}}}, "kim@example.net"},
		{"To with several", nil, dsn.Report{Original: dsn.Original{Header: header("To", "kim@example.net, lee@example.net")},
			Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org")}}}, "kim@example.org"},
		{"two To fields", nil, dsn.Report{Original: dsn.Original{Header: header("To", "kim@example.net", "To", "lee@example.net")},
			Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org")}}}, "kim@example.org"},
		{"To is the sender", nil, dsn.Report{Original: dsn.Original{Header: header("From", "News <news@example.com>", "To", "News <news@example.com>")},
			Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org")}}}, "kim@example.org"},
		{"To is a list of ours", &Sender{Domains: []string{"example.com"}}, dsn.Report{Original: dsn.Original{Header: header("To", "everybody@example.com")},
			Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org")}}}, "kim@example.org"},
		{"several recipients", nil, dsn.Report{Original: dsn.Original{Header: header("To", "list@example.net")},
			Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org")}, {FinalRecipient: rfc822("lee@example.org")}}}, "kim@example.org"},
		{"no recipient", nil, dsn.Report{Original: dsn.Original{Header: header("To", "kim@example.net")}}, "kim@example.net"},
		{"VERP in To", verpSender, dsn.Report{Header: header("To", "<bounce+kim=example.net@b.example.com>"), Recipients: []dsn.Recipient{{FinalRecipient: rfc822("other@example.org"), OriginalRecipient: rfc822("x@example.org")}}}, "kim@example.net"},
		{"VERP in the original's Return-Path", verpSender, dsn.Report{Header: header("To", "postmaster@example.com"), Original: dsn.Original{Header: header("Return-Path", "<bounce+kim=example.net@b.example.com>")}}, "kim@example.net"},
		{"answer of a person", nil, dsn.Report{Kind: dsn.AutoReply, Original: dsn.Original{Header: header("To", "kim@example.net")}, Recipients: []dsn.Recipient{{FinalRecipient: rfc822("lee@example.org")}}}, "lee@example.org"},
	} {
		if got := made(tt.sender, &tt.rep, classify.Verdict{}).Address; got != tt.want {
			t.Errorf("%s: address %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestTime(t *testing.T) {
	at := func(s string) time.Time {
		d, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	received := at("2025-03-10 12:00:00")
	for _, tt := range []struct {
		name           string
		received, last time.Time
		date           string
		want           string
		problem        string
	}{
		{"last attempt", received, at("2025-03-10 11:59:58"), "", "2025-03-10 11:59:58", ""},
		{"last attempt days before", received, at("2025-03-05 11:00:00"), "", "2025-03-05 11:00:00", ""},
		{"last attempt too early", received, at("2025-03-01 11:00:00"), "", "2025-03-10 12:00:00", "implausible_last_attempt_date"},
		{"last attempt too late", received, at("2025-03-10 14:00:00"), "", "2025-03-10 12:00:00", "implausible_last_attempt_date"},
		{"received", received, time.Time{}, "Sun, 9 Mar 2025 10:00:00 +0000", "2025-03-10 12:00:00", ""},
		{"date", time.Time{}, time.Time{}, "Sun, 9 Mar 2025 12:00:00 +0200", "2025-03-09 10:00:00", ""},
		{"date and last attempt", time.Time{}, at("2025-03-09 09:00:00"), "Sun, 9 Mar 2025 12:00:00 +0200", "2025-03-09 09:00:00", ""},
		{"only last attempt", time.Time{}, at("2025-03-09 09:00:00"), "", "2025-03-09 09:00:00", ""},
		{"received in 1970", at("1970-01-01 00:00:00"), time.Time{}, "Sun, 9 Mar 2025 12:00:00 +0200", "2025-03-09 10:00:00", ""},
		{"received to come", at("2199-01-01 00:00:00"), time.Time{}, "Sun, 9 Mar 2025 12:00:00 +0200", "2025-03-09 10:00:00", ""},
	} {
		rep := dsn.Report{Received: tt.received, Recipients: []dsn.Recipient{{LastAttemptDate: tt.last}}}
		if tt.date != "" {
			rep.Header = header("Date", tt.date)
		}
		e := made(nil, &rep, classify.Verdict{})
		problem := ""
		for _, p := range e.Problems {
			problem += p.Name
		}
		if got := e.Time.Format(time.DateTime); got != tt.want || problem != tt.problem {
			t.Errorf("%s: %s %q, want %s %q", tt.name, got, problem, tt.want, tt.problem)
		}
	}
	e := made(nil, &dsn.Report{}, classify.Verdict{})
	if time.Since(e.Time) > time.Minute || len(e.Problems) != 1 || e.Problems[0].Name != "no_date" {
		t.Errorf("without any date: %v %v", e.Time, e.Problems)
	}
}

func TestStatus(t *testing.T) {
	st := func(c uint8, s, d uint16) dsn.Status { return dsn.Status{Class: c, Subject: s, Detail: d} }
	for _, tt := range []struct {
		field, reply dsn.Status
		want         string
	}{
		{st(5, 1, 1), st(5, 2, 1), "5.1.1"},
		{st(5, 0, 0), st(5, 2, 1), "5.2.1"},
		{dsn.Status{}, st(4, 2, 2), "4.2.2"},
		{st(5, 0, 0), dsn.Status{}, "5.0.0"},
		{dsn.Status{}, dsn.Status{}, ""},
	} {
		e := made(nil, &dsn.Report{Recipients: []dsn.Recipient{{Status: tt.field, Reply: dsn.Reply{Status: tt.reply}}}}, classify.Verdict{})
		if e.Status != tt.want {
			t.Errorf("%v and %v: %q, want %q", tt.field, tt.reply, e.Status, tt.want)
		}
	}
}

// A forged report for a message never sent must not get anybody suppressed, nor a dead member its alias.
func TestAdvice(t *testing.T) {
	suppress := classify.Verdict{Category: classify.UserUnknown, Class: classify.Hard, Advice: classify.AdviceSuppress}
	tagged := verp(t, "b+{address}+{tag}@b.example.com", "secret")
	tag := tagged.Tag("kim@example.org")[:12]
	ids := &Sender{MessageIDs: []Form{"*@news.example.com"}}
	for _, tt := range []struct {
		name         string
		sender       *Sender
		rep          dsn.Report
		want, advice string
	}{
		{"nothing configured", nil, dsn.Report{}, "", "suppress"},
		{"Message-ID of ours", ids, dsn.Report{Original: dsn.Original{Header: header("Message-ID", "<1.2@NEWS.example.com>")}}, "yes", "suppress"},
		{"Message-ID of others", ids, dsn.Report{Original: dsn.Original{Header: header("Message-ID", "<1.2@example.org>")}}, "no", "review"},
		{"no Message-ID", ids, dsn.Report{}, "no", "review"},
		{"ENVID of ours", &Sender{EnvelopeIDs: []Form{"bp-*-x"}}, dsn.Report{OriginalEnvelopeID: "bp-17-x"}, "yes", "suppress"},
		{"right tag", &Sender{VERP: []VERP{tagged}}, dsn.Report{Header: header("To", "b+kim=example.org+"+tag+"@b.example.com")}, "yes", "suppress"},
		{"wrong tag", &Sender{VERP: []VERP{tagged}}, dsn.Report{Header: header("To", "b+lee=example.org+"+tag+"@b.example.com")}, "no", "review"},
		{"one member of an alias", nil, dsn.Report{Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org"), OriginalRecipient: rfc822("team@example.org")}, {FinalRecipient: rfc822("lee@example.org"), OriginalRecipient: rfc822("team@example.org")}}}, "", "review"},
		{"one of several", nil, dsn.Report{Recipients: []dsn.Recipient{{FinalRecipient: rfc822("kim@example.org")}, {FinalRecipient: rfc822("lee@example.org")}}}, "", "suppress"},
		{"wrong tag, right Message-ID", &Sender{VERP: []VERP{tagged}, MessageIDs: ids.MessageIDs}, dsn.Report{Header: header("To", "b+lee=example.org+"+tag+"@b.example.com"), Original: dsn.Original{Header: header("Message-ID", "<1@news.example.com>")}}, "no", "review"},
	} {
		e := made(tt.sender, &tt.rep, suppress)
		if e.Verified != tt.want || e.Advice != tt.advice {
			t.Errorf("%s: verified %q, advice %q; want %q, %q", tt.name, e.Verified, e.Advice, tt.want, tt.advice)
		}
	}
}

func TestOutOfBand(t *testing.T) {
	ours := &Sender{MTAs: []string{"mx.example.com", "*.out.example.com"}}
	for _, tt := range []struct {
		name   string
		sender *Sender
		rep    dsn.Report
		want   string
	}{
		{"not configured", nil, dsn.Report{ReportingMTA: dsn.Typed{Value: "mx.example.com"}}, "absent"},
		{"ours", ours, dsn.Report{ReportingMTA: dsn.Typed{Value: "MX.example.com."}}, "false"},
		{"below ours", ours, dsn.Report{ReportingMTA: dsn.Typed{Value: "a.out.example.com"}}, "false"},
		{"theirs", ours, dsn.Report{ReportingMTA: dsn.Typed{Value: "mx.example.org"}}, "true"},
		{"by From", ours, dsn.Report{Header: header("From", "MAILER-DAEMON@mx.example.com (Mail Delivery System)")}, "false"},
		{"nobody can tell", ours, dsn.Report{}, "absent"},
		{"no delivery status", ours, dsn.Report{Kind: dsn.FeedbackReport, ReportingMTA: dsn.Typed{Value: "mx.example.org"}}, "absent"},
	} {
		got := "absent"
		if oob := made(tt.sender, &tt.rep, classify.Verdict{}).OutOfBand; oob != nil {
			got = map[bool]string{true: "true", false: "false"}[*oob]
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSendingIP(t *testing.T) {
	ours := &Sender{IPs: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8::/32")}}
	reply := func(s string) []dsn.Recipient { return []dsn.Recipient{{Reply: dsn.Reply{Text: s}}} }
	for _, tt := range []struct {
		name   string
		sender *Sender
		rep    dsn.Report
		v      classify.Verdict
		want   string
	}{
		{"in the reply", ours, dsn.Report{Recipients: reply("Service unavailable; Client host [198.51.100.7] blocked by 192.0.2.1")}, classify.Verdict{}, "198.51.100.7"},
		{"IPv6", ours, dsn.Report{Recipients: reply("mail from 2001:db8::25, see the list")}, classify.Verdict{}, "2001:db8::25"},
		{"none of ours", ours, dsn.Report{Recipients: reply("host 192.0.2.1 said no at 12:30:45")}, classify.Verdict{}, ""},
		{"listed", nil, dsn.Report{}, classify.Verdict{Blocklist: classify.Blocklist{Listed: "203.0.113.9"}}, "203.0.113.9"},
		{"listed domain", nil, dsn.Report{}, classify.Verdict{Blocklist: classify.Blocklist{Listed: "example.com"}}, ""},
		{"feedback", nil, dsn.Report{Kind: dsn.FeedbackReport, Feedback: &dsn.Feedback{SourceIP: "203.0.113.9"}}, classify.Verdict{}, "203.0.113.9"},
		{"a receiver's Received", &Sender{MTAs: []string{"mx.example.com"}}, dsn.Report{ReportingMTA: dsn.Typed{Value: "mx.example.org"}, Original: dsn.Original{Header: header("Received", "from mx.example.com (mx.example.com [203.0.113.9]) by mx.example.org ([192.0.2.1]) with ESMTP")}}, classify.Verdict{}, "203.0.113.9"},
		{"our own Received", &Sender{MTAs: []string{"mx.example.com"}}, dsn.Report{ReportingMTA: dsn.Typed{Value: "mx.example.com"}, Original: dsn.Original{Header: header("Received", "from app (app [203.0.113.9]) by mx.example.com")}}, classify.Verdict{}, ""},
	} {
		if got := made(tt.sender, &tt.rep, tt.v).SendingIP; got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestDomainOf(t *testing.T) {
	for in, want := range map[string]string{
		"kim@Example.ORG": "example.org", "kim@example.org.": "example.org", "kim": "", "": "",
		"kim@bücher.example": "xn--bcher-kva.example", "\"a@b\"@example.org": "example.org", "kim@[192.0.2.1]": "[192.0.2.1]",
	} {
		if got := domainOf(in); got != want {
			t.Errorf("domainOf(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestVERP(t *testing.T) {
	for _, tt := range []struct{ form, sender, want string }{
		{"bounce+{address}@b.example.com", "bounce+kim=example.org@b.example.com", "kim@example.org"},
		{"bounce+{address}@b.example.com", "Bounce+Kim=Example.org@B.example.com", "Kim@Example.org"},
		{"bounce+{address}@b.example.com", "bounce+a=b=example.org@b.example.com", "a=b@example.org"},
		{"bounce+{address}@b.example.com", "bounce+kim@b.example.com", ""},
		{"bounce+{address}@b.example.com", "bounce+kim=example.org@b.example.net", ""},
		{"b-*-{local}={domain}@b.example.com", "b-nov26-kim=example.org@b.example.com", "kim@example.org"},
		{"{domain}+{local}@b.example.com", "example.org+kim@b.example.com", "kim@example.org"},
	} {
		v := verp(t, tt.form, "")
		if got, ok := v.match(tt.sender); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %s gives %q", tt.form, tt.sender, got)
		}
	}
	for _, form := range []string{"bounce@b.example.com", "{address}", "{address}@{domain}", "{adress}@b.example.com", "{address@b.example.com", "{address}{address}@b.example.com", "{address}+{tag}@b.example.com"} {
		if _, err := ParseVERP(form, nil); err == nil || !strings.Contains(err.Error(), form) {
			t.Errorf("form %s: error %v", form, err)
		}
	}
}

func TestForm(t *testing.T) {
	for _, tt := range []struct {
		form, s string
		want    bool
	}{
		{"*@example.com", "1@example.com", true}, {"*@example.com", "1@example.org", false}, {"a*b*c", "axxbyyc", true}, {"a*b*c", "ac", false}, {"A", "a", true}, {"a*a", "a", false},
	} {
		if got := Form(tt.form).match(tt.s); got != tt.want {
			t.Errorf("%s against %s: %v", tt.form, tt.s, got)
		}
	}
}

func TestProblemsStayApart(t *testing.T) {
	rep := &dsn.Report{Kind: dsn.DeliveryStatus, Received: time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC), Problems: []dsn.Problem{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		Recipients: []dsn.Recipient{{LastAttemptDate: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)}, {}}}
	mk := eventMaker{sender: &Sender{}, now: time.Now}
	mk.begin(&ingest.Message{Size: 10}, rep)
	if n := len(mk.recipient(&rep.Recipients[0], classify.Verdict{}).Problems); n != 5 {
		t.Errorf("%d problems, want 5", n)
	}
	if n := len(mk.recipient(&rep.Recipients[1], classify.Verdict{}).Problems); n != 4 {
		t.Errorf("%d problems, want 4", n)
	}
}
