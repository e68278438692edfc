package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// secret is where a secret comes from: one of the three. It never holds the secret itself, so
// that no log, error or dump can show it.
type secret struct {
	name               string // "password"
	env, file, command string
}

func (m *IMAPConfig) password() secret {
	return secret{"password", m.PasswordEnv, m.PasswordFile, m.PasswordCommand}
}

func (o *OAuth2Config) clientSecret() secret {
	return secret{"client_secret", o.ClientSecretEnv, o.ClientSecretFile, o.ClientSecretCommand}
}

func (o *OAuth2Config) refreshToken() secret {
	return secret{"refresh_token", o.RefreshTokenEnv, o.RefreshTokenFile, o.RefreshTokenCommand}
}

func (s *SASLConfig) password() secret {
	return secret{"password", s.PasswordEnv, s.PasswordFile, s.PasswordCommand}
}

func (s *SenderConfig) verpKey() secret {
	return secret{"verp_key", s.VERPKeyEnv, s.VERPKeyFile, s.VERPKeyCommand}
}

func (p *PrivacyConfig) key() secret {
	return secret{"key", p.KeyEnv, p.KeyFile, p.KeyCommand}
}

func (s secret) given() bool { return s.env != "" || s.file != "" || s.command != "" }

func (s secret) several() bool {
	n := 0
	for _, v := range [...]string{s.env, s.file, s.command} {
		if v != "" {
			n++
		}
	}
	return n > 1
}

// key returns the key that is given.
func (s secret) key() string {
	switch {
	case s.env != "":
		return s.name + "_env"
	case s.file != "":
		return s.name + "_file"
	}
	return s.name + "_command"
}

// value reads the secret, each time anew, so that a rotated one is picked up. "" where none is
// given. Trailing line ends are cut.
func (s secret) value() (string, error) {
	var v string
	switch {
	case s.env != "":
		v = os.Getenv(s.env)
		if v == "" {
			return "", fmt.Errorf("the environment variable %s is not set; export it, or use %s_file", s.env, s.name)
		}
	case s.file != "":
		b, err := os.ReadFile(s.file)
		if err != nil {
			return "", fmt.Errorf("%s_file: %w", s.name, err)
		}
		v = strings.TrimRight(string(b), "\r\n")
		if v == "" {
			return "", fmt.Errorf("%s_file: %s is empty", s.name, s.file)
		}
	case s.command != "":
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", s.command)
		cmd.WaitDelay = time.Second // what it started may keep its output open
		out, err := cmd.Output()
		if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			var exit *exec.ExitError
			if errors.As(err, &exit) { // what it printed may hold the secret
				return "", fmt.Errorf("%s_command ended with %v; run it by hand to see why", s.name, exit.ProcessState)
			}
			return "", fmt.Errorf("%s_command: %w", s.name, err)
		}
		v = strings.TrimRight(string(out), "\r\n")
		if v == "" {
			return "", fmt.Errorf("%s_command printed nothing", s.name)
		}
	}
	return v, nil
}
