package sink

import (
	"bytes"
	"hash"
)

// normalizer feeds a message to a hash line by line. Lines that touch are hashed as one piece
// of raw, not copied; small pieces are gathered in buf, since a hash is slow on crumbs.
type normalizer struct {
	raw  []byte
	pos  int // start of the next line
	lf   int // the first LF at or after pos, or len(raw); valid while >= pos
	noCR int // no CR stands before
	hash hash.Hash

	from, to int // raw[from:to] is due to be hashed, after buf
	buf      []byte
	room     int // bytes that the current block may still take
	breaks   int // line ends seen since the last text; hashed only if text follows
}

// line returns the next line, raw[start:end], and the number of line ends after it: 0 at the
// end of raw, more than 1 after a run of bare CRs.
func (n *normalizer) line() (start, end, breaks int) {
	start = n.pos
	if n.lf < start || n.lf == 0 {
		n.lf = len(n.raw)
		if i := bytes.IndexByte(n.raw[start:], '\n'); i >= 0 {
			n.lf = start + i
		}
	}
	end = n.lf
	if n.lf <= n.noCR {
		n.pos = min(n.lf+1, len(n.raw))
		return start, end, n.pos - end
	}
	if i := bytes.IndexByte(n.raw[start:n.lf], '\r'); i >= 0 {
		end = start + i
		next := end
		for next < n.lf && n.raw[next] == '\r' {
			next++
		}
		if next < n.lf || n.lf == len(n.raw) { // no LF follows them: each CR is a line end
			n.pos = next
			return start, end, next - end
		}
	}
	if n.lf == len(n.raw) {
		n.pos = n.lf
		return start, end, 0
	}
	n.pos = n.lf + 1
	return start, end, 1
}

func (n *normalizer) header() {
	n.room = idHeader
	if n.noCR = bytes.IndexByte(n.raw[:min(len(n.raw), plainHeader)], '\r'); n.noCR < 0 {
		n.noCR = min(len(n.raw), plainHeader)
	}
	n.plainLines()
	searched, dropping := n.pos, false
	for first := n.pos == 0; n.pos < len(n.raw) && searched < idSearch; first = false {
		start, end, breaks := n.line()
		if start == end { // the empty line before the body; more CRs in the run belong to the body
			n.breaks = breaks - 1
			return
		}
		line := n.raw[start:end]
		switch {
		case first && bytes.HasPrefix(line, fromSpace):
			if breaks > 1 {
				n.breaks = breaks - 2
				return
			}
			continue
		case line[0] == ' ' || line[0] == '\t':
			// continues the field before it
		default:
			dropping = addedByStore(line)
		}
		if !dropping {
			start = unquote(n.raw, start, end)
			searched += end - start + 1
			n.text(start, end)
			n.breaks = 1
		}
		if breaks > 1 && searched < idSearch {
			n.breaks = breaks - 2
			return
		}
	}
	n.pos, n.breaks = len(n.raw), 0 // no body, or too far away
}

// plainLines takes the lines at the start of the header that go to the hash as they stand, as most do:
// all in one piece.
func (n *normalizer) plainLines() {
	plain := n.raw[:min(len(n.raw), n.noCR)]
	for n.pos < len(plain) {
		i := bytes.IndexByte(plain[n.pos:], '\n')
		if i <= 0 {
			break
		}
		line := plain[n.pos : n.pos+i]
		if line[0] == '>' || n.pos == 0 && bytes.HasPrefix(line, fromSpace) || addedByStore(line) {
			break
		}
		n.pos += i + 1
	}
	if n.pos > 0 {
		n.text(0, n.pos-1)
		n.breaks = 1
	}
}

// body hashes the body that begins at pos, after n.breaks line ends of its own.
func (n *normalizer) body() {
	n.room = idBody
	separate := true
	for n.pos < len(n.raw) && n.breaks < n.room {
		start, end, breaks := n.line()
		start = unquote(n.raw, start, end)
		if start < end {
			if separate {
				n.separate(start)
				separate = false
			}
			n.text(start, end)
		}
		n.breaks += breaks
	}
}

// plainBody is body for one whose beginning goes to the hash as it stands, as most do: it has no CR
// and no quoted "From ". It reports false, having done nothing, where it cannot tell.
func (n *normalizer) plainBody() bool {
	text := n.raw[n.pos:min(len(n.raw), n.pos+idBody)]
	if n.breaks > 0 || bytes.IndexByte(text, '\r') >= 0 || bytes.Contains(text, fromSpace) {
		return false
	}
	if last := text[bytes.LastIndexByte(text, '\n')+1:]; len(last) > 0 && last[0] == '>' {
		return false // "From " may stand behind what is hashed
	}
	text = bytes.TrimRight(text, "\n")
	n.room = idBody
	if len(text) > 0 {
		n.separate(n.pos)
		n.text(n.pos, n.pos+len(text))
	}
	return true
}

// separate adds the two LFs between header and body, whose first text is at start.
func (n *normalizer) separate(start int) {
	if n.to == start-2 && n.raw[start-2] == '\n' && n.raw[start-1] == '\n' {
		n.to = start
		return
	}
	n.newlines(2)
}

// text adds the line ends that are due and raw[start:end].
func (n *normalizer) text(start, end int) {
	if n.breaks >= n.room {
		n.room = 0
		return
	}
	if b := n.breaks; b > 0 {
		n.breaks = 0
		if b == 1 && start > 0 && n.raw[start-1] == '\n' {
			start-- // the usual case: one piece with the text
		} else {
			n.room -= b
			n.newlines(b)
		}
	}
	end = min(end, start+n.room)
	n.room -= end - start
	if start == n.to {
		n.to = end
		return
	}
	n.flush()
	n.from, n.to = start, end
}

// flush moves what is due to buf, or past it to the hash.
func (n *normalizer) flush() {
	n.write(n.raw[n.from:n.to])
	n.from, n.to = 0, 0
}

func (n *normalizer) newlines(count int) {
	n.flush()
	for ; count > 0; count -= len(lineFeeds) {
		n.write(lineFeeds[:min(count, len(lineFeeds))])
	}
}

func (n *normalizer) write(p []byte) {
	if len(p) == 0 {
		return
	}
	if n.buf == nil && len(p) < 512 {
		n.buf = make([]byte, 0, 2048)
	}
	if len(n.buf)+len(p) > cap(n.buf) {
		n.hash.Write(n.buf)
		n.buf = n.buf[:0]
		if len(p) > cap(n.buf) {
			n.hash.Write(p)
			return
		}
	}
	n.buf = append(n.buf, p...)
}

var (
	fromSpace = []byte("From ")
	lineFeeds = bytes.Repeat([]byte("\n"), 64)
)

// unquote returns where raw[start:end] starts without the ">" that mbox writers put before "From ".
func unquote(raw []byte, start, end int) int {
	if start == end || raw[start] != '>' {
		return start
	}
	i := start
	for i < end && raw[i] == '>' {
		i++
	}
	if bytes.HasPrefix(raw[i:end], fromSpace) {
		return i
	}
	return start
}

// mayBeStores marks the bytes that those fields begin with.
var mayBeStores = [256]bool{'S': true, 's': true, 'X': true, 'x': true, 'C': true, 'c': true, 'L': true, 'l': true}

// addedByStore reports whether line starts a header field that mail stores add or change.
func addedByStore(line []byte) bool {
	if !mayBeStores[line[0]] || len(line) < len("Lines:") {
		return false
	}
	switch c := line[1] | 0x20; line[0] | 0x20 { // what most of the others differ in
	case 's':
		if c != 't' {
			return false
		}
	case 'c':
		if c != 'o' || len(line) < len("Content-L") || line[len("Content-")]|0x20 != 'l' {
			return false
		}
	case 'l':
		if c != 'i' {
			return false
		}
	}
	colon := bytes.IndexByte(line[:min(len(line), 80)], ':')
	if colon < 0 {
		return false
	}
	var buf [80]byte
	name := append(buf[:0], bytes.TrimRight(line[:colon], " \t")...)
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			name[i] = c + 'a' - 'A'
		}
	}
	switch string(name) {
	case "status", "x-status", "x-uid", "x-keywords", "x-gmail-labels", "content-length", "lines":
		return true
	}
	return bytes.HasPrefix(name, []byte("x-imap")) || bytes.HasPrefix(name, []byte("x-mozilla-")) || bytes.HasPrefix(name, []byte("x-gm-"))
}
