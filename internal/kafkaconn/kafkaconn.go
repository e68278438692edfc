// Package kafkaconn dials Kafka: addresses, TLS, SASL. It is shared by ingest, sink and cmd.
package kafkaconn
