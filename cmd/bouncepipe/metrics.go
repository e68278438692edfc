package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// serveMetrics serves /metrics, /healthz (the process lives) and /readyz (all it needs works).
func (s *service) serveMetrics() (stop func(), err error) {
	l, err := net.Listen("tcp", s.Metrics.Listen)
	if err != nil {
		return nil, err
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(s, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		troubles := s.troubles()
		if len(troubles) == 0 {
			fmt.Fprintln(w, "ok")
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		for _, t := range troubles {
			fmt.Fprintln(w, t)
		}
	})
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go srv.Serve(l)
	s.log.Info("serving metrics", "address", l.Addr().String())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		srv.Shutdown(ctx)
	}, nil
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("bouncepipe_"+name, help, labels, nil)
}

var (
	descMessages = desc("messages_total", "Messages that are done, by what they were.", "source", "outcome")
	descEvents   = desc("events_total", "Events published.", "source", "type")
	descBytes    = desc("bytes_total", "Bytes of the messages that are done.", "source")
	descInFlight = desc("in_flight_messages", "Messages fetched and not yet done.", "source")
	descTrouble  = desc("trouble", "1 while something fails and is tried again.", "source", "what")

	descConnected  = desc("imap_connected", "1 while there is a connection.", "source")
	descLastPoll   = desc("imap_last_poll_timestamp_seconds", "When the server was last asked for new messages.", "source")
	descBacklog    = desc("imap_backlog_messages", "Messages in the mailbox that are still to be read.", "source")
	descBacklogAge = desc("imap_backlog_age_seconds", "How long the oldest of them has been waiting.", "source")
	descReconnects = desc("imap_reconnects_total", "Connections made anew.", "source")
	descErrors     = desc("imap_errors_total", "Failures met.", "source")
	descActions    = desc("imap_pending_actions", "Messages on which an action is still to be taken.", "source")

	descRecords   = desc("kafka_records_total", "Records that brokers acknowledged.")
	descKBytes    = desc("kafka_bytes_total", "Bytes of the acknowledged batches, compressed.")
	descRequests  = desc("kafka_requests_total", "Produce requests sent.")
	descFailures  = desc("kafka_failed_requests_total", "Produce requests without acknowledgement.")
	descShortened = desc("kafka_shortened_records_total", "Records that were too large and stored shortened.")
)

// Describe implements prometheus.Collector; what there is depends on the configuration.
func (s *service) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(s, ch) }

// Collect implements prometheus.Collector.
func (s *service) Collect(ch chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s.mu.Lock()
	workers := s.workers
	s.mu.Unlock()
	for _, w := range workers {
		st := w.Stats()
		for o, n := range st.ByOutcome {
			count(descMessages, float64(n), w.Name, o)
		}
		for t, n := range st.ByType {
			count(descEvents, float64(n), w.Name, t)
		}
		count(descBytes, float64(st.Bytes), w.Name)
		gauge(descInFlight, float64(st.InFlight), w.Name)
		for _, t := range st.Troubles {
			gauge(descTrouble, 1, w.Name, t.What)
		}
		if w.imap == nil {
			continue
		}
		is := w.imap.Stats()
		gauge(descConnected, truth(is.Connected), w.Name)
		if !is.LastPoll.IsZero() {
			gauge(descLastPoll, float64(is.LastPoll.Unix()), w.Name)
		}
		gauge(descBacklog, float64(is.Backlog), w.Name)
		if !is.Oldest.IsZero() {
			gauge(descBacklogAge, time.Since(is.Oldest).Seconds(), w.Name)
		}
		count(descReconnects, float64(is.Reconnects), w.Name)
		count(descErrors, float64(is.Errors), w.Name)
		gauge(descActions, float64(is.Pending), w.Name)
	}
	if s.kafka != nil {
		k := s.kafka.Stats()
		count(descRecords, float64(k.Records))
		count(descKBytes, float64(k.Bytes))
		count(descRequests, float64(k.Requests))
		count(descFailures, float64(k.Failures))
		count(descShortened, float64(k.Shortened))
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
