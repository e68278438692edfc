package ingest

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Source URIs of files:
//
//	file:///var/mail/new/1.eml        a file that is one message (RFC 8089)
//	mbox:///var/mail/inbox#1024       the message at byte 1024 of an mbox, unpacked if it is packed
//	file:///old/2016.tar.gz!/a/1.eml  a member of an archive
//	mbox:///old/2016.zip!/inbox#0     a message of an mbox in an archive
//	file:///log/mail.log#1024         a line
//
// A "!" that is part of a name is written %21, so "!/" always leads into an archive.

// escapePath escapes a path or member name as RFC 3986 wants it, byte by byte: names are
// bytes, not always UTF-8.
func escapePath(name string) string {
	const hex = "0123456789ABCDEF"
	clean := true
	for i := 0; i < len(name) && clean; i++ {
		clean = isPathChar(name[i])
	}
	if clean {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if c := name[i]; isPathChar(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

func isPathChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || strings.IndexByte("/-._~:@,=+", c) >= 0
}

// location is a file's or member's place, without scheme: "/old/2016.tar.gz!/a/1.eml",
// escaped. The standard input is "/-".
type location string

const stdinLocation location = "/-"

func fileLocation(path string) (location, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return location(escapePath(filepath.ToSlash(abs))), nil
}

func (l location) member(name string) location {
	return l + "!/" + location(escapePath(strings.TrimPrefix(name, "/")))
}

func (l location) file() string { return "file://" + string(l) }

func (l location) fileAt(off int64) string { return l.at("file://", off) }

func (l location) mbox(off int64) string { return l.at("mbox://", off) }

// at makes its string in one piece: there is one a message.
func (l location) at(scheme string, off int64) string {
	var digits [20]byte
	return scheme + string(l) + "#" + string(strconv.AppendInt(digits[:0], off, 10))
}
