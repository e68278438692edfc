//go:build integration

package integration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
	"github.com/bouncepipe/bouncepipe/sink"
)

// names is the DNS of these tests.
var names = map[string]*lab.Name{
	"postfix.example.com": {A: []string{"192.0.2.20"}},
	"exim.example.com":    {A: []string{"192.0.2.21"}},
	"app.example.com":     {A: []string{"192.0.2.1"}},
	// Mail for these goes to a server that knows nothing of them.
	"elsewhere.example.net": {MX: []string{"exim.example.com"}},
	"elsewhere.example.org": {MX: []string{"postfix.example.com"}},
	"nomail.example.net":    {MX: []string{"."}},
	"refused.example.net":   {A: []string{"198.51.100.99"}},
}

// sent is a mail and what is to become of it.
type sent struct {
	by, to     string
	subject    string
	lines      int      // of the body; default 1
	types      []string // of the events, sorted; default: bounce
	categories []string // one of these in each
}

var mails = []sent{
	{by: "postfix", to: "nobody-here@exim.example.com", categories: []string{"user_unknown"}},
	{by: "postfix", to: "tom@nowhere.example.net", categories: []string{"domain_unknown"}},
	{by: "postfix", to: "tom@nomail.example.net", categories: []string{"domain_refuses_mail"}},
	{by: "postfix", to: "tom@elsewhere.example.net", categories: []string{"relay_denied"}},
	{by: "postfix", to: "carol@exim.example.com", lines: 600, categories: []string{"message_too_large"}},
	{by: "postfix", to: "full@example.com", lines: 60, categories: []string{"mailbox_full"}},
	{by: "postfix", to: "away@example.com", types: []string{sink.TypeAutoReply}},
	{by: "postfix", to: "tom@refused.example.net", types: []string{sink.TypeBounce, sink.TypeDelay}, categories: []string{"network_error"}},
	{by: "exim", to: "nobody-here@postfix.example.com", categories: []string{"user_unknown"}},
	{by: "exim", to: "Tim@elsewhere.example.org", categories: []string{"relay_denied"}},
	{by: "exim", to: "carol@postfix.example.com", lines: 1200, categories: []string{"message_too_large"}},
	{by: "exim", to: "alice@postfix.example.com", subject: "You have won", categories: []string{"spam"}},
	{by: "exim", to: "full@example.com", lines: 60, categories: []string{"mailbox_full"}},
	{by: "exim", to: "tim@nomail.example.net", categories: []string{"domain_refuses_mail"}},
	// Exim forgets what it was that it retried.
	{by: "exim", to: "tim@refused.example.net", types: []string{sink.TypeBounce, sink.TypeDelay}, categories: []string{"network_error", "expired"}},
}

// TestEndToEnd sends mail by Postfix and Exim that fails in many ways. The reports go to Dovecot by LMTP, from there by IMAP to
// bouncepipe, to Apache Kafka, and are read back with kcat.
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	const lifetime = 20 * time.Second // so long behind the warning at 3 s that both come, however slow the machine is
	d := dovecot(t)
	names["imap.example.com"] = &lab.Name{A: []string{d.IP}}
	(&lab.DNS{Names: names}).Start(t)
	p := &lab.Postfix{
		Host:     lab.Host{Name: "postfix.example.com", IP: "192.0.2.20"},
		Lifetime: lifetime,
		Config: `mynetworks = 192.0.2.1/32, 192.0.2.20/32, ` + d.IP + `/32
local_recipient_maps = unix:passwd.byname
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
transport_maps = inline:{example.com=lmtp:inet:[` + d.IP + `]:24}
header_checks = regexp:/etc/postfix/header_checks
delay_warning_time = 3s
`,
	}
	p.Start(t)
	p.Write("/etc/postfix/header_checks", "/^Subject: You have won/ REJECT This message looks like spam\n")
	e := &lab.Exim{
		Host:     lab.Host{Name: "exim.example.com", IP: "192.0.2.21"},
		Lifetime: lifetime,
		Config:   "message_size_limit = ${if eq{$sender_host_address}{192.0.2.20}{20K}{100K}}\ndelay_warning = 3s:1h\n",
		Rcpt: `  accept hosts = 192.0.2.1 : 192.0.2.21
  deny   message = relay not permitted
         domains = ! +local_domains
  require verify = recipient
  accept
`,
		Routers: `ours:
  driver = manualroute
  domains = example.com
  transport = to_dovecot
  route_list = * ` + d.IP + `
  self = send
  no_more
`,
		Tail: `to_dovecot:
  driver = smtp
  protocol = lmtp
  port = 24
  hosts_avoid_tls = *
`,
	}
	e.Start(t)
	k := &lab.Kafka{}
	k.Start(t)
	k.CreateTopic("events", 4, 1)
	w := configure(t, d, k.Addrs(), "")
	w.Start()

	want := 0
	for _, m := range mails {
		server := p.IP
		if m.by == "exim" {
			server = e.IP
		}
		lab.Send(t, server, mailbox, []string{m.to}, mail(m))
		want += max(1, len(m.types))
	}
	// What is no report is accounted for, and gives no event.
	lab.Send(t, p.IP, "alice@postfix.example.com", []string{mailbox}, "From: alice@postfix.example.com\r\nTo: "+mailbox+"\r\nSubject: Hello\r\n\r\nJust asking.\r\n")

	got := drained(t, k, want, patience)
	if len(got.all) != want {
		t.Errorf("%d events, want %d", len(got.all), want)
	}
	lab.Eventually(t, patience, "all mail in the mailbox", func() bool { return d.Count(mailbox, "INBOX") == want+1 })
	for _, m := range mails {
		checkMail(t, m, got)
	}
	for i, r := range got.recs {
		ev := got.all[i]
		if r.Key == nil || *r.Key != strings.ToLower(ev.Address) {
			t.Errorf("key of %s is %v", ev.Address, r.Key)
		}
		if r.Header("ce_id") != ev.ID || r.Header("ce_specversion") != "1.0" || r.Header("ce_type") == "" || !strings.HasPrefix(r.Header("content-type"), "application/json") {
			t.Errorf("headers of %s: %q", ev.ID, r.Headers)
		}
		if !strings.HasPrefix(ev.Source, "imap://") {
			t.Errorf("source %q", ev.Source)
		}
	}
	w.Stop()
	if out, err := d.Try("doveadm search -u "+mailbox+" mailbox INBOX SEEN", ""); err != nil || strings.TrimSpace(out) != "" {
		t.Errorf("the mailbox was changed: %v %s", err, out)
	}
}

func checkMail(t *testing.T, m sent, got events) {
	t.Helper()
	var types []string
	for _, ev := range got.all {
		server, _, _ := strings.Cut(ev.ReportingMTA, ".")
		if server == "" || server == "imap" {
			server = "postfix" // the automatic answer, which names no server
		}
		if ev.Address != m.to || server != m.by {
			continue
		}
		types = append(types, ev.Type)
		if m.categories != nil && !slices.Contains(m.categories, ev.Category) && ev.Type == sink.TypeBounce {
			t.Errorf("%s to %s: %s %s by rule %s, want %v: %s", m.by, m.to, ev.Type, ev.Category, ev.Rule, m.categories, ev.DiagnosticCode)
		}
		t.Logf("%-7s %-28s %-10s %-20s %s", m.by, m.to, ev.Type, ev.Category, ev.Rule)
	}
	slices.Sort(types)
	want := m.types
	if want == nil {
		want = []string{sink.TypeBounce}
	}
	if !slices.Equal(types, want) {
		t.Errorf("%s to %s: events %v, want %v", m.by, m.to, types, want)
	}
}

func mail(m sent) string {
	subject := m.subject
	if subject == "" {
		subject = "Your order"
	}
	body := strings.Repeat("0123456789 abcdefghijklmnopqrstuvwxyz 0123456789\r\n", max(1, m.lines))
	return "Date: " + time.Now().UTC().Format(time.RFC1123Z) + "\r\nFrom: shop@example.com\r\nTo: " + m.to +
		"\r\nSubject: " + subject + "\r\nMessage-ID: <" + m.by + "." + m.to + ">\r\n\r\n" + body
}
