// Package bench measures bouncepipe on archives that it makes itself: every mail has its own
// Message-ID, queue ID and recipient, so that no cache can help. It holds benchmarks only;
// `make bench` runs them.
package bench
