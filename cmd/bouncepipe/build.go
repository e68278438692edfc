package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

var eventsOnly = []string{sink.StreamEvents}

// classifier returns the built-in rules with those of the configuration before them.
func (c *configFile) classifier() (*classify.Classifier, error) {
	cl, err := classify.New(classify.Options{RuleFiles: c.Rules})
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return cl, nil
}

// newPipeline returns a pipeline that lacks its source and its sinks.
func (c *configFile) newPipeline(log *slog.Logger) (*pipeline.Pipeline, error) {
	cl, err := c.classifier()
	if err != nil {
		return nil, err
	}
	s, err := c.sender()
	if err != nil {
		return nil, err
	}
	prepare, err := c.privacy()
	if err != nil {
		return nil, err
	}
	return &pipeline.Pipeline{Classify: cl.Classify, Sender: s, Prepare: prepare, Grace: c.Grace.Duration, Log: log}, nil
}

func (c *configFile) logger(w io.Writer) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "warn": slog.LevelWarn, "error": slog.LevelError}
	opts := &slog.HandlerOptions{Level: levels[c.Log.Level]}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// kafkaConn returns a connection to the configured cluster; it does not connect yet.
func (c *configFile) kafkaConn() (*kafkaconn.Conn, error) {
	k := c.Kafka
	cfg := kafkaconn.Config{Brokers: k.Brokers, ClientID: k.ClientID}
	for _, topic := range c.topics() {
		cfg.Topics = append(cfg.Topics, topic)
	}
	if t := k.TLS; t != nil {
		tls := kafkaconn.TLS(*t)
		cfg.TLS = &tls
	}
	if s := k.SASL; s != nil {
		password, err := s.password().value()
		if err != nil {
			return nil, c.errorf("$.kafka.sasl", "%v", err)
		}
		cfg.SASL = &kafkaconn.SASL{Mechanism: s.Mechanism, User: s.Username, Password: password}
	}
	return kafkaconn.New(cfg)
}

// topics returns the topic of each stream that has one.
func (c *configFile) topics() map[string]string {
	t := map[string]string{sink.StreamEvents: c.Kafka.Topics.Events}
	if u := c.Kafka.Topics.Unrecognized; u != "" {
		t[sink.StreamUnrecognized] = u
	}
	return t
}

// addKafka gives p a writer to the configured cluster.
func (c *configFile) addKafka(p *pipeline.Pipeline) (*sink.Kafka, error) {
	conn, err := c.kafkaConn()
	if err != nil {
		return nil, err
	}
	topics := c.topics()
	w, err := sink.NewKafka(conn, sink.KafkaOptions{Topics: topics, Compression: c.Kafka.Compression, MaxBatchBytes: c.Kafka.MaxMessage})
	if err != nil {
		return nil, err
	}
	source := c.Kafka.CESource
	if source == "" {
		source = "/bouncepipe"
	}
	p.Record = func(e *sink.Event, value []byte) sink.Record {
		return sink.Record{Stream: sink.StreamEvents, Key: sink.Key(e), Value: value, Headers: sink.CloudEventHeaders(e, source)}
	}
	s := &pipeline.Sink{Name: "kafka " + strings.Join(c.Kafka.Brokers, ","), Writer: w}
	if c.Kafka.Topics.Unrecognized == "" {
		s.Streams = eventsOnly
	} else {
		p.Unrecognized = true
	}
	p.Sinks = append(p.Sinks, s)
	return w, nil
}

func (c *configFile) positions(log *slog.Logger) *ingest.FilePositions {
	return &ingest.FilePositions{Dir: c.StateDir, Notice: func(err error) { log.Warn("state: " + err.Error()) }}
}

// options returns what an account's mailboxes have in common.
func (m *IMAPConfig) options(log *slog.Logger) (ingest.IMAPOptions, error) {
	o := ingest.IMAPOptions{
		Address:      net.JoinHostPort(m.Host, strconv.Itoa(m.Port)),
		Security:     map[string]ingest.IMAPSecurity{"implicit": ingest.IMAPTLS, "starttls": ingest.IMAPSTARTTLS, "none": ingest.IMAPPlain}[m.TLS],
		Username:     m.Username,
		Interval:     m.Interval.Duration,
		Cron:         m.Cron,
		NoIDLE:       m.Idle != nil && !*m.Idle,
		Batch:        m.Batch,
		MaxBytes:     m.MaxBytes,
		MaxPerSecond: int(math.Ceil(m.Rate)),
		Timeout:      m.Timeout.Duration,
		Actions:      map[ingest.Outcome]ingest.IMAPAction{},
		Notify:       func(msg string) { log.Warn(msg) },
	}
	mode, since, err := parseStart(m.Start)
	if err != nil {
		return o, err
	}
	o.Start = ingest.IMAPStart{Now: mode == "now", Since: since}
	for outcome, action := range m.Actions {
		if o.Actions[outcomes[outcome]], err = ingest.ParseIMAPAction(action); err != nil {
			return o, err
		}
	}
	if o.TLS, err = m.tlsConfig(); err != nil {
		return o, err
	}
	if m.OAuth2 == nil {
		o.Password = m.password().value
		return o, nil
	}
	o.Mechanism = m.OAuth2.Mechanism
	oauth := ingest.IMAPOAuth{TokenURL: m.OAuth2.TokenURL, ClientID: m.OAuth2.ClientID, Scopes: m.OAuth2.Scopes}
	if s := m.OAuth2.clientSecret(); s.given() {
		oauth.ClientSecret = s.value
	}
	if s := m.OAuth2.refreshToken(); s.given() {
		oauth.RefreshToken = s.value
	}
	o.Token, err = oauth.TokenFunc()
	return o, err
}

func (m *IMAPConfig) tlsConfig() (*tls.Config, error) {
	if m.CAFile == "" && m.CertFile == "" && m.ServerName == "" {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: m.ServerName}
	if cfg.ServerName == "" {
		cfg.ServerName = m.Host
	}
	if m.CAFile != "" {
		pem, err := os.ReadFile(m.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: %s holds no certificate in PEM form", m.CAFile)
		}
	}
	if m.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(m.CertFile, m.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("cert_file %s: %w", m.CertFile, err)
		}
		cfg.Certificates = []tls.Certificate{cert}
	}
	return cfg, nil
}

// openNDJSON gives p a file to append to.
func (c *configFile) openNDJSON(p *pipeline.Pipeline) error {
	w, err := sink.OpenNDJSON(c.NDJSON.Path)
	if err != nil {
		return c.errorf("$.ndjson.path", "%v", err)
	}
	p.Sinks = append(p.Sinks, &pipeline.Sink{Name: c.NDJSON.Path, Writer: w, Streams: eventsOnly})
	return nil
}

func closeSinks(ctx context.Context, sinks []*pipeline.Sink) {
	for _, s := range sinks {
		s.Writer.Close(context.WithoutCancel(ctx))
	}
}
