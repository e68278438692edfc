package main

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// modestMemory keeps a replay with so many jobs below 64 MiB resident, some 12 of which are the program
// itself: garbage is collected before it makes more. Collecting as rarely as that allows costs less than
// collecting often. Where what lives needs more (the dictionary of an xz, a Parquet file) the
// limit gives way, for collecting cannot help then. Settings in the environment are left alone.
func modestMemory(jobs int) (restore func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	limit := int64(40<<20 + (1+jobs)<<21)
	before := debug.SetMemoryLimit(limit)
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if need := liveHeap() * 3 / 2; need > limit-limit/4 {
					limit = need + need/4
					debug.SetMemoryLimit(limit)
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
		debug.SetMemoryLimit(before)
	}
}

// liveHeap is what the last collection left.
func liveHeap() int64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(s[0].Value.Uint64())
}

// collectEarly has garbage collected when half as much again has been allocated as lives. A mailbox fills memory so slowly that
// this costs nothing, and how much lives depends on how many mailboxes there are: no limit would be the right one. Settings in
// the environment are left alone.
func collectEarly() (restore func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(50)
	return func() { debug.SetGCPercent(before) }
}
