package sink

import (
	"strings"
	"time"
)

// CloudEventType is what stands before an event's type in ce_type.
const CloudEventType = "bouncepipe."

// Key returns the key of e's record: its address in lower case, nil where there is none. Apply
// [Privacy] first.
func Key(e *Event) []byte {
	if e.Address == "" {
		return nil
	}
	return []byte(strings.ToLower(e.Address))
}

// CloudEventHeaders returns the headers that make a record with e as JSON a CloudEvent in the
// Kafka binding's binary mode. source is a constant of the installation: consumers tell events
// apart by source and ID together.
func CloudEventHeaders(e *Event, source string) []Header {
	return []Header{
		{"ce_specversion", []byte("1.0")},
		{"ce_id", []byte(e.ID)},
		{"ce_source", []byte(source)},
		{"ce_type", []byte(CloudEventType + e.Type)},
		{"ce_time", e.Time.UTC().AppendFormat(nil, time.RFC3339)},
		{"content-type", []byte("application/json")},
	}
}
