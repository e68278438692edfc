// Package cluster runs bouncepipe against three Apache Kafka brokers that are killed and stopped while 100,000 events
// flow, and kills bouncepipe itself. It takes some minutes: `make integration-kafka`. Its figures are
// those of docs/reliability.md.
package cluster
