//go:build integration

package samples

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

// servers are the machines that write the reports.
var servers = map[string]string{
	"postfix.example.com":   "192.0.2.20",
	"exim.example.com":      "192.0.2.21",
	"sendmail.example.com":  "192.0.2.22",
	"opensmtpd.example.com": "192.0.2.23",
	"dma.example.com":       "192.0.2.24",
	"null.example.com":      "192.0.2.25",
	"courier.example.com":   "192.0.2.26",
	"chasquid.example.com":  "192.0.2.27",
	"imap.example.com":      "192.0.2.28",
	"haraka.example.com":    "192.0.2.29",
}

func TestPostfix(t *testing.T) {
	w := newWorld(t)
	p := &lab.Postfix{
		Host: lab.Host{Name: "postfix.example.com", IP: servers["postfix.example.com"]}, Aliases: aliases,
		Config: "local_destination_concurrency_limit = 5\n",
	}
	p.Start(t)
	w.make(t, "postfix", p.Name, 0, 60*time.Second, append(usual, []mail{
		{name: "success", to: "alice@HOST NOTIFY=SUCCESS ORCPT=rfc822;Alice@shop.example.com, zoe@example.org NOTIFY=SUCCESS, team@HOST NOTIFY=SUCCESS", params: "ENVID=order+3D4711", want: 1},
		{name: "headers-only", to: "bob@example.net NOTIFY=FAILURE ORCPT=rfc822;bob+2Bshop@list.example.com", params: "RET=HDRS ENVID=order-4711"},
		{name: "utf8-address", to: "bj\xc3\xb6rn@refused.example.net", params: "SMTPUTF8 BODY=8BITMIME"},
		{name: "loop", to: "tom@loop.example.net"},
	}...), smtp(p.IP))
}

func TestPostfixDelayed(t *testing.T) {
	w := newWorld(t)
	p := &lab.Postfix{
		Host: lab.Host{Name: "postfix.example.com", IP: servers["postfix.example.com"]}, Aliases: aliases, Lifetime: 30 * time.Second,
		Config: "delay_warning_time = 4s\n",
	}
	p.Start(t)
	w.make(t, "postfix-delay", p.Name, 0, 25*time.Second, []mail{
		{name: "greylist", to: "erin@example.net"},
		{name: "refused", to: "tom@refused.example.net, ivan@example.net"},
		{name: "busy", to: "tom@busy.example.net"},
		{name: "dns-failure", to: "tom@broken.example.net"},
		{name: "notify-delay", to: "tom@silent.example.net NOTIFY=DELAY,FAILURE ORCPT=rfc822;thomas@example.net", params: "RET=FULL ENVID=a1b2"},
	}, smtp(p.IP))
}

func TestExim(t *testing.T) {
	w := newWorld(t)
	e := &lab.Exim{Host: lab.Host{Name: "exim.example.com", IP: servers["exim.example.com"]}, Aliases: aliases, Config: "dsn_advertise_hosts = *\n"}
	e.Start(t)
	w.make(t, "exim", e.Name, 0, 60*time.Second, append(usual, []mail{
		{name: "success", to: "alice@HOST NOTIFY=SUCCESS ORCPT=rfc822;Alice@shop.example.com, zoe@example.org NOTIFY=SUCCESS", params: "ENVID=order+3D4711"},
		{name: "headers-only", to: "bob@example.net NOTIFY=FAILURE ORCPT=rfc822;bob+2Bshop@list.example.com", params: "RET=HDRS ENVID=order-4711"},
		{name: "loop", to: "tom@loop.example.net"},
	}...), smtp(e.IP))
}

func TestEximDelayed(t *testing.T) {
	w := newWorld(t)
	e := &lab.Exim{Host: lab.Host{Name: "exim.example.com", IP: servers["exim.example.com"]}, Lifetime: 60 * time.Second,
		Config: "delay_warning = 3s\n"}
	e.Start(t)
	w.make(t, "exim-delay", e.Name, 0, 25*time.Second, []mail{
		{name: "greylist", to: "erin@example.net"},
		{name: "refused", to: "tom@refused.example.net, ivan@example.net"},
		{name: "busy", to: "tom@busy.example.net"},
		{name: "dns-failure", to: "tom@broken.example.net"},
	}, smtp(e.IP))
}

func TestSendmail(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, "sendmail", "sendmail.example.com")
	h.Write("/etc/mail/sendmail.mc", `include(`+"`/usr/share/sendmail/cf/m4/cf.m4'"+`)dnl
OSTYPE(`+"`debian'"+`)dnl
undefine(`+"`confHOST_STATUS_DIRECTORY'"+`)dnl
define(`+"`confTO_QUEUERETURN', `12s'"+`)dnl
define(`+"`confTO_QUEUEWARN', `4s'"+`)dnl
define(`+"`confMIN_QUEUE_AGE', `0'"+`)dnl
define(`+"`confTO_CONNECT', `3s'"+`)dnl
define(`+"`confTO_ICONNECT', `3s'"+`)dnl
define(`+"`confTO_INITIAL', `4s'"+`)dnl
define(`+"`confPRIVACY_FLAGS', `'"+`)dnl
define(`+"`confDONT_PROBE_INTERFACES', `True'"+`)dnl
define(`+"`confLOG_LEVEL', `9'"+`)dnl
FEATURE(`+"`no_default_msa'"+`)dnl
FEATURE(`+"`promiscuous_relay'"+`)dnl
FEATURE(`+"`accept_unresolvable_domains'"+`)dnl
DAEMON_OPTIONS(`+"`Family=inet, Name=MTA, Addr=192.0.2.22'"+`)dnl
CLIENT_OPTIONS(`+"`Family=inet, Addr=192.0.2.22'"+`)dnl
LOCAL_DOMAIN(`+"`sendmail.example.com'"+`)dnl
MAILER_DEFINITIONS
MAILER(`+"`local'"+`)dnl
MAILER(`+"`smtp'"+`)dnl
`)
	h.Write("/etc/mail/aliases", aliases)
	h.Sh(`m4 /etc/mail/sendmail.mc >/etc/mail/sendmail.cf
		mkdir -p /var/spool/mqueue /var/run/sendmail/mta /etc/mail/smrsh; chmod 700 /var/spool/mqueue
		/usr/libexec/sendmail/sendmail -bi`)
	h.Daemon("/usr/libexec/sendmail/sendmail", "-bD", "-q2s")
	lab.Eventually(t, 20*time.Second, "sendmail listens", func() bool { return lab.Listening(h.IP + ":25") })
	w.make(t, "sendmail", h.Name, 25*time.Second, 90*time.Second, append(usual, []mail{
		{name: "success", to: "alice@HOST NOTIFY=SUCCESS ORCPT=rfc822;Alice@shop.example.com, zoe@example.org NOTIFY=SUCCESS", params: "ENVID=order+3D4711"},
		{name: "headers-only", to: "bob@example.net NOTIFY=FAILURE ORCPT=rfc822;bob+2Bshop@list.example.com", params: "RET=HDRS ENVID=order-4711"},
		{name: "loop", to: "tom@loop.example.net"},
	}...), smtp(h.IP))
}

func TestOpenSMTPD(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, "opensmtpd", "opensmtpd.example.com")
	h.Write("/etc/aliases", aliases)
	h.Write("/etc/smtpd.conf", `table aliases file:/etc/aliases
queue ttl 20s
bounce warn-interval 4s
listen on 192.0.2.23 port 25 hostname opensmtpd.example.com
action "local" mbox alias <aliases>
action "relay" relay src 192.0.2.23 helo opensmtpd.example.com
match from any for local action "local"
match from any for any action "relay"
`)
	h.Sh(`mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd /var/mail; chmod 711 /var/spool/smtpd; chmod 1777 /var/mail`)
	h.Daemon("/usr/sbin/smtpd", "-d")
	lab.Eventually(t, 20*time.Second, "OpenSMTPD listens", func() bool { return lab.Listening(h.IP + ":25") })
	w.make(t, "opensmtpd", h.Name, 0, 45*time.Second, usual, smtp(h.IP))
}

// dma is given its mail by the command line alone.
func TestDragonFlyMailAgent(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, "dma", "dma.example.com")
	h.Write("/etc/dma/dma.conf", "MAILNAME dma.example.com\nFULLBOUNCE\n")
	h.Write("/etc/dma/auth.conf", "")
	h.Write("/etc/aliases", "")
	h.Sh(`mkdir -p /var/spool/dma /var/mail; chgrp mail /var/spool/dma; chmod 2775 /var/spool/dma; ln -sf /usr/sbin/dma /usr/sbin/sendmail`)
	w.make(t, "dma", h.Name, 0, 20*time.Second, usual, sendmail(h))
}

// nullmailer gives everything to one server, which here refuses the recipients itself.
func TestNullmailer(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, "nullmailer", "null.example.com")
	relay := hosts[0].smtpd
	relay.Accepted = w.keep
	relay.Start(t, "198.51.100.30:25")
	h.Write("/etc/nullmailer/remotes", "198.51.100.30 smtp --port=25\n")
	h.Write("/etc/nullmailer/me", h.Name+"\n")
	h.Write("/etc/nullmailer/queuelifetime", "6\n")
	h.Write("/etc/nullmailer/pausetime", "1\n")
	h.Sh(`mkdir -p /var/spool/nullmailer/queue /var/spool/nullmailer/tmp /var/spool/nullmailer/failed; mkfifo /var/spool/nullmailer/trigger
		chown -R mail: /var/spool/nullmailer`)
	h.Daemon("/usr/sbin/nullmailer-send")
	var mails []mail
	for _, m := range usual {
		if strings.HasSuffix(m.to, "@example.net") && m.name != "mixed" {
			mails = append(mails, m)
		}
	}
	w.make(t, "nullmailer", h.Name, 0, 30*time.Second, mails, sendmail(h))
}

func TestCourier(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, "courier", "courier.example.com")
	for file, text := range map[string]string{
		"me": h.Name, "defaultdomain": h.Name, "locals": h.Name, "esmtpacceptmailfor": h.Name, "ipout": h.IP,
		"queuetime": "12s", "warntime": "4s", "retryalpha": "2s", "retrybeta": "1", "retrygamma": "2s", "retrymaxdelta": "1",
		"esmtptimeout": "4s", "esmtptimeouthelo": "4s", "esmtptimeoutconnect": "3s", "esmtpdelay": "1s", "queuefill": "0s",
		"smtpaccess/default": "192.0.2\tallow,RELAYCLIENT", "aliases/system": "postmaster: alice\nteam: bob@example.net, frank@example.net",
		"bofh": "opt BOFHCHECKDNS=0",
	} {
		h.Write("/etc/courier/"+file, text+"\n")
	}
	h.Sh(`mkdir -p /run/courier/authdaemon
		chown -R courier: /etc/courier /var/lib/courier /run/courier
		chmod 4555 /usr/lib/courier/courier/submit /usr/bin/cancelmsg || true
		makesmtpaccess; makealiases; makeacceptmailfor
		authdaemond start; courier start`)
	h.Daemon("env", "RELAYCLIENT=", "BOFHCHECKDNS=0", "NOADDMSGID=1", "ESMTPAUTH=", "ESMTPAUTH_TLS=", "couriertcpd", "-address=192.0.2.26", "-user=courier",
		"-group=courier", "-nodnslookup", "-noidentlookup", "-maxperip=100", "-maxperc=100", "25", "/usr/sbin/courieresmtpd")
	lab.Eventually(t, 5*time.Second, "Courier listens", func() bool { return lab.Listening(h.IP + ":25") })
	w.make(t, "courier", h.Name, 25*time.Second, 60*time.Second, append(usual, []mail{
		{name: "success", to: "alice@HOST NOTIFY=SUCCESS ORCPT=rfc822;Alice@shop.example.com, zoe@example.org NOTIFY=SUCCESS", params: "ENVID=order+3D4711"},
		{name: "headers-only", to: "bob@example.net NOTIFY=FAILURE ORCPT=rfc822;bob+2Bshop@list.example.com", params: "RET=HDRS ENVID=order-4711"},
	}...), smtp(h.IP))
}

// chasquid relays for nobody, but forwards.
func TestChasquid(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, "chasquid", "chasquid.example.com")
	cert, key := lab.NewCA(t, "Lab CA").Issue(t, h.Name)
	h.Write("/etc/chasquid/certs/"+h.Name+"/fullchain.pem", cert)
	h.Write("/etc/chasquid/certs/"+h.Name+"/privkey.pem", key)
	h.Write("/etc/chasquid/chasquid.conf", `hostname: "chasquid.example.com"
smtp_address: "192.0.2.27:25"
submission_address: "192.0.2.27:587"
mail_delivery_agent_bin: "/bin/false"
data_dir: "/var/lib/chasquid"
mail_log_path: "<stderr>"
`)
	var forwards strings.Builder
	var mails []mail
	for _, m := range elsewhere() {
		fmt.Fprintf(&forwards, "%s: %s\n", m.name, m.to)
		m.to = m.name + "@HOST"
		mails = append(mails, m)
	}
	fmt.Fprintf(&forwards, "alice: alice\n")
	h.Write("/etc/chasquid/domains/"+h.Name+"/aliases", forwards.String())
	h.Sh("mkdir -p /var/lib/chasquid")
	h.Daemon("/usr/bin/chasquid", "-v", "2")
	lab.Eventually(t, 20*time.Second, "chasquid listens", func() bool { return lab.Listening(h.IP + ":25") })
	w.make(t, "chasquid", h.Name, 0, 20*time.Second, mails, smtp(h.IP))
}

func TestHaraka(t *testing.T) {
	w := newWorld(t)
	h := newHost(t, "", "haraka.example.com")
	haraka := filepath.Join(lab.Cache(), "haraka/node_modules/Haraka")
	h.Sh("mkdir -p /var/haraka/queue /var/haraka/plugins; cp -r " + haraka + "/config /var/haraka/")
	for file, text := range map[string]string{
		"config/smtp.ini":     "listen=192.0.2.29:25\nnodes=0\n",
		"config/me":           h.Name,
		"config/host_list":    h.Name,
		"config/plugins":      "lab",
		"config/outbound.ini": "enable_tls=false\nlocal_mx_ok=true\ntemp_fail_intervals=5s\n",
		"config/loglevel":     "warn",
		"plugins/lab.js":      "exports.hook_connect = (next, c) => { c.relaying = true; next() }\nexports.hook_rcpt = (next) => next(OK)\n",
	} {
		h.Write("/var/haraka/"+file, text+"\n")
	}
	h.Daemon("node", haraka+"/bin/haraka", "-c", "/var/haraka")
	lab.Eventually(t, 20*time.Second, "Haraka listens", func() bool { return lab.Listening(h.IP + ":25") })
	w.make(t, "haraka", h.Name, 0, 60*time.Second, elsewhere(), smtp(h.IP))
}

// Dovecot's delivery agent answers for itself, when the mailbox is full and where a script says so.
func TestDovecot(t *testing.T) {
	w := newWorld(t)
	d := &lab.Dovecot{
		Host:  lab.Host{Name: "imap.example.com", IP: servers["imap.example.com"]},
		Users: map[string]string{"alice@example.com": "x", "carol@example.com": "x", "ruth@example.com": "x", "victor@example.com": "x", "oliver@example.com": "x"},
		Quota: map[string]string{"carol@example.com": "5k"},
		Sieve: map[string]string{
			"ruth@example.com":   "require \"reject\";\nreject \"I do not want mail of the kind that shops send.\r\nNever.\";\n",
			"oliver@example.com": "require [\"reject\", \"envelope\"];\nreject text:\nDieses Postfach nimmt keine E-Mails an: ung\u00fcltig.\n.\n;\n",
			"victor@example.com": "require \"vacation\";\nvacation :days 1 :subject \"Out of office\" :addresses [\"victor@example.com\"] \"I am away until Monday.\";\n",
		},
		Config: "submission_host = 192.0.2.10:25\nlda_mailbox_autocreate = yes\nquota_full_tempfail = no\nrejection_subject = Rejected: %s\n",
	}
	d.Start(t)
	d.Sh("chown -R vmail: /var/vmail")
	lda := func(from string, to []string, text string) error {
		user := to[0]
		text = strings.Replace(text, "List-Unsubscribe:", "X-Shop:", 1) // or there would be no automatic answer
		out, err := d.Try("/usr/lib/dovecot/dovecot-lda -f "+from+" -a "+user+" -d "+user, text)
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	w.make(t, "dovecot", d.Name, 0, 10*time.Second, []mail{
		{name: "lda-quota", to: "carol@example.com", large: true},
		{name: "sieve-reject", to: "ruth@example.com"},
		{name: "sieve-reject-utf8", to: "oliver@example.com"},
		{name: "sieve-vacation", to: "victor@example.com"},
	}, lda)
}

// elsewhere are the usual mails that do not stay on the server.
func elsewhere() (mails []mail) {
	for _, m := range usual {
		if !strings.Contains(m.to, "HOST") {
			mails = append(mails, m)
		}
	}
	return mails
}

func newHost(t *testing.T, tree, name string) *lab.Host {
	t.Helper()
	h := &lab.Host{Tree: tree, Name: name, IP: servers[name]}
	h.Start(t)
	return h
}

// sendmail sends with the command of that name.
func sendmail(h *lab.Host) func(from string, to []string, text string) error {
	return func(from string, to []string, text string) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		cmd := h.Command(ctx, "/usr/sbin/sendmail", append([]string{"-i", "-f", from, "--"}, to...)...)
		cmd.Stdin = strings.NewReader(strings.ReplaceAll(text, "\r\n", "\n"))
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
}
