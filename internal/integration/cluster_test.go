//go:build integration

package integration

import (
	"syscall"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

// TestCluster: three brokers, replication 3, min.insync.replicas 2. One is killed while events flow, later two are away for a while.
func TestCluster(t *testing.T) {
	t.Parallel()
	const n, away = 15000, 8 * time.Second
	d := dovecot(t)
	k := &lab.Kafka{Brokers: 3}
	k.Start(t)
	k.CreateTopic("events", 6, 3, "min.insync.replicas=2")
	addresses := fill(t, d, 0, n/2)
	w := configure(t, d, k.Addrs(), "")
	w.Start()
	flowing(t, k)
	time.Sleep(200 * time.Millisecond)
	k.StopBroker(2, syscall.SIGKILL)
	t.Log("killed one of three brokers")
	drained(t, k, len(addresses), patience)

	k.StartBroker(2)
	k.Wait()
	addresses = append(addresses, fill(t, d, len(addresses), n-n/2)...)
	time.Sleep(time.Second)
	k.StopBroker(0, syscall.SIGTERM)
	k.StopBroker(1, syscall.SIGKILL)
	t.Log("two of three brokers are away for", away)
	time.Sleep(away)
	k.StartBroker(0)
	k.StartBroker(1)
	k.Wait()
	drained(t, k, len(addresses), patience)
	w.Stop()
	got := consume(t, k)
	repeats := got.complete(t, addresses)
	t.Logf("%d bounces, 0 lost, %d repeats", len(addresses), repeats)
}
