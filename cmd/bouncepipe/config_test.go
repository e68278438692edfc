package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfigMistakes(t *testing.T) {
	t.Setenv("IMAP_PASSWORD", "hunter2")
	dir := t.TempDir()
	secretFile := filepath.Join(dir, "password")
	os.WriteFile(secretFile, []byte("hunter2\n"), 0o600)
	const imap = "sources:\n  - imap:\n      host: imap.example.com\n      username: bounces\n      password_env: IMAP_PASSWORD\n"
	const kafka = "kafka:\n  brokers: [kafka.example.com:9092]\n  topic: bounces\n"
	const state = "state_dir: /var/lib/bouncepipe\n"
	for _, tt := range []struct{ name, text, want string }{
		{"good", imap + kafka + state, ""},
		{"good with file", strings.Replace(imap, "password_env: IMAP_PASSWORD", "password_file: "+secretFile, 1) + kafka + state, ""},
		{"empty", "", "c.yaml: there are no sources; add sources:"},
		{"no YAML", "sources: [", "c.yaml:1:10: "},
		{"unknown key", imap + "      prot: 993\n" + kafka + state, `c.yaml:6:7: unknown key "prot"; did you mean "port"?`},
		{"unknown key without neighbour", imap + kafka + state + "colour: blue\n", `c.yaml:10:1: unknown key "colour"; docs/configuration.md lists all keys`},
		{"key twice", imap + kafka + state + "state_dir: /b\n", "c.yaml:10:1: "},
		{"a secret in the file", imap + "      password: s3cr3t\n" + kafka + state, `c.yaml:6:7: unknown key "password": secrets stay out of this file; use password_env, password_file or password_command`},
		{"wrong type", imap + "      port: many\n" + kafka + state, "c.yaml:6:13: this should be a number"},
		{"wrong duration", imap + "      interval: soon\n" + kafka + state, `c.yaml:6:17: "soon" is no duration; write 60s, 5m or 1h30m`},
		{"no list", strings.Replace(imap+kafka+state, "[kafka.example.com:9092]", "{a: b}", 1), "c.yaml:7:12: this should be a list"},
		{"no host", strings.Replace(imap, "host: imap.example.com", "port: 993", 1) + kafka + state, "c.yaml:3:7: imap has no host"},
		{"wrong tls", imap + "      tls: ssl\n" + kafka + state, `c.yaml:6:12: tls is "ssl"; it may be implicit, starttls or none`},
		{"missing CA file", imap + "      ca_file: /nonexistent/ca.pem\n" + kafka + state, "c.yaml:6:16: open /nonexistent/ca.pem: no such file or directory"},
		{"no password", strings.Replace(imap, "      password_env: IMAP_PASSWORD\n", "", 1) + kafka + state, "c.yaml:3:7: password is missing; give password_env, password_file or password_command"},
		{"two passwords", imap + "      password_file: " + secretFile + "\n" + kafka + state, "c.yaml:3:7: give one of password_env, password_file and password_command, not several"},
		{"environment not set", strings.Replace(imap, "IMAP_PASSWORD", "NOT_SET", 1) + kafka + state, "c.yaml:5:21: the environment variable NOT_SET is not set; export it, or use password_file"},
		{"bad start", imap + "      start: yesterday\n" + kafka + state, `c.yaml:6:14: start is "yesterday"; it may be all, now, or since and a date: since 2026-01-31`},
		{"bad cron", imap + "      cron: sometimes\n" + kafka + state, `c.yaml:6:13: cron "sometimes": `},
		{"delete what is no report", imap + "      actions: {other: delete}\n" + kafka + state, "c.yaml:6:24: mail that is other is never deleted; move it to a folder instead: other: move NAME"},
		{"unknown action", imap + "      actions: {bounce: burn}\n" + kafka + state, `c.yaml:6:25: action "burn" is unknown; there are keep, seen, keyword NAME, move FOLDER and delete`},
		{"unknown outcome", imap + "      actions: {bounced: seen}\n" + kafka + state, `actions has no outcome "bounced"`},
		{"no sink", imap + state, "events have nowhere to go; add kafka:"},
		{"no state", imap + kafka, "state_dir is missing: a directory"},
		{"broker without port", imap + strings.Replace(kafka, ":9092", "", 1) + state, `c.yaml:7:13: broker "kafka.example.com" needs a port: kafka.example.com:9092`},
		{"broker as URL", imap + strings.Replace(kafka, "kafka.example.com:9092", "\"kafka://kafka.example.com:9092\"", 1) + state, `c.yaml:7:13: broker "kafka://kafka.example.com:9092" is not host:port`},
		{"negative batch", imap + "      batch: -1\n" + kafka + state, "c.yaml:6:14: batch is -1; write a number from 1 on"},
		{"negative rate", imap + "      rate: -0.5\n" + kafka + state, "c.yaml:6:13: rate is -0.5; write messages a second"},
		{"no topic", imap + strings.Replace(kafka, "  topic: bounces\n", "", 1) + state, "c.yaml:7:3: kafka has no topic for events: topic: bounces"},
		{"compression", imap + kafka + "  compression: best\n" + state, `compression is "best"; it may be none, snappy, lz4, zstd or gzip`},
		{"sasl", imap + kafka + "  sasl: {mechanism: kerberos}\n" + state, `c.yaml:9:21: mechanism is "kerberos"; it may be plain, scram-sha-256 or scram-sha-512`},
		{"bad IP", imap + kafka + state + "sender:\n  ips: [192.0.2.0/24, mail]\n", `c.yaml:11:23: "mail" is neither an IP address nor a prefix such as 192.0.2.0/24`},
		{"bad VERP", imap + kafka + state + "sender:\n  verp: [bounce@b.example.com]\n", `c.yaml:11:10: VERP form "bounce@b.example.com": it needs {address}, or {local} and {domain}`},
		{"tag without key", imap + kafka + state + "sender:\n  verp: ['b+{address}+{tag}@b.example.com']\n", "set verp_key_env or verp_key_file"},
		{"privacy", imap + kafka + state + "privacy: {recipient: none}\n", `c.yaml:10:22: recipient is "none"; it may be clear or hash`},
		{"privacy without key", imap + kafka + state + "privacy: {recipient: hash}\n", "c.yaml:10:"},
		{"privacy of raw mail", imap + kafka + "  topics: {unrecognized: raw}\n" + state + "privacy: {recipient: hash, key_env: IMAP_PASSWORD}\n", "c.yaml:9:26: raw mail would hold the addresses"},
		{"privacy of what", imap + kafka + state + "privacy: {original: [bcc]}\n", `original has no part "bcc"; it has message_id, from,`},
		{"short key", imap + kafka + state + "privacy: {recipient: hash, key_env: IMAP_PASSWORD}\n", "c.yaml:10:11: the key has 7 bytes; use at least 16 random ones"},
		{"two of a name", imap + strings.TrimPrefix(imap, "sources:\n") + kafka + state, `there are two sources called "bounces@imap.example.com"; give each a name:`},
		{"missing path", "sources:\n  - paths: [/nonexistent.mbox]\n" + kafka + state, "c.yaml:2:13: stat /nonexistent.mbox: no such file or directory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseConfig("c.yaml", []byte(tt.text))
			switch {
			case tt.want == "":
				if err != nil {
					t.Error(err)
				}
			case err == nil:
				t.Errorf("no error, want %q", tt.want)
			default:
				if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got  %q\nwant %q", err, tt.want)
				}
				if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "s3cr3t") {
					t.Errorf("the error shows a secret: %v", err)
				}
			}
		})
	}
}

func TestSecretCommand(t *testing.T) {
	s := secret{name: "password", command: "echo hunter2"}
	if v, err := s.value(); v != "hunter2" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	s.command = "echo hunter2; echo hunter2 >&2; exit 3"
	if _, err := s.value(); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
}

// A secret comes from the environment, a file or a command, and is read each time: a rotated one is taken up.
func TestSecretIsReadAnew(t *testing.T) {
	file := t.TempDir() + "/secret"
	for _, s := range []secret{
		{name: "password", env: "TEST_SECRET"}, {name: "password", file: file}, {name: "password", command: "cat '" + file + "'"},
		{name: "password", command: "cat '" + file + "'; sleep 5 &"},
	} {
		for _, want := range []string{"hunter2", "with blanks, and \u00e9", "rotated"} {
			t.Setenv("TEST_SECRET", want)
			if err := os.WriteFile(file, []byte(want+"\r\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := s.value()
			if got != want || err != nil {
				t.Errorf("%s: %q, %v, want %q", s.key(), got, err, want)
			}
		}
	}
}
