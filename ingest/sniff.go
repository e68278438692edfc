package ingest

import (
	"bytes"
	"strconv"
)

// kind is what a file turned out to be.
type kind uint8

const (
	kindMail kind = iota // also whatever is nothing else: nothing is left out
	kindMbox
	kindTar
	kindZip
	kindGzip
	kindBzip2
	kindXz
	kindZstd
	kindLines // asked for, never found
)

// sniffLen is how much of a file is read before it is known what it is: most mails are read
// at once.
const sniffLen = 16 << 10

// kinds is the ordered table of what is recognised, by content alone: archives of mail have
// all sorts of names.
var kinds = [...]struct {
	kind kind
	is   func(head []byte) bool
}{
	{kindGzip, magic("\x1f\x8b\x08")},
	{kindZstd, isZstd},
	{kindXz, magic("\xfd7zXZ\x00")},
	{kindBzip2, isBzip2},
	{kindZip, isZip},
	{kindTar, isTar},
	{kindMbox, isMbox},
}

func sniff(head []byte) kind {
	for _, k := range kinds {
		if k.is(head) {
			return k.kind
		}
	}
	return kindMail
}

func magic(prefix string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(prefix)) }
}

// isZstd knows a frame (RFC 8878 3.1.1) and a skippable frame (3.1.2), which may come first.
func isZstd(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) ||
		len(head) >= 8 && head[0]&0xf0 == 0x50 && bytes.HasPrefix(head[1:], []byte("\x2a\x4d\x18"))
}

func isBzip2(head []byte) bool {
	return len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) && head[3] >= '1' && head[3] <= '9' &&
		(string(head[4:10]) == "\x31\x41\x59\x26\x53\x59" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90")
}

// isZip knows a local file header and the end of an empty archive.
func isZip(head []byte) bool {
	return bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06"))
}

// isTar checks the first header's checksum: the oldest form has no magic.
func isTar(head []byte) bool {
	const size, from, to = 512, 148, 156
	if len(head) < size {
		return false
	}
	text := string(bytes.Trim(head[from:to], " \x00"))
	want, err := strconv.ParseInt(text, 8, 64)
	if err != nil || len(text) < 3 {
		return false
	}
	var unsigned, signed int64
	for i, c := range head[:size] {
		if i >= from && i < to {
			c = ' '
		}
		unsigned += int64(c)
		signed += int64(int8(c))
	}
	return want == unsigned || want == signed
}

// isMbox wants a separator first, blank lines before it allowed; a mail saved with its
// separator is an mbox of one.
func isMbox(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(head, "\r\n"), []byte("From "))
}
