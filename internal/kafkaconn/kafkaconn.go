// Package kafkaconn dials Kafka: addresses, TLS, SASL. It is shared by ingest, sink and cmd.
//
// A [Conn] connects when it is first used and reconnects by itself; [Conn.Check] says early
// and in one line what is wrong with addresses, certificates, passwords and topics.
package kafkaconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// Config says how to reach a cluster. Only Brokers is required.
type Config struct {
	Brokers  []string // host:port each; the port defaults to 9092
	ClientID string   // default "bouncepipe"
	TLS      *TLS     // nil: no TLS
	SASL     *SASL    // nil: no authentication
	// Topics are the topics that will be used; others are then unknown to the Conn. Empty: all
	// topics, which costs a large cluster more per refresh.
	Topics []string

	Timeout     time.Duration // of one request, and of a broker's silence; default 30 s
	DialTimeout time.Duration // of a connection, TLS and SASL included; default 10 s
	// MetadataTTL is the longest time a change of leader goes unnoticed, and the time brokers
	// have to answer where topics are; default 1 s.
	MetadataTTL time.Duration
}

// SASL is how to authenticate. It prints without the password.
type SASL struct {
	Mechanism string // "PLAIN", "SCRAM-SHA-256" or "SCRAM-SHA-512"
	User      string
	Password  string
}

// String implements [fmt.Stringer].
func (s SASL) String() string { return strings.ToUpper(s.Mechanism) + " as " + s.User }

// GoString implements [fmt.GoStringer].
func (s SASL) GoString() string { return "kafkaconn.SASL{" + s.String() + "}" }

func (s SASL) mechanism() (sasl.Mechanism, error) {
	if s.User == "" || s.Password == "" {
		return nil, errors.New("kafka: sasl needs user and password")
	}
	switch strings.ToUpper(s.Mechanism) {
	case "PLAIN":
		return plain.Mechanism{Username: s.User, Password: s.Password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, s.User, s.Password)
	case "SCRAM-SHA-512":
		return scram.Mechanism(scram.SHA512, s.User, s.Password)
	}
	return nil, fmt.Errorf("kafka: sasl mechanism %q is unknown: use PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", s.Mechanism)
}

// Conn is a pool of connections to one cluster. It is safe for concurrent use.
type Conn struct {
	cfg       Config
	client    *kafka.Client
	transport *kafka.Transport
	cancel    context.CancelFunc
}

// New checks cfg and reads its certificates. It does not connect.
func New(cfg Config) (*Conn, error) {
	cfg.Brokers = slices.Clone(cfg.Brokers)
	if len(cfg.Brokers) == 0 {
		return nil, errors.New("kafka: no brokers given")
	}
	for i, b := range cfg.Brokers {
		addr, err := hostPort(b)
		if err != nil {
			return nil, err
		}
		cfg.Brokers[i] = addr
	}
	if cfg.ClientID == "" {
		cfg.ClientID = "bouncepipe"
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.DialTimeout <= 0 {
		cfg.DialTimeout = 10 * time.Second
	}
	if cfg.MetadataTTL <= 0 {
		cfg.MetadataTTL = time.Second
	}
	t := &kafka.Transport{
		Dial:           dialer(cfg),
		DialTimeout:    cfg.DialTimeout,
		ClientID:       cfg.ClientID,
		MetadataTTL:    cfg.MetadataTTL,
		MetadataTopics: cfg.Topics,
	}
	var err error
	if cfg.TLS != nil {
		if t.TLS, err = cfg.TLS.config(); err != nil {
			return nil, err
		}
	}
	if cfg.SASL != nil {
		if t.SASL, err = cfg.SASL.mechanism(); err != nil {
			return nil, err
		}
	}
	c := &Conn{cfg: cfg, transport: t}
	t.Context, c.cancel = context.WithCancel(context.Background())
	// The client tells the broker half of its timeout, and waits for the whole.
	c.client = &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Timeout: cfg.Timeout, Transport: t}
	return c, nil
}

// Client returns the client that sends requests over c. What it returns as errors is best
// passed through [Conn.Explain].
func (c *Conn) Client() *kafka.Client { return c.client }

// Config returns the configuration with its defaults filled in.
func (c *Conn) Config() Config { return c.cfg }

// Close closes the connections. Requests under way may still finish.
func (c *Conn) Close() error {
	c.transport.CloseIdleConnections()
	c.cancel()
	return nil
}

func hostPort(s string) (string, error) {
	s = strings.TrimSpace(s)
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), "9092"
	}
	if host == "" || port == "" || strings.ContainsAny(host, "/, ") || strings.Contains(s, "://") {
		return "", fmt.Errorf("kafka: broker %q is not host:port", s)
	}
	return net.JoinHostPort(host, port), nil
}

// dialer dials with a limit below the pool's, so that one dead address leaves time for the next.
func dialer(cfg Config) func(context.Context, string, string) (net.Conn, error) {
	d := &net.Dialer{Timeout: cfg.DialTimeout / 2, KeepAlive: 15 * time.Second}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &impatient{Conn: conn, timeout: cfg.Timeout}, nil
	}
}

// impatient is a connection that waits for the peer no longer than timeout where the library
// sets no deadline, as during SASL: a silent broker would block it for ever.
type impatient struct {
	net.Conn
	timeout    time.Duration
	readLimit  bool // the library set a deadline
	writeLimit bool
}

func (c *impatient) SetDeadline(t time.Time) error {
	c.readLimit, c.writeLimit = !t.IsZero(), !t.IsZero()
	return c.Conn.SetDeadline(t)
}

func (c *impatient) SetReadDeadline(t time.Time) error {
	c.readLimit = !t.IsZero()
	return c.Conn.SetReadDeadline(t)
}

func (c *impatient) SetWriteDeadline(t time.Time) error {
	c.writeLimit = !t.IsZero()
	return c.Conn.SetWriteDeadline(t)
}

func (c *impatient) Read(p []byte) (int, error) {
	if !c.readLimit {
		c.Conn.SetReadDeadline(time.Now().Add(c.timeout))
	}
	return c.Conn.Read(p)
}

func (c *impatient) Write(p []byte) (int, error) {
	if !c.writeLimit {
		c.Conn.SetWriteDeadline(time.Now().Add(c.timeout))
	}
	return c.Conn.Write(p)
}
