//go:build integration

package lab

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// Postfix is a Postfix on port 25 of its host. It delivers by MX, relays for everybody, and gives up quickly.
type Postfix struct {
	Host
	Config   string        // lines appended to main.cf
	Aliases  string        // /etc/aliases
	Lifetime time.Duration // of mail in the queue; default 8 s
}

// Start starts Postfix. It ends with the test.
func (p *Postfix) Start(tb testing.TB) {
	tb.Helper()
	p.Tree = "postfix"
	p.Host.Start(tb)
	if p.Lifetime == 0 {
		p.Lifetime = 8 * time.Second
	}
	p.Write("/etc/postfix/main.cf", `compatibility_level = 3.6
queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
data_directory = /var/lib/postfix
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
myhostname = `+p.Name+`
mydomain = example.com
myorigin = $myhostname
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8, `+p.IP+`/32, 192.0.2.1/32
inet_interfaces = `+p.IP+`
inet_protocols = ipv4
smtp_bind_address = `+p.IP+`
alias_maps = hash:/etc/aliases
local_recipient_maps = $alias_maps unix:passwd.byname
enable_long_queue_ids = no
message_size_limit = 40000
mailbox_size_limit = 50000
recipient_delimiter = +
maillog_file = /var/log/mail.log
queue_run_delay = 2s
minimal_backoff_time = 2s
maximal_backoff_time = 3s
maximal_queue_lifetime = `+seconds(p.Lifetime)+`
bounce_queue_lifetime = 60s
smtp_connect_timeout = 3s
smtp_helo_timeout = 4s
smtp_data_done_timeout = 5s
smtp_tls_security_level = none
smtputf8_enable = yes
`+p.Config)
	p.Write("/etc/postfix/master.cf", `smtp      inet  n - n - - smtpd
pickup    unix  n - n 1 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 5 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
virtual   unix  - n n - - virtual
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
tlsmgr    unix  - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
pipe      unix  - n n - - pipe
  flags=R user=alice argv=/bin/sh /etc/postfix/pipe.sh
`)
	p.Write("/etc/aliases", p.Aliases)
	p.Sh(`mkdir -p /var/spool/postfix /var/lib/postfix /var/mail; chown postfix: /var/lib/postfix; chmod 1777 /var/mail
		head -c 49900 /dev/zero >/var/mail/carol; chown carol:mail /var/mail/carol
		chgrp postdrop /usr/sbin/postdrop /usr/sbin/postqueue; chmod 2555 /usr/sbin/postdrop /usr/sbin/postqueue
		postalias /etc/aliases`)
	p.Try(startPostfix, "")
	tb.Cleanup(func() { p.Try("postfix stop", "") })
	Started(tb, "Postfix on "+p.Name, func() bool {
		if greets(p.IP+":25") && p.logs() {
			return true
		}
		tb.Logf("Postfix on %s does not answer or does not log: it is started again", p.Name)
		p.Try("kill -9 -$(tr -d ' ' </var/spool/postfix/pid/master.pid); sleep 1; rm -f /var/log/mail.log; "+startPostfix, "")
		return false
	})
}

// logs reports whether the daemon that writes the log runs. Without it, which has been seen, the others
// stand still once ten of their lines wait: 10 is the usual net.unix.max_dgram_qlen.
func (p *Postfix) logs() bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if out, _ := p.Try("cat /var/log/mail.log", ""); strings.Contains(out, "daemon started") {
			return true
		}
	}
	return false
}

// Its master has been seen to listen and to start nobody who answers. What it prints goes to a file: it
// must not depend on a pipe that is closed when this command ends.
const startPostfix = "postfix start </dev/null >>/var/log/postfix-start.log 2>&1"

// greets reports whether an SMTP server says that it is ready, within some seconds.
func greets(address string) bool {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", address, 5*time.Second)
		if err != nil {
			continue
		}
		c.SetDeadline(end)
		code := make([]byte, 3)
		_, err = io.ReadFull(c, code)
		c.Close()
		if err == nil && string(code) == "220" {
			return true
		}
	}
	return false
}
