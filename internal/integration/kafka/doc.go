// Package kafka runs bouncepipe against Apache Kafka with TLS and SASL, and has other clients read and write
// the same topics: kcat and Java's. Run it with `make integration`.
package kafka
