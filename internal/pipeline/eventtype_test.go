package pipeline

import (
	"testing"

	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/sink"
)

// A recipient that will not be tried again is a bounce, whatever the action says; its
// neighbour in the same report may still be delayed.
func TestEventTypeGaveUp(t *testing.T) {
	rep := &dsn.Report{Kind: dsn.DeliveryStatus}
	for _, c := range []struct {
		rcpt dsn.Recipient
		want string
	}{
		{dsn.Recipient{Action: dsn.Delayed, GaveUp: true}, sink.TypeBounce},
		{dsn.Recipient{Action: dsn.Delayed}, sink.TypeDelay},
		{dsn.Recipient{Action: dsn.Relayed}, sink.TypeDelivery},
		{dsn.Recipient{Status: dsn.Status{Class: 2}}, sink.TypeDelivery},
		{dsn.Recipient{}, sink.TypeBounce},
	} {
		if got := eventType(rep, &c.rcpt); got != c.want {
			t.Errorf("%+v: %s, want %s", c.rcpt, got, c.want)
		}
	}
}
