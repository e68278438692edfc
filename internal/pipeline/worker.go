package pipeline

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/sink"
)

// RecordMaker turns an event and its encoded form into a record. value may be kept in it.
// Called from several goroutines.
type RecordMaker func(e *sink.Event, value []byte) sink.Record

// keyed is the RecordMaker of a pipeline that has none.
func keyed(e *sink.Event, value []byte) sink.Record {
	r := sink.Record{Stream: sink.StreamEvents, Value: value}
	if e.Address != "" {
		r.Key = []byte(lower(e.Address))
	}
	return r
}

// worker reads messages one after the other.
type worker struct {
	*Pipeline
	dsn   dsn.Reader
	event eventMaker
	id    sink.Identity
	size  int // of the largest event so far
}

func (w *worker) part(p *part) {
	p.results, p.records, p.ends = p.results[:0], p.records[:0], p.ends[:0]
	clear(p.types[:])
	w.event.sender, w.event.now = w.Sender, w.Now
	// The records' values lie in one buffer. They stay valid when it is left for a larger one, so it
	// may grow at will; it is used again after the commit, when nobody holds on to them any more.
	buf := p.buf[:0]
	if cap(buf) < len(p.messages)*1024 {
		buf = make([]byte, 0, len(p.messages)*1536)
	}
	for i := range p.messages {
		var r Result
		buf, r = w.message(p, buf, &p.messages[i])
		p.results, p.ends = append(p.results, r), append(p.ends, len(p.records))
	}
	p.buf = buf
}

// message makes the records of m. A panic on the way costs the message, not the process.
func (w *worker) message(p *part, buf []byte, m *ingest.Message) (out []byte, r Result) {
	records, types, start := len(p.records), p.types, len(buf)
	defer func() {
		if v := recover(); v != nil {
			p.records, p.types = p.records[:records], types
			w.Log.Error("reading a message failed; it is quarantined, please report it", "source", m.Source, "panic", v, "stack", string(debug.Stack()))
			out, r = w.quarantine(p, buf[:start], m, fmt.Sprint("panic: ", v))
		}
	}()
	if m.Err != nil {
		return w.quarantine(p, buf, m, m.Err.Error())
	}
	rep, err := w.read(m)
	switch {
	case errors.Is(err, dsn.ErrNotReport):
		w.unrecognized(p, m, ingest.Other, err.Error())
		return buf, Result{Outcome: ingest.Other}
	case err != nil:
		w.unrecognized(p, m, ingest.Unreadable, err.Error())
		return buf, Result{Outcome: ingest.Unreadable}
	}
	w.id.Reset(m.Raw)
	w.event.begin(m, rep)
	r.Outcome = outcomeOf(rep)
	rcpts := rep.Recipients
	if len(rcpts) == 0 {
		rcpts = []dsn.Recipient{{}} // one event per report where no recipient is known
	}
	kept := 0
	for i := range rcpts {
		e := w.event.recipient(&rcpts[i], w.Classify(rep, &rcpts[i]))
		e.ID = w.id.ID(e.Type, e.Recipient)
		if w.Keep != nil && !w.Keep(e) {
			continue
		}
		kept++
		if buf, err = w.append(p, buf, e); err != nil {
			panic(err) // an event that cannot be encoded: the message is set aside
		}
		if r.Lead == "" {
			r.Lead = e.ID
		}
	}
	r.Events, r.Filtered = kept, kept == 0
	if r.Outcome == ingest.Unreadable && !r.Filtered {
		w.unrecognized(p, m, r.Outcome, "a report of which no recipient could be read")
	}
	return buf, r
}

func (w *worker) read(m *ingest.Message) (*dsn.Report, error) {
	if m.Reply != nil {
		return reportOf(m.Reply), nil
	}
	if w.Parse != nil {
		return w.Parse(m.Raw)
	}
	return w.dsn.Read(m.Raw)
}

// append encodes e behind buf and adds its record.
func (w *worker) append(p *part, buf []byte, e *sink.Event) ([]byte, error) {
	if cap(buf)-len(buf) < w.size {
		buf = make([]byte, 0, max(cap(buf), 4*w.size)) // the records keep the old one
	}
	if w.Prepare != nil {
		w.Prepare(e)
	}
	start := len(buf)
	buf, err := w.Encoder.Append(buf, e)
	if err != nil {
		return buf[:start], err
	}
	w.size = max(w.size, len(buf)-start)
	p.records = append(p.records, w.Record(e, buf[start:len(buf):len(buf)]))
	p.types[typeIndex(e.Type)]++
	return buf, nil
}

// quarantine publishes that m could not be read. Its body, where there is one, goes the way of
// unrecognized mail.
func (w *worker) quarantine(p *part, buf []byte, m *ingest.Message, reason string) ([]byte, Result) {
	e := w.quarantined(m, identity(m), reason)
	buf, err := w.append(p, buf, e)
	if err != nil {
		w.Log.Error("an event of type quarantined could not be encoded", "source", m.Source, "error", err)
	}
	w.unrecognized(p, m, ingest.Quarantined, reason)
	return buf, Result{Outcome: ingest.Quarantined, Events: 1, Lead: e.ID}
}

// unrecognized passes m on raw where that is wanted.
func (w *worker) unrecognized(p *part, m *ingest.Message, o ingest.Outcome, reason string) {
	if !w.Unrecognized || len(m.Raw) == 0 {
		return
	}
	p.records = append(p.records, sink.Record{
		Stream: sink.StreamUnrecognized,
		Value:  m.Raw,
		Headers: []sink.Header{
			{Key: "bouncepipe_source", Value: []byte(m.Source)},
			{Key: "bouncepipe_outcome", Value: []byte(o.String())},
			{Key: "bouncepipe_reason", Value: []byte(reason)},
		},
	})
}

// kinds says what the reports are that tell of no delivery.
var kinds = [...]struct {
	kind    dsn.Kind
	outcome ingest.Outcome
	event   string
}{
	{dsn.FeedbackReport, ingest.Complaint, sink.TypeComplaint},
	{dsn.AutoReply, ingest.AutoReply, sink.TypeAutoReply},
	{dsn.Challenge, ingest.Challenge, sink.TypeChallenge},
	{dsn.DispositionNotification, ingest.Disposition, sink.TypeDisposition},
}

// outcomeOf says what a report as a whole is: a bounce where anyone failed.
func outcomeOf(rep *dsn.Report) ingest.Outcome {
	for _, k := range kinds {
		if k.kind == rep.Kind {
			return k.outcome
		}
	}
	if len(rep.Recipients) == 0 {
		return ingest.Unreadable
	}
	o := ingest.Delivery
	for i := range rep.Recipients {
		switch eventType(rep, &rep.Recipients[i]) {
		case sink.TypeBounce:
			return ingest.Bounce
		case sink.TypeDelay:
			o = ingest.Delay
		}
	}
	return o
}

// eventType names the event of one recipient. A report that states no action tells of a
// failure, unless its status says otherwise.
func eventType(rep *dsn.Report, rcpt *dsn.Recipient) string {
	for _, k := range kinds {
		if k.kind == rep.Kind {
			return k.event
		}
	}
	switch rcpt.Action {
	case dsn.Delayed:
		if rcpt.GaveUp {
			return sink.TypeBounce
		}
		return sink.TypeDelay
	case dsn.Delivered, dsn.Relayed, dsn.Expanded:
		return sink.TypeDelivery
	case dsn.None:
		if rcpt.Status.Class == 2 {
			return sink.TypeDelivery
		}
	}
	return sink.TypeBounce
}
