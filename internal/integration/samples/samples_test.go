//go:build integration

package samples

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

// mail is one mail to send: what comes back is the sample.
type mail struct {
	name   string
	to     string // recipients separated by ", ", each perhaps followed by a space and parameters of RCPT
	params string // parameters of MAIL
	large  bool
	want   int // how many reports come back; default 1
}

// usual are the mails that every server that knows MX records sends. HOST stands for the server's own domain.
var usual = []mail{
	{name: "user-unknown", to: "bob@example.net"},
	{name: "quota-lines", to: "carol@example.net"},
	{name: "relay-denied", to: "dave@example.net"},
	{name: "greylist-expired", to: "erin@example.net"},
	{name: "no-enhanced", to: "frank@example.net"},
	{name: "dmarc-lines", to: "grace@example.net"},
	{name: "moved", to: "heidi@example.net"},
	{name: "moved-lines", to: "rupert@example.net"},
	{name: "full-expired", to: "ivan@example.net"},
	{name: "disabled", to: "judy@example.net"},
	{name: "reply-utf8", to: "ken@example.net"},
	{name: "reply-latin1", to: "laura@example.net"},
	{name: "reply-bare", to: "mike@example.net"},
	{name: "reply-long", to: "nina@example.net"},
	{name: "rate-expired", to: "quinn@example.net"},
	{name: "address-syntax", to: "peggy@example.net"},
	{name: "quoted-local", to: `"bob smith"@nowhere.example.net`},
	{name: "mixed", to: "bob@example.net, carol@example.net, frank@example.net, zoe@example.org, tom@nowhere.example.net"},
	{name: "domain-unknown", to: "tom@nowhere.example.net"},
	{name: "dns-failure", to: "tom@broken.example.net"},
	{name: "null-mx", to: "tom@nomail.example.net"},
	{name: "mx-unknown", to: "tom@nohost.example.net"},
	{name: "no-mx-no-address", to: "tom@empty.example.net"},
	{name: "refused", to: "tom@refused.example.net"},
	{name: "timeout", to: "tom@silent.example.net"},
	{name: "unreachable", to: "tom@unreachable.example.net"},
	{name: "no-greeting", to: "tom@mute.example.net"},
	{name: "listed", to: "tom@listed.example.net"},
	{name: "busy", to: "tom@busy.example.net"},
	{name: "helo-refused", to: "tom@helo.example.net"},
	{name: "sender-refused", to: "tom@sender.example.net"},
	{name: "spam", to: "tom@spam.example.net"},
	{name: "data-refused", to: "tom@data.example.net"},
	{name: "too-large", to: "tom@big.example.net", large: true},
	{name: "after-data-expired", to: "tom@eod.example.net"},
	{name: "connection-lost", to: "tom@lost.example.net"},
	{name: "local-unknown", to: "nobody-here@HOST"},
	{name: "alias", to: "team@HOST"},
	{name: "local-full", to: "carol@HOST", large: true},
	{name: "pipe-failed", to: "robot@HOST"},
}

// aliases are those of a server's own domain.
const aliases = `team: bob@example.net, frank@example.net
robot: "|/bin/sh -c 'echo robot: cannot open its database; exit 69'"
`

// make sends every mail, waits for the reports and saves them below server. It waits at
// least so long, for what comes unasked, and at most until the limit.
func (w *world) make(t *testing.T, server, host string, least, limit time.Duration, mails []mail, send func(from string, to []string, text string) error) {
	t.Helper()
	address := func(m mail) string { return fmt.Sprintf("bounces+%s-%s@example.com", server, m.name) }
	want := 0
	for _, m := range mails {
		from := address(m)
		to := strings.Split(strings.ReplaceAll(m.to, "HOST", host), ", ")
		if m.params != "" {
			from += " " + m.params
		}
		if err := send(from, to, text(to[0], m.large)); err != nil {
			t.Logf("%s/%s: not accepted: %v", server, m.name, err)
			continue
		}
		want += max(m.want, 1)
	}
	count := func() (n int) {
		for _, m := range mails {
			n += min(w.arrived(address(m)), max(m.want, 1))
		}
		return n
	}
	for start := time.Now(); time.Since(start) < least || count() < want && time.Since(start) < limit; {
		time.Sleep(200 * time.Millisecond)
	}
	for _, m := range mails {
		if got := w.arrived(address(m)); got != max(m.want, 1) {
			t.Logf("%s/%s: %d reports, not %d", server, m.name, got, max(m.want, 1))
		}
		w.save(t, server, m.name, address(m))
	}
}

func text(to string, large bool) string {
	to, _, _ = strings.Cut(to, " ")
	body := "Hello,\r\n\r\nyour order has been shipped.\r\n.\r\nFrom the shop\r\n"
	if large {
		body = strings.Repeat("0123456789 abcdefghijklmnopqrstuvwxyz 0123456789\r\n", 200)
	}
	return "Received: by app.example.com; Tue, 3 Mar 2026 10:00:00 +0000\r\n" +
		"Date: Tue, 3 Mar 2026 10:00:00 +0000\r\n" +
		"From: \"Example Shop\" <shop@example.com>\r\n" +
		"To: " + to + "\r\n" +
		"Subject: =?utf-8?Q?Ihre_Bestellung_f=C3=BCr_M=C3=A4rz?=\r\n" +
		"Message-ID: <20260303100000.4711@app.example.com>\r\n" +
		"List-Unsubscribe: <https://shop.example.com/u/4711>\r\n" +
		"Feedback-ID: 4711:march:shop:example\r\n" +
		"MIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\n\r\n" + body
}

func smtp(ip string) func(from string, to []string, text string) error {
	return func(from string, to []string, text string) error { return lab.TrySend(ip, from, to, text) }
}
