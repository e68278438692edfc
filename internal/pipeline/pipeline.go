// Package pipeline is the one data path: fetch, read, judge, encode, write with retry, commit.
package pipeline
