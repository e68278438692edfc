package ingest

import "bytes"

// isCut reports whether the mbox, which ends at i, seems to end within the message that
// begins at begin: a whole one is followed by a blank line, if the others were.
func (s *splitter) isCut(begin, i int) bool {
	b := s.a.buf()[begin:i]
	s.claim()
	if s.length > s.offset(i) {
		return true
	}
	if s.length > 0 && s.length >= s.offset(i)-int64(trailingBlank(b)) {
		return false
	}
	if len(b) == 0 || b[len(b)-1] != '\n' {
		return true
	}
	header, _ := headerEnd(b)
	if header < 0 || header == len(b) && s.skipped == 0 {
		return true
	}
	return trailingBlank(b) == 0 && (s.joined == 0 || s.separated > 0)
}

// trailing is the length of what separates b, at its end, from the next message.
func (s *splitter) trailing(b []byte) int {
	if !s.lines {
		return trailingBlank(b)
	}
	return len(b) - len(bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r")))
}

// isPartial reports whether all of b is a piece of a separator line.
func isPartial(b []byte) bool {
	const from = "From "
	n := min(len(b), len(from))
	return n > 0 && len(b) < maxPostmark && string(b[:n]) == from[:n] && bytes.IndexByte(b, '\n') < 0
}

// trailingBlank is the length of the empty line at the end of b, 0 if there is none.
func trailingBlank(b []byte) int {
	n := len(b)
	if n == 0 || b[n-1] != '\n' {
		return 0
	}
	if n == 1 || b[n-2] == '\n' {
		return 1
	}
	if b[n-2] == '\r' && (n == 2 || b[n-3] == '\n') {
		return 2
	}
	return 0
}
