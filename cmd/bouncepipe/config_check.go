package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

// validate checks what can be checked without a network, and fills in defaults.
func (c *configFile) validate() error {
	if err := c.checkDurations(); err != nil {
		return err
	}
	if !c.part {
		if err := c.checkWhole(); err != nil {
			return err
		}
	}
	if c.NDJSON != nil && c.NDJSON.Path == "" {
		return c.errorf("$.ndjson", "ndjson has no path")
	}
	for _, check := range [...]func() error{c.checkKafka, c.checkSender, c.checkPrivacy, c.checkRest} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkWhole checks what run needs beyond the rest.
func (c *configFile) checkWhole() error {
	if c.Sources == nil {
		return c.errorf("$", "there are no sources; add sources: with an imap: or paths: below it (see docs/configuration.md)")
	}
	names := map[string]bool{}
	for i := range c.Sources {
		if err := c.checkSource(i, names); err != nil {
			return err
		}
	}
	if c.Kafka == nil && c.NDJSON == nil {
		return c.errorf("$", "events have nowhere to go; add kafka: with brokers and topic, or ndjson: with a path")
	}
	if c.StateDir == "" {
		return c.errorf("$", "state_dir is missing: a directory where it is remembered how far each source is done")
	}
	return nil
}

func (c *configFile) checkDurations() error {
	type place struct {
		at string
		d  Duration
	}
	all := []place{{"$.grace", c.Grace}}
	for i := range c.Sources {
		at := fmt.Sprintf("$.sources[%d]", i)
		all = append(all, place{at + ".interval", c.Sources[i].Interval})
		if m := c.Sources[i].IMAP; m != nil {
			all = append(all, place{at + ".imap.interval", m.Interval}, place{at + ".imap.timeout", m.Timeout})
		}
	}
	for _, p := range all {
		if p.d.bad != "" {
			return c.errorf(p.at, "%q is no duration; write 60s, 5m or 1h30m", p.d.bad)
		}
	}
	return nil
}

func (c *configFile) checkSource(i int, names map[string]bool) error {
	s, at := &c.Sources[i], fmt.Sprintf("$.sources[%d]", i)
	switch {
	case s.IMAP != nil && s.Paths != nil:
		return c.errorf(at+".paths", "a source is either imap or paths; make them two")
	case s.IMAP != nil:
		if err := c.checkIMAP(s.IMAP, at+".imap"); err != nil {
			return err
		}
		if s.Name == "" {
			s.Name = s.IMAP.Username + "@" + s.IMAP.Host
			if strings.Contains(s.IMAP.Username, "@") {
				s.Name = s.IMAP.Username
			}
		}
	case len(s.Paths) > 0:
		for j, p := range s.Paths {
			if _, err := os.Stat(p); err != nil {
				return c.errorf(fmt.Sprintf("%s.paths[%d]", at, j), "%v", err)
			}
		}
		if s.Name == "" {
			s.Name = s.Paths[0]
		}
		if s.Interval.Duration == 0 {
			s.Interval.Duration = time.Minute
		}
	default:
		return c.errorf(at, "a source needs imap: or paths:")
	}
	if names[s.Name] {
		return c.errorf(at, "there are two sources called %q; give each a name:", s.Name)
	}
	names[s.Name] = true
	return nil
}

func (c *configFile) checkIMAP(m *IMAPConfig, at string) error {
	if m.TLS == "" {
		m.TLS = "implicit"
	}
	if m.Port == 0 {
		m.Port = map[string]int{"implicit": 993, "starttls": 143, "none": 143}[m.TLS]
	}
	if len(m.Mailboxes) == 0 {
		m.Mailboxes = []string{"INBOX"}
	}
	switch {
	case m.Host == "":
		return c.errorf(at, "imap has no host")
	case strings.Contains(m.Host, ":") && net.ParseIP(m.Host) == nil:
		return c.errorf(at+".host", "host is a name without a port; the port goes into port:")
	case !slices.Contains([]string{"implicit", "starttls", "none"}, m.TLS):
		return c.errorf(at+".tls", "tls is %q; it may be implicit, starttls or none", m.TLS)
	case m.Port < 1 || m.Port > 65535:
		return c.errorf(at+".port", "port %d is outside 1 to 65535", m.Port)
	case m.Username == "":
		return c.errorf(at, "imap has no username")
	case m.Interval.Duration != 0 && m.Interval.Duration < time.Second:
		return c.errorf(at+".interval", "interval %v is too short; 1s is the least, 60s is usual", m.Interval)
	case m.Interval.Duration != 0 && m.Cron != "":
		return c.errorf(at+".cron", "interval and cron exclude each other; keep one")
	case m.Batch < 0:
		return c.errorf(at+".batch", "batch is %d; write a number from 1 on, 200 is usual", m.Batch)
	case m.Rate < 0:
		return c.errorf(at+".rate", "rate is %v; write messages a second, or leave it out for no limit", m.Rate)
	case m.MaxBytes != 0 && m.MaxBytes < ingest.MinMaxBytes:
		return c.errorf(at+".max_bytes", "max_bytes %d is too small; at least %d, or reports lose the header of the returned mail", m.MaxBytes, ingest.MinMaxBytes)
	case (m.CertFile == "") != (m.KeyFile == ""):
		return c.errorf(at, "cert_file and key_file go together")
	}
	if m.Cron != "" {
		if _, err := cron.ParseStandard(m.Cron); err != nil {
			return c.errorf(at+".cron", "cron %q: %v", m.Cron, err)
		}
	}
	if _, _, err := parseStart(m.Start); err != nil {
		return c.errorf(at+".start", "%v", err)
	}
	for _, f := range [...]struct{ key, path string }{{"ca_file", m.CAFile}, {"cert_file", m.CertFile}, {"key_file", m.KeyFile}} {
		if err := c.checkFile(at+"."+f.key, f.path); err != nil {
			return err
		}
	}
	if err := c.checkActions(m.Actions, at+".actions"); err != nil {
		return err
	}
	return c.checkIMAPSecrets(m, at)
}

func (c *configFile) checkIMAPSecrets(m *IMAPConfig, at string) error {
	if o := m.OAuth2; o != nil {
		switch {
		case m.password().given():
			return c.errorf(at+".oauth2", "oauth2 replaces the password; keep one of them")
		case o.Mechanism != "" && o.Mechanism != "xoauth2" && o.Mechanism != "oauthbearer":
			return c.errorf(at+".oauth2.mechanism", "mechanism is %q; it may be xoauth2 or oauthbearer", o.Mechanism)
		case o.TokenURL == "":
			return c.errorf(at+".oauth2", "oauth2 has no token_url")
		case o.ClientID == "":
			return c.errorf(at+".oauth2", "oauth2 has no client_id")
		case !o.clientSecret().given() && !o.refreshToken().given():
			return c.errorf(at+".oauth2", "oauth2 needs client_secret_env (or _file, _command), refresh_token_env, or both")
		}
		for _, s := range [...]secret{o.clientSecret(), o.refreshToken()} {
			if err := c.checkSecret(at+".oauth2", s, false); err != nil {
				return err
			}
		}
		return nil
	}
	return c.checkSecret(at, m.password(), true)
}

// outcomes are the keys that actions may have.
var outcomes = func() map[string]ingest.Outcome {
	m := map[string]ingest.Outcome{}
	for o := ingest.Bounce; o <= ingest.Quarantined; o++ {
		m[o.String()] = o
	}
	return m
}()

func (c *configFile) checkActions(actions map[string]string, at string) error {
	for outcome, action := range actions {
		o, ok := outcomes[outcome]
		if !ok {
			return c.errorf(at+"."+outcome, "actions has no outcome %q; there are bounce, delay, delivery, complaint, auto_reply, challenge, disposition, other, unreadable and quarantined", outcome)
		}
		verb, name, _ := strings.Cut(action, " ")
		name = strings.TrimSpace(name)
		switch verb {
		case "keep", "seen", "delete":
			if name != "" {
				return c.errorf(at+"."+outcome, "%s takes no name", verb)
			}
			if verb == "delete" && o >= ingest.Other {
				return c.errorf(at+"."+outcome, "mail that is %s is never deleted; move it to a folder instead: %[1]s: move NAME", outcome)
			}
		case "keyword", "move":
			if name == "" {
				return c.errorf(at+"."+outcome, "%s needs a name: %[1]s Done", verb)
			}
		default:
			return c.errorf(at+"."+outcome, "action %q is unknown; there are keep, seen, keyword NAME, move FOLDER and delete", action)
		}
	}
	return nil
}

func (c *configFile) checkKafka() error {
	k := c.Kafka
	if k == nil {
		return nil
	}
	if k.Topic != "" && k.Topics.Events != "" && k.Topic != k.Topics.Events {
		return c.errorf("$.kafka.topic", "topic and topics.events differ; keep one")
	}
	if k.Topics.Events == "" {
		k.Topics.Events = k.Topic
	}
	switch {
	case len(k.Brokers) == 0:
		return c.errorf("$.kafka", "kafka has no brokers: brokers: [kafka1.example.net:9092]")
	case k.Topics.Events == "":
		return c.errorf("$.kafka", "kafka has no topic for events: topic: bounces")
	case k.Topics.Unrecognized == k.Topics.Events:
		return c.errorf("$.kafka.topics.unrecognized", "events and unrecognized mail need topics of their own")
	case !slices.Contains([]string{"", "none", "snappy", "lz4", "zstd", "gzip"}, k.Compression):
		return c.errorf("$.kafka.compression", "compression is %q; it may be none, snappy, lz4, zstd or gzip", k.Compression)
	}
	for i, b := range k.Brokers {
		if strings.ContainsAny(b, "/, ") {
			return c.errorf(fmt.Sprintf("$.kafka.brokers[%d]", i), "broker %q is not host:port, such as kafka1.example.net:9092", b)
		}
		if _, _, err := net.SplitHostPort(b); err != nil {
			return c.errorf(fmt.Sprintf("$.kafka.brokers[%d]", i), "broker %q needs a port: %[1]s:9092", b)
		}
	}
	if t := k.TLS; t != nil {
		if (t.CertFile == "") != (t.KeyFile == "") {
			return c.errorf("$.kafka.tls", "cert_file and key_file go together")
		}
		for _, f := range [...]struct{ key, path string }{{"ca_file", t.CAFile}, {"cert_file", t.CertFile}, {"key_file", t.KeyFile}} {
			if err := c.checkFile("$.kafka.tls."+f.key, f.path); err != nil {
				return err
			}
		}
	}
	if s := k.SASL; s != nil {
		switch {
		case !slices.Contains([]string{"plain", "scram-sha-256", "scram-sha-512"}, s.Mechanism):
			return c.errorf("$.kafka.sasl.mechanism", "mechanism is %q; it may be plain, scram-sha-256 or scram-sha-512", s.Mechanism)
		case s.Username == "":
			return c.errorf("$.kafka.sasl", "sasl has no username")
		}
		return c.checkSecret("$.kafka.sasl", s.password(), true)
	}
	return nil
}

func (c *configFile) checkSender() error {
	if err := c.checkSecret("$.sender", c.Sender.verpKey(), false); err != nil {
		return err
	}
	_, err := c.sender()
	return err
}

// sender compiles what is ours.
func (c *configFile) sender() (*pipeline.Sender, error) {
	s := &pipeline.Sender{MTAs: c.Sender.MTAs, Domains: c.Sender.Domains, Headers: c.Sender.Headers, Campaigns: c.Sender.Campaigns}
	for i, ip := range c.Sender.IPs {
		p, err := netip.ParsePrefix(ip)
		if err != nil {
			a, aerr := netip.ParseAddr(ip)
			if aerr != nil {
				return nil, c.errorf(fmt.Sprintf("$.sender.ips[%d]", i), "%q is neither an IP address nor a prefix such as 192.0.2.0/24", ip)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		s.IPs = append(s.IPs, p)
	}
	key, err := c.Sender.verpKey().value()
	if err != nil {
		return nil, c.errorf("$.sender", "%v", err)
	}
	for i, form := range c.Sender.VERP {
		v, err := pipeline.ParseVERP(form, []byte(key))
		if err != nil {
			return nil, c.errorf(fmt.Sprintf("$.sender.verp[%d]", i), "%v", err)
		}
		s.VERP = append(s.VERP, v)
	}
	for _, f := range c.Sender.MessageIDs {
		s.MessageIDs = append(s.MessageIDs, pipeline.Form(strings.Trim(f, "<>")))
	}
	for _, f := range c.Sender.EnvelopeIDs {
		s.EnvelopeIDs = append(s.EnvelopeIDs, pipeline.Form(f))
	}
	return s, nil
}

func (c *configFile) checkPrivacy() error {
	p := c.Privacy
	if p.Recipient != "" && p.Recipient != "clear" && p.Recipient != "hash" {
		return c.errorf("$.privacy.recipient", "recipient is %q; it may be clear or hash", p.Recipient)
	}
	if p.Recipient == "hash" && c.Kafka != nil && c.Kafka.Topics.Unrecognized != "" {
		return c.errorf("$.kafka.topics.unrecognized", "raw mail would hold the addresses that privacy.recipient: hash removes; drop one of the two")
	}
	if err := c.checkSecret("$.privacy", p.key(), p.Recipient == "hash"); err != nil {
		return err
	}
	_, err := c.privacy()
	return err
}

// privacy returns what is done to events before they leave; nil: nothing.
func (c *configFile) privacy() (func(*sink.Event), error) {
	if c.Privacy.Recipient != "hash" && c.Privacy.Original == nil {
		return nil, nil
	}
	key, err := c.Privacy.key().value()
	if err != nil {
		return nil, c.errorf("$.privacy", "%v", err)
	}
	p, err := sink.NewPrivacy(c.Privacy.Recipient, []byte(key), c.Privacy.Original)
	if err != nil {
		return nil, c.errorf("$.privacy", "%s", strings.TrimPrefix(err.Error(), "privacy: "))
	}
	return p.Apply, nil
}

func (c *configFile) checkRest() error {
	if l := c.Metrics.Listen; l != "" {
		if _, _, err := net.SplitHostPort(l); err != nil {
			return c.errorf("$.metrics.listen", "listen is an address with a port, such as 127.0.0.1:9108")
		}
	}
	switch {
	case !slices.Contains([]string{"", "debug", "info", "warn", "error"}, c.Log.Level):
		return c.errorf("$.log.level", "level is %q; it may be debug, info, warn or error", c.Log.Level)
	case !slices.Contains([]string{"", "text", "json"}, c.Log.Format):
		return c.errorf("$.log.format", "format is %q; it may be text or json", c.Log.Format)
	}
	for i, r := range c.Rules {
		if err := c.checkFile(fmt.Sprintf("$.rules[%d]", i), r); err != nil {
			return err
		}
	}
	return nil
}

func (c *configFile) checkFile(at, path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return c.errorf(at, "%v", err)
	}
	return f.Close()
}

func (c *configFile) checkSecret(at string, s secret, required bool) error {
	if !s.given() {
		if required {
			return c.errorf(at, "%s is missing; give %[1]s_env, %[1]s_file or %[1]s_command", s.name)
		}
		return nil
	}
	if s.several() {
		return c.errorf(at, "give one of %s_env, %[1]s_file and %[1]s_command, not several", s.name)
	}
	if s.command != "" { // may ask a vault; run when it is needed
		return nil
	}
	if _, err := s.value(); err != nil {
		return c.errorf(at+"."+s.key(), "%v", err)
	}
	return nil
}

// parseStart reads where a mailbox begins that is seen for the first time.
func parseStart(s string) (mode string, since time.Time, err error) {
	switch date, ok := strings.CutPrefix(s, "since "); {
	case s == "" || s == "all":
		return "all", since, nil
	case s == "now":
		return "now", since, nil
	case ok:
		since, err = time.Parse(time.DateOnly, strings.TrimSpace(date))
		if err == nil {
			return "since", since, nil
		}
	}
	return "", since, fmt.Errorf("start is %q; it may be all, now, or since and a date: since 2026-01-31", s)
}
