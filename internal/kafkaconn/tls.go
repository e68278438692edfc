package kafkaconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLS says how to trust the brokers and how to be trusted. The zero value trusts the system's CAs.
type TLS struct {
	CAFile     string // PEM; the only CAs that are trusted; empty: the system's
	CertFile   string // PEM; the client's certificate; empty: none
	KeyFile    string // PEM; its key; default CertFile
	ServerName string // expected in the brokers' certificates; empty: the name that was dialed
}

func (t *TLS) config() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: tls CA: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("kafka: tls CA: %s holds no certificate in PEM form", t.CAFile)
		}
	}
	if t.CertFile == "" {
		if t.KeyFile != "" {
			return nil, errors.New("kafka: tls has a key file but no certificate file")
		}
		return cfg, nil
	}
	load := func() (*tls.Certificate, error) {
		keyFile := t.KeyFile
		if keyFile == "" {
			keyFile = t.CertFile
		}
		cert, err := tls.LoadX509KeyPair(t.CertFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("kafka: tls client certificate %s: %w", t.CertFile, err)
		}
		return &cert, nil
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	// Read again for each connection: certificates are renewed while the program runs.
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return cfg, nil
}
