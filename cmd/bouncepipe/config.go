package main

import (
	"strings"
	"time"
)

// Config is bouncepipe.yaml. docs/configuration.md explains every key with examples.
type Config struct {
	Sources  []SourceConfig `yaml:"sources"`
	Kafka    *KafkaConfig   `yaml:"kafka"`
	NDJSON   *NDJSONConfig  `yaml:"ndjson"`
	Sender   SenderConfig   `yaml:"sender"`
	Privacy  PrivacyConfig  `yaml:"privacy"`
	StateDir string         `yaml:"state_dir"` // where positions are kept; required for run
	Rules    []string       `yaml:"rules"`     // rule files of your own, tried before the built-in ones
	Metrics  MetricsConfig  `yaml:"metrics"`
	Grace    Duration       `yaml:"grace"` // on SIGTERM, to finish what is being written; default 10s
	Log      LogConfig      `yaml:"log"`
}

// SourceConfig is one source: imap or paths.
type SourceConfig struct {
	Name  string      `yaml:"name"` // in logs and metrics; default user@host, or the first path
	IMAP  *IMAPConfig `yaml:"imap"`
	Paths []string    `yaml:"paths"` // mbox files, Maildirs, single mails, folders of them
	// Interval is how often paths are looked at again; default 1m.
	Interval Duration `yaml:"interval"`
}

// IMAPConfig is one account.
type IMAPConfig struct {
	Host       string        `yaml:"host"`
	Port       int           `yaml:"port"` // default 993 with tls: implicit, else 143
	TLS        string        `yaml:"tls"`  // implicit (default), starttls, none
	CAFile     string        `yaml:"ca_file"`
	CertFile   string        `yaml:"cert_file"`
	KeyFile    string        `yaml:"key_file"`
	ServerName string        `yaml:"server_name"` // in the certificate; default host
	Username   string        `yaml:"username"`
	OAuth2     *OAuth2Config `yaml:"oauth2"` // instead of a password

	PasswordEnv     string `yaml:"password_env"`
	PasswordFile    string `yaml:"password_file"`
	PasswordCommand string `yaml:"password_command"`

	Mailboxes []string          `yaml:"mailboxes"` // names or patterns; default [INBOX]
	Start     string            `yaml:"start"`     // of a mailbox seen for the first time: all (default), now, since 2006-01-02
	Interval  Duration          `yaml:"interval"`  // between polls; default 60s
	Cron      string            `yaml:"cron"`      // instead of interval
	Idle      *bool             `yaml:"idle"`      // be told of new mail between polls; default true
	Actions   map[string]string `yaml:"actions"`   // outcome: keep, seen, keyword NAME, move FOLDER, delete; default keep
	Batch     int               `yaml:"batch"`     // messages fetched at a time
	MaxBytes  int               `yaml:"max_bytes"` // read of one message; default 512 KiB
	Rate      float64           `yaml:"rate"`      // messages a second; default no limit
	Timeout   Duration          `yaml:"timeout"`   // of one command
}

// OAuth2Config signs in with tokens.
type OAuth2Config struct {
	Mechanism string   `yaml:"mechanism"` // xoauth2 (default), oauthbearer
	TokenURL  string   `yaml:"token_url"`
	ClientID  string   `yaml:"client_id"`
	Scopes    []string `yaml:"scopes"`

	ClientSecretEnv     string `yaml:"client_secret_env"`
	ClientSecretFile    string `yaml:"client_secret_file"`
	ClientSecretCommand string `yaml:"client_secret_command"`
	// With a refresh token it is used, without one the client credentials are.
	RefreshTokenEnv     string `yaml:"refresh_token_env"`
	RefreshTokenFile    string `yaml:"refresh_token_file"`
	RefreshTokenCommand string `yaml:"refresh_token_command"`
}

// KafkaConfig is the cluster that events go to.
type KafkaConfig struct {
	Brokers     []string     `yaml:"brokers"`
	Topic       string       `yaml:"topic"` // short for topics.events
	Topics      TopicsConfig `yaml:"topics"`
	Compression string       `yaml:"compression"` // none (default), snappy, lz4, zstd, gzip
	ClientID    string       `yaml:"client_id"`
	CESource    string       `yaml:"ce_source"` // CloudEvents source of all events; default /bouncepipe
	MaxMessage  int          `yaml:"max_message_bytes"`
	TLS         *TLSConfig   `yaml:"tls"`
	SASL        *SASLConfig  `yaml:"sasl"`
}

// TopicsConfig names the topic of each stream. A stream without one is not written.
type TopicsConfig struct {
	Events       string `yaml:"events"`
	Unrecognized string `yaml:"unrecognized"` // raw mail that was no report or could not be read
}

// TLSConfig is how to trust the brokers, and how they trust us. {} means the system's roots.
type TLSConfig struct {
	CAFile     string `yaml:"ca_file"`
	CertFile   string `yaml:"cert_file"`
	KeyFile    string `yaml:"key_file"`
	ServerName string `yaml:"server_name"`
}

// SASLConfig signs in to the brokers.
type SASLConfig struct {
	Mechanism string `yaml:"mechanism"` // plain, scram-sha-256, scram-sha-512
	Username  string `yaml:"username"`

	PasswordEnv     string `yaml:"password_env"`
	PasswordFile    string `yaml:"password_file"`
	PasswordCommand string `yaml:"password_command"`
}

// NDJSONConfig appends events to a file, beside Kafka or instead.
type NDJSONConfig struct {
	Path string `yaml:"path"`
}

// SenderConfig tells what is ours.
type SenderConfig struct {
	MTAs        []string `yaml:"mtas"`    // names of your mail servers; *.example.net for all below
	IPs         []string `yaml:"ips"`     // addresses or prefixes you send from
	Domains     []string `yaml:"domains"` // you send as
	VERP        []string `yaml:"verp"`    // bounce+{address}@b.example.com
	MessageIDs  []string `yaml:"message_ids"`
	EnvelopeIDs []string `yaml:"envelope_ids"`
	Headers     []string `yaml:"headers"`   // of the original, to publish in original.headers
	Campaigns   []string `yaml:"campaigns"` // fields of the original that name the campaign

	VERPKeyEnv     string `yaml:"verp_key_env"`
	VERPKeyFile    string `yaml:"verp_key_file"`
	VERPKeyCommand string `yaml:"verp_key_command"`
}

// PrivacyConfig says what may leave.
type PrivacyConfig struct {
	Recipient string   `yaml:"recipient"` // clear (default), hash
	Original  []string `yaml:"original"`  // parts of original to publish; default all

	KeyEnv     string `yaml:"key_env"`
	KeyFile    string `yaml:"key_file"`
	KeyCommand string `yaml:"key_command"`
}

// MetricsConfig is the HTTP server for /metrics, /healthz and /readyz.
type MetricsConfig struct {
	Listen string `yaml:"listen"` // 127.0.0.1:9108; default none
}

// LogConfig is how run logs to stderr.
type LogConfig struct {
	Level  string `yaml:"level"`  // debug, info (default), warn, error
	Format string `yaml:"format"` // text (default), json
}

// Duration is written as 60s, 5m or 1h30m. What is none is kept, so that validate can say where
// it stands.
type Duration struct {
	time.Duration
	bad string
}

// UnmarshalYAML never fails.
func (d *Duration) UnmarshalYAML(text []byte) error {
	s := strings.Trim(strings.TrimSpace(string(text)), "\"'")
	var err error
	if d.Duration, err = time.ParseDuration(s); err != nil || d.Duration < 0 {
		d.bad = s
	}
	return nil
}
