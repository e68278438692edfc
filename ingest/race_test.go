//go:build race

package ingest

// slower is by how much the race detector shrinks what takes long.
const slower = 20
