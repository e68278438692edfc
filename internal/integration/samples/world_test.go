//go:build integration

// Package samples makes real bounces: it has real mail servers send to receivers that refuse in every way, and keeps
// the reports that come back. They are test data for package dsn; nothing here is a test of bouncepipe.
//
//	internal/integration/setup.sh samples
//	SAMPLES=/some/folder go test -tags integration -count=1 ./internal/integration/samples
//
// The reports go to SERVER/CASE.eml in that folder. Without SAMPLES nothing is made.
package samples

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// hosts are the receiving servers: the address that each domain's mail goes to, and what is said there.
var hosts = []struct {
	domain, ip string
	smtpd      lab.SMTPD
}{
	{"example.net", "198.51.100.10", lab.SMTPD{DSN: false, Replies: map[string]string{
		"rcpt bob":    "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown in virtual mailbox table",
		"rcpt carol":  "552-5.2.2 The mailbox of this recipient is over its quota and takes no\n552-5.2.2 more mail. Please ask the recipient to make room, or see\n552 5.2.2 https://help.example.net/quota for what can be done. k12si3456789wrq.55",
		"rcpt dave":   "554 5.7.1 <dave@example.net>: Relay access denied",
		"rcpt erin":   "450 4.2.0 <erin@example.net>: Recipient address rejected: Greylisted, see http://postgrey.example.net/help/example.net.html",
		"rcpt frank":  "550 No such user here",
		"rcpt grace":  "550-5.7.26 Unauthenticated email from example.com is not accepted due to\n550-5.7.26 domain's DMARC policy. Please contact the administrator of\n550 5.7.26 example.com domain.",
		"rcpt heidi":  "551 5.1.6 User has moved; please try <heidi.new@example.org>",
		"rcpt ivan":   "452 4.2.2 Mailbox full, try again later",
		"rcpt judy":   "550 5.2.1 The user you are trying to contact is disabled (#5.2.1)",
		"rcpt ken":    "550 5.1.1 Utilisateur inconnu : la bo\xc3\xaete n'existe pas (\xc3\xa9t\xc3\xa9)",
		"rcpt laura":  "550 5.1.1 Benutzer unbekannt, Postfach gel\xf6scht",
		"rcpt mike":   "550",
		"rcpt nina":   "550 5.7.1 Your message was refused because " + strings.Repeat("the sending address 192.0.2.20 has a poor reputation here, ", 12) + "see https://postmaster.example.net/?ip=192.0.2.20",
		"rcpt oscar":  "450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.20]",
		"rcpt peggy":  "501 5.1.3 Bad recipient address syntax",
		"rcpt quinn":  "421 4.7.0 Too many connections from your IP address, try again later",
		"rcpt rupert": "551-User not local.\n551-\n551 Please try <rupert@example.org>",
	}}},
	{"listed.example.net", "198.51.100.13", lab.SMTPD{Replies: map[string]string{"connect": "554-mx.listed.example.net\n554 5.7.1 Service unavailable; client host [192.0.2.20] blocked using dnsbl.example.org; https://dnsbl.example.org/lookup/192.0.2.20"}}},
	{"busy.example.net", "198.51.100.12", lab.SMTPD{Replies: map[string]string{"connect": "421 4.3.2 mx.busy.example.net Service not available, too busy"}}},
	{"helo.example.net", "198.51.100.21", lab.SMTPD{Replies: map[string]string{"ehlo": "550 5.7.1 HELO name does not resolve", "helo": "550 5.7.1 HELO name does not resolve"}}},
	{"sender.example.net", "198.51.100.14", lab.SMTPD{Replies: map[string]string{"mail": "553 5.1.8 Sender address rejected: domain of sender has no MX"}}},
	{"spam.example.net", "198.51.100.15", lab.SMTPD{Replies: map[string]string{"eod": "550-5.7.1 [192.0.2.20] Our system has detected that this message is likely\n550 5.7.1 unsolicited mail. The message has been refused."}}},
	{"data.example.net", "198.51.100.16", lab.SMTPD{Replies: map[string]string{"data": "554 5.7.1 Data command rejected: virus scanner says no"}}},
	{"big.example.net", "198.51.100.17", lab.SMTPD{Size: 300, Replies: map[string]string{"eod": "552 5.3.4 Message size exceeds fixed limit"}}},
	{"eod.example.net", "198.51.100.22", lab.SMTPD{Replies: map[string]string{"eod": "451 4.3.0 Temporary local problem, please try later"}}},
	{"lost.example.net", "198.51.100.18", lab.SMTPD{Replies: map[string]string{"data": "close"}}},
	{"mute.example.net", "198.51.100.11", lab.SMTPD{Replies: map[string]string{"connect": "silent"}}},
	{"example.org", "198.51.100.20", lab.SMTPD{}},
}

// world is the network around the servers that write the reports.
type world struct {
	mu      sync.Mutex
	reports map[string][]lab.Mail // by the envelope sender they went back to
}

// newWorld starts the DNS, the receiving servers, and mail.example.com, which keeps what comes back.
func newWorld(t *testing.T) *world {
	t.Helper()
	if os.Getenv("SAMPLES") == "" {
		t.Skip("SAMPLES names no folder for the reports")
	}
	w := &world{reports: map[string][]lab.Mail{}}
	names := map[string]*lab.Name{
		"example.com":             {MX: []string{"mail.example.com"}},
		"mail.example.com":        {A: []string{"192.0.2.10"}},
		"broken.example.net":      nil,
		"nomail.example.net":      {MX: []string{"."}},
		"nohost.example.net":      {MX: []string{"missing.example.net"}},
		"refused.example.net":     {A: []string{"198.51.100.99"}},
		"silent.example.net":      {A: []string{"198.51.100.98"}},
		"unreachable.example.net": {A: []string{"203.0.113.200"}},
		"empty.example.net":       {},
		"loop.example.net":        {MX: []string{"postfix.example.com"}},
	}
	for i := range hosts {
		h := &hosts[i]
		mx := "mx." + h.domain
		names[h.domain] = &lab.Name{MX: []string{mx}}
		names[mx] = &lab.Name{A: []string{h.ip}}
		h.smtpd.Hostname = mx
		h.smtpd.Start(t, h.ip+":25")
	}
	for name, ip := range servers {
		names[name] = &lab.Name{A: []string{ip}}
	}
	(&lab.DNS{Names: names}).Start(t)
	lab.Swallow(t, "198.51.100.98:25")
	(&lab.SMTPD{Hostname: "mail.example.com", Accepted: w.keep}).Start(t, "192.0.2.10:25")
	return w
}

func (w *world) keep(m lab.Mail) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports[m.To[0]] = append(w.reports[m.To[0]], m)
}

func (w *world) arrived(address string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.reports[address])
}

// save writes the reports that came back to address as SERVER/CASE.eml, the second as CASE-2.eml and so on.
func (w *world) save(t *testing.T, server, name, address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	dir := filepath.Join(os.Getenv("SAMPLES"), server)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, m := range w.reports[address] {
		file := name + ".eml"
		if i > 0 {
			file = fmt.Sprintf("%s-%d.eml", name, i+1)
		}
		raw := bytes.ReplaceAll(m.Raw, []byte("\r\n"), []byte("\n"))
		if err := os.WriteFile(filepath.Join(dir, file), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
