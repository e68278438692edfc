//go:build integration

package lab

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Dovecot is a Dovecot with IMAP on port 143 (STARTTLS or plain) and 993 (TLS) and LMTP on port 24 of its host.
type Dovecot struct {
	Host
	Users  map[string]string // addresses and passwords
	Quota  map[string]string // addresses and limits ("20k"); others have none
	Sieve  map[string]string // addresses and scripts
	Mail   map[string]string // addresses and mail_location ("mbox:~/mail:INBOX=~/inbox"); others have a Maildir
	CA     *CA               // default: one is made
	Config string            // lines appended to dovecot.conf

	daemon *exec.Cmd
}

// Start starts Dovecot. It ends with the test.
func (d *Dovecot) Start(tb testing.TB) {
	tb.Helper()
	d.Tree = "dovecot"
	d.Host.Start(tb)
	if d.CA == nil {
		d.CA = NewCA(tb, "Lab CA")
	}
	cert, key := d.CA.Issue(tb, d.Name, d.IP)
	d.Write("/etc/dovecot/cert.pem", cert)
	d.Write("/etc/dovecot/key.pem", key)
	d.writeUsers()
	for user, script := range d.Sieve {
		d.Write("/var/vmail/"+user+"/.dovecot.sieve", script)
	}
	d.Write("/etc/dovecot/dovecot.conf", `protocols = imap lmtp
listen = `+d.IP+`
base_dir = /run/dovecot
log_path = /var/log/dovecot.log
hostname = `+d.Name+`
postmaster_address = postmaster@`+d.Name+`
ssl = yes
ssl_cert = </etc/dovecot/cert.pem
ssl_key = </etc/dovecot/key.pem
ssl_dh =
auth_mechanisms = plain login
disable_plaintext_auth = no
auth_failure_delay = 1s
mail_location = maildir:/var/vmail/%u/Maildir
mail_home = /var/vmail/%u
first_valid_uid = 1
mail_max_userip_connections = 50
mail_plugins = quota
imap_idle_notify_interval = 1 mins
passdb {
  driver = passwd-file
  args = scheme=plain username_format=%u /etc/dovecot/users
}
userdb {
  driver = passwd-file
  args = username_format=%u /etc/dovecot/users
  default_fields = uid=vmail gid=vmail
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Junk {
    auto = create
  }
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=0
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_extensions = +editheader
}
protocol lmtp {
  mail_plugins = quota sieve
}
protocol lda {
  mail_plugins = quota sieve
}
protocol imap {
  mail_plugins = quota imap_quota
}
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
service imap-login {
  process_min_avail = 1
}
`+d.Config)
	d.Sh(`mkdir -p /var/vmail /run/dovecot /var/lib/dovecot; chown -R vmail: /var/vmail; chmod 600 /etc/dovecot/key.pem`)
	d.run()
}

func (d *Dovecot) writeUsers() {
	d.tb.Helper()
	var users strings.Builder
	for user, password := range d.Users {
		fmt.Fprintf(&users, "%s:{PLAIN}%s::::::", user, password)
		if limit := d.Quota[user]; limit != "" {
			fmt.Fprintf(&users, " userdb_quota_rule=*:storage=%s", limit)
		}
		if location := d.Mail[user]; location != "" {
			fmt.Fprintf(&users, " userdb_mail=%s", location)
		}
		users.WriteString("\n")
	}
	d.Write("/etc/dovecot/users", users.String())
}

func (d *Dovecot) run() {
	d.tb.Helper()
	d.daemon = d.Daemon("/usr/sbin/dovecot", "-F")
	Started(d.tb, "Dovecot on "+d.Name, func() bool {
		return Listening(d.IP+":993") && Listening(d.IP+":24")
	})
}

// Restart ends Dovecot in the middle of what it does, stays away for a while and starts it again. The processes that serve
// mailboxes are killed first: asked to end, they would finish the command they are at.
func (d *Dovecot) Restart(away time.Duration) {
	d.tb.Helper()
	d.Signal("KILL")
	d.Sh("doveadm stop")
	d.daemon.Wait()
	Eventually(d.tb, time.Minute, "Dovecot has stopped", func() bool { return !Listening(d.IP + ":993") })
	time.Sleep(away)
	d.run()
}

// Signal sends a signal to the processes that serve mailboxes by IMAP.
func (d *Dovecot) Signal(name string) {
	d.tb.Helper()
	d.Sh("doveadm -f flow who -1 | sed -n 's/.*proto=imap pid=\\([0-9]*\\).*/\\1/p' | xargs -r kill -" + name)
}

// SetPassword changes a user's password; Dovecot takes it up at once.
func (d *Dovecot) SetPassword(user, password string) {
	d.tb.Helper()
	d.Users[user] = password
	d.writeUsers()
}

// Count is the number of messages in a user's mailbox.
func (d *Dovecot) Count(user, mailbox string) int {
	out, err := d.Try("doveadm -f tab mailbox status -u "+user+" messages "+mailbox+" | tail -n1", "")
	fields := strings.Fields(out)
	if err != nil || len(fields) == 0 {
		return -1
	}
	n := -1
	fmt.Sscan(fields[len(fields)-1], &n)
	return n
}
