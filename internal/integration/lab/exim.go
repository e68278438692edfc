//go:build integration

package lab

import (
	"cmp"
	"strconv"
	"testing"
	"time"
)

// Exim is an Exim on port 25 of its host. It delivers by MX, relays for everybody, and gives up quickly.
type Exim struct {
	Host
	Config   string        // lines put into the main part of the configuration
	Routers  string        // routers before the usual ones
	Tail     string        // transports after the usual ones
	Rcpt     string        // the ACL for RCPT; default: accept
	Aliases  string        // /etc/aliases
	Lifetime time.Duration // of mail in the queue; default 8 s
}

// Start starts Exim. It ends with the test.
func (e *Exim) Start(tb testing.TB) {
	tb.Helper()
	e.Tree = "exim"
	e.Host.Start(tb)
	if e.Lifetime == 0 {
		e.Lifetime = 8 * time.Second
	}
	e.Write("/etc/exim4/exim4.conf", `primary_hostname = `+e.Name+`
qualify_domain = `+e.Name+`
domainlist local_domains = `+e.Name+`
local_interfaces = `+e.IP+`
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
host_lookup =
rfc1413_query_timeout = 0s
log_selector = -queue_run
trusted_users = root
disable_ipv6
keep_environment =
timeout_frozen_after = 1h
`+e.Config+`
begin acl
rcpt:
`+cmp.Or(e.Rcpt, "  accept\n")+`
begin routers
`+e.Routers+`
dnslookup:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  no_more

aliases:
  driver = redirect
  data = ${lookup{$local_part}lsearch{/etc/aliases}}
  allow_fail
  allow_defer
  pipe_transport = address_pipe
  file_transport = address_file

localuser:
  driver = accept
  check_local_user
  transport = local_delivery
  cannot_route_message = Unknown user

begin transports
remote_smtp:
  driver = smtp
  interface = `+e.IP+`
  connect_timeout = 3s
  command_timeout = 4s
  final_timeout = 5s
  hosts_try_chunking =
  hosts_avoid_tls = *

local_delivery:
  driver = appendfile
  file = /var/mail/$local_part_data
  delivery_date_add
  envelope_to_add
  return_path_add
  quota = ${if eq{$local_part}{carol}{50K}{0}}

address_pipe:
  driver = pipe
  return_output

address_file:
  driver = appendfile
`+e.Tail+`
begin retry
*  *  F,`+seconds(e.Lifetime)+`,2s
`)
	e.Write("/etc/aliases", e.Aliases)
	e.Sh(`mkdir -p /var/spool/exim4 /var/log/exim4 /var/mail; chmod 1777 /var/mail
		head -c 51100 /dev/zero >/var/mail/carol; chown carol:mail /var/mail/carol; chown -R Debian-exim: /var/spool/exim4 /var/log/exim4; chmod 644 /etc/exim4/exim4.conf`)
	e.Daemon("/usr/sbin/exim4", "-bdf", "-q1s")
	Started(tb, "Exim on "+e.Name, func() bool { return Listening(e.IP + ":25") })
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) + "s" }
