package sink

import _ "embed"

// EventSchema is the JSON Schema (2020-12) of the events that [JSON] writes.
//
//go:embed event.schema.json
var EventSchema string

// EventAvro is the Avro schema of [Event].
//
//go:embed event.avsc
var EventAvro string
