package kafkaconn

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	"github.com/segmentio/kafka-go"
)

// Error is a failure to use a cluster, in one line that names the remedy. It wraps the cause.
type Error struct {
	Brokers string // the cluster, as configured
	Text    string // what is wrong and what to do about it
	Err     error
}

// Error implements error.
func (e *Error) Error() string { return "kafka " + e.Brokers + ": " + e.Text }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Explain turns an error of the client into an [*Error]. It returns nil for nil, and errors that
// are explained already or speak of an ended context as they are.
func (c *Conn) Explain(err error) error {
	var done *Error
	if err == nil || errors.As(err, &done) || errors.Is(err, context.Canceled) {
		return err
	}
	return &Error{Brokers: strings.Join(c.cfg.Brokers, ","), Text: c.explain(err), Err: err}
}

func (c *Conn) explain(err error) string {
	if text := c.explainTLS(err); text != "" {
		return text
	}
	var dns *net.DNSError
	var op *net.OpError
	at := ""
	if errors.As(err, &op) && op.Addr != nil {
		at = " (" + op.Addr.String() + ")"
	}
	switch {
	case errors.As(err, &dns):
		return "no address found for " + dns.Name + ": check the brokers' names"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused" + at + ": is the broker running there?"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "unreachable" + at + ": check network and addresses"
	}
	var kerr kafka.Error
	if errors.As(err, &kerr) {
		return c.explainKafka(kerr, err)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		if c.cfg.TLS == nil {
			return "no answer in time" + at + ": check addresses and firewall, and whether the broker wants TLS"
		}
		return "no answer in time" + at + ": check addresses and firewall, and whether the broker speaks TLS on this port"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		var hints []string
		if c.cfg.SASL != nil {
			hints = append(hints, "check user and password ("+c.cfg.SASL.String()+")")
		} else {
			hints = append(hints, "it may want SASL")
		}
		if c.cfg.TLS == nil {
			hints = append(hints, "it may want TLS")
		} else {
			hints = append(hints, "it may not speak TLS on this port")
		}
		return "the broker closed the connection; if it always does: " + strings.Join(hints, ", ")
	}
	return oneLine(err.Error())
}

func (c *Conn) explainTLS(err error) string {
	var (
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		record   tls.RecordHeaderError
		alert    tls.AlertError
		op       *net.OpError
	)
	switch {
	case errors.As(err, &unknown):
		if c.cfg.TLS != nil && c.cfg.TLS.CAFile != "" {
			return "the broker's certificate is not signed by a CA in " + c.cfg.TLS.CAFile + ": set the tls CA to the one that signed it"
		}
		return "the broker's certificate is signed by a CA that this system does not know: set the tls CA to the one that signed it"
	case errors.As(err, &hostname):
		return oneLine(hostname.Error()) + ": dial the broker by that name or set the tls server name"
	case errors.As(err, &invalid):
		return "the broker's certificate is not valid: " + oneLine(invalid.Error())
	case errors.As(err, &record):
		return "the broker does not speak TLS on this port: use its TLS port or drop tls"
	case errors.As(err, &alert), errors.As(err, &op) && op.Op == "remote error":
		return "the broker refused the TLS handshake (" + oneLine(rootText(err)) + "): check the tls client certificate and key"
	}
	return ""
}

func (c *Conn) explainKafka(kerr kafka.Error, err error) string {
	switch kerr {
	case kafka.SASLAuthenticationFailed:
		if c.cfg.SASL != nil {
			return "wrong user or password (" + c.cfg.SASL.String() + "): check sasl"
		}
	case kafka.UnsupportedSASLMechanism:
		if c.cfg.SASL != nil {
			return "the broker does not offer " + c.cfg.SASL.Mechanism + ": choose another sasl mechanism"
		}
	case kafka.IllegalSASLState:
		return "the broker wants no SASL on this port: use its SASL port or drop sasl"
	case kafka.UnknownTopicOrPartition:
		return "unknown topic or partition: create topics with `bouncepipe topics create`"
	case kafka.TopicAuthorizationFailed:
		return "not allowed to use the topic: grant Write and Describe on it to this user"
	case kafka.ClusterAuthorizationFailed:
		return "not allowed on this cluster: the user lacks the right for this action"
	case kafka.NotEnoughReplicas, kafka.NotEnoughReplicasAfterAppend:
		return "fewer replicas in sync than min.insync.replicas: bring the missing brokers back"
	case kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.BrokerNotAvailable:
		return "a partition has no leader at the moment: " + oneLine(kerr.Title())
	case kafka.InvalidTimestamp:
		return "the broker refuses records of this time: compare the clocks of broker and client"
	}
	return oneLine(err.Error())
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// rootText returns the text of the innermost error.
func rootText(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// oneLine drops the library's own prefixes and line breaks.
func oneLine(s string) string {
	for _, prefix := range []string{"kafka.(*Client).Produce: ", "kafka.(*Client).RawProduce: ", "kafka.(*Client).Metadata: ", "kafka.(*Client).CreateTopics: ", "kafka.(*Client).DescribeConfigs: "} {
		s = strings.ReplaceAll(s, prefix, "")
	}
	return strings.Join(strings.Fields(s), " ")
}
