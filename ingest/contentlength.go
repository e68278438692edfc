package ingest

import (
	"bytes"
	"io"
)

// maxHeader is how much of a header is searched for Content-Length.
const maxHeader = 64 << 10

// unclaimed reports whether the separator at i ends the present message: yes, unless the
// message's Content-Length reaches beyond i and proves true.
func (s *splitter) unclaimed(i int) answer {
	s.claim()
	if s.length <= s.offset(i) {
		return yes
	}
	switch s.prove() {
	case yes:
		return no
	case more:
		return more
	}
	s.length = -1
	return yes
}

// claim notes where the present message ends by its Content-Length.
func (s *splitter) claim() {
	if s.length != 0 {
		return
	}
	s.length = -1
	if s.form == MboxRD || s.form == MboxO {
		return
	}
	end := s.hi
	if s.oversize {
		end = s.head()
	}
	begin := s.body(end)
	header, length := headerEnd(s.a.buf()[begin:min(end, begin+maxHeader)])
	if header > 0 && length >= 0 {
		s.length = s.offset(begin+header) - s.skipped + length
	}
}

// prove looks at the place that Content-Length names. If the next message begins there, or
// nothing is there, the claim is true, and found.
func (s *splitter) prove() answer {
	const longest = len("\r\nFrom ")
	var ahead [longest]byte
	b := ahead[:0]
	buf := s.a.buf()
	at := s.length - s.base
	switch {
	case at+int64(longest) <= int64(s.hi):
		b = buf[at : at+int64(longest)]
	case s.eof:
		if at > int64(s.hi) {
			return no
		}
		b = buf[at:s.hi]
	case s.at != nil:
		// One byte before, so that the end and what is behind it can be told apart.
		var with [longest + 1]byte
		n, err := s.at.ReadAt(with[:], s.length-1)
		if n == 0 || err != nil && err != io.EOF {
			return no
		}
		b = append(b, with[1:n]...)
	case !s.oversize && s.length+int64(longest)+tailLen <= s.offset(s.lo)+int64(len(buf)):
		return more
	default:
		return no
	}
	blank := 0
	if bytes.HasPrefix(b, []byte("\r\n")) {
		blank = 2
	} else if bytes.HasPrefix(b, []byte("\n")) {
		blank = 1
	}
	if len(b) == blank || bytes.HasPrefix(b[blank:], []byte("From ")) {
		s.sure = s.length + int64(blank)
		return yes
	}
	return no
}

// headerEnd returns where the body begins in b, -1 if it does not, and the header's
// Content-Length, -1 if there is none that makes sense.
func headerEnd(b []byte) (end int, length int64) {
	const name = "content-length:"
	length = -1
	for i := 0; i < len(b); {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			break
		}
		line := b[i : i+n]
		i += n + 1
		if len(line) == 0 || len(line) == 1 && line[0] == '\r' {
			return i, length
		}
		if bytes.HasPrefix(line, []byte("From ")) {
			break
		}
		if line[0]|0x20 == 'c' && len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			length = parseLength(line[len(name):])
		}
	}
	return -1, -1
}

// parseLength reads the value of Content-Length; -1 if it is none.
func parseLength(b []byte) int64 {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || len(b) > 15 {
		return -1
	}
	var n int64
	for _, c := range b {
		if !isDigit(c) {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}
