package dsn

import "strings"

// part is one MIME part: a leaf, or a multipart whose parts follow it in mail.parts.
type part struct {
	mediaType
	header    Header
	body      string
	plain     string // see transferDecoded
	depth     int
	parent    int // index in mail.parts; -1 for the message itself
	plainDone bool
	inside    bool // below a returned or forwarded message
	colons    bool // see fields
	named     namedFields
}

// mail is one message while it is read.
type mail struct {
	limits      Limits
	header      Header
	body        string
	parts       []part
	problems    []Problem
	headerLines int
	work        int
	arena       arena
	fields      []Field // of all headers, one after the other: see parseHeader
	raw         []byte  // for line ends made plain, where the memory is used again
	attached    bool    // it is a part of another mail: see readAttached

	// What is asked for more than once is found out once.
	challengeDone, challengeField bool // see hasChallengeField
	robotDone, robot              bool // see fromRobot
	subjectDone                   bool
	lowSubject                    string // see subject
	signsDone                     bool
	signCount                     int // see signs
	textDone                      bool
	textBody                      string  // see text
	lineEnds                      []int32 // see findLines
	marks                         marks   // see opens
}

func (m *mail) problem(name, detail string) {
	for _, p := range m.problems {
		if p.Name == name {
			return
		}
	}
	m.problems = append(m.problems, Problem{Name: name, Detail: detail})
}

// spend counts n bytes of work and reports whether the limit still holds.
func (m *mail) spend(n int) bool {
	if m.work += n; m.work > m.limits.Work {
		m.problem("work_limit", "")
		return false
	}
	return true
}

// walk lists the parts of an entity, depth first. It is lenient where go-message is strict:
// missing and mismatched boundaries, parts without a header, a last boundary that was cut.
func (m *mail) walk(h Header, body string, depth, parent int, inside bool) {
	if len(m.parts) >= m.limits.Parts {
		m.problem("parts_limit", "")
		return
	}
	p := part{mediaType: parseMediaType(h.Get("Content-Type")), header: h, body: body, depth: depth, parent: parent, inside: inside}
	multi := strings.HasPrefix(p.value, "multipart/")
	if !multi && depth == 0 && p.value == "" && strings.HasPrefix(body, "--") {
		p.boundary = guessBoundary(body)
		multi = p.boundary != ""
	}
	m.parts = append(m.parts, p)
	self := len(m.parts) - 1
	switch {
	case multi:
		m.walkParts(p, self)
	case isMessageType(p.value):
		if depth >= m.limits.Depth {
			m.problem("depth_limit", "")
			return
		}
		if !m.spend(len(body)) {
			return
		}
		body = m.transferDecoded(&m.parts[self])
		inner, rest := m.parseHeader(stripEnvelope(body))
		m.parts[self].body = body
		if len(inner) == 0 {
			return
		}
		m.walk(inner, rest, depth+1, self, true)
	}
}

// walkParts walks the parts of the multipart at index self.
func (m *mail) walkParts(p part, self int) {
	if p.depth >= m.limits.Depth {
		m.problem("depth_limit", "")
		return
	}
	if !m.spend(len(p.body)) {
		return
	}
	boundary := p.boundary
	next, ok := cutAtBoundary(p.body, boundary)
	if !ok {
		if boundary = guessBoundary(p.body); boundary == "" {
			// The parts are gone, as where a person copied the source: what is left is text.
			m.problem("missing_boundary", p.boundary)
			m.parts[self].value = "text/plain"
			return
		}
		m.problem("mismatched_boundary", p.boundary)
		next, _ = cutAtBoundary(p.body, boundary)
	}
	for n := 0; ; n++ {
		content, rest, last := nextPart(next, boundary)
		if n > 0 && content == "" && rest == "" {
			return
		}
		h, body := m.parsePartHeader(content)
		if isReturned(h) { // a returned message that has no part header in front
			h, body = Header{{"Content-Type", "message/rfc822"}}, content
		}
		m.walk(h, body, p.depth+1, self, p.inside)
		if last || rest == "" {
			return
		}
		if len(m.parts) >= m.limits.Parts {
			m.problem("parts_limit", "")
			return
		}
		next = rest
	}
}

// parsePartHeader reads the header of a part; a part may have none at all.
func (m *mail) parsePartHeader(s string) (Header, string) {
	if s == "" || s[0] == '\n' {
		return nil, strings.TrimPrefix(s, "\n")
	}
	line, _ := cutLine(s)
	if name, _, ok := splitField(line); !ok || !isPartField(name) && !strings.Contains(s, "\n\n") {
		return nil, s
	}
	if end, body := blankEnd(s); body != "" {
		h, _ := m.parseHeader(s[:end])
		return h, body
	}
	return m.parseHeader(s)
}

// blankEnd finds the end of a part's header where that is a line of blanks and fields follow,
// those of a machine part or of a returned message.
func blankEnd(s string) (end int, body string) {
	for at := 0; at < len(s); {
		line, rest := cutLine(s[at:])
		if line == "" {
			return 0, ""
		}
		if isBlank(line) {
			if startsField(rest) && !hasPrefixFold(rest, "content-") {
				return at, rest
			}
			return 0, ""
		}
		at = len(s) - len(rest)
	}
	return 0, ""
}

// isReturned reports whether h is the header of a message and not of a part.
func isReturned(h Header) bool {
	return len(h) > 3 && h.Get("Received") != "" && h.Get("From") != "" && h.Get("Content-Disposition") == ""
}

func isPartField(name string) bool {
	return hasPrefixFold(name, "content-") || hasPrefixFold(name, "x-") || hasPrefixFold(name, "mime-")
}

// cutAtBoundary returns what follows the first delimiter line.
func cutAtBoundary(s, boundary string) (string, bool) {
	if boundary == "" {
		return s, false
	}
	start, end, _ := findDelimiter(s, boundary)
	if start < 0 {
		return s, false
	}
	return s[end:], true
}

// nextPart returns the content up to the next delimiter line and what follows that line.
// last says that it was the closing delimiter, or that there was none.
func nextPart(s, boundary string) (content, rest string, last bool) {
	start, end, closing := findDelimiter(s, boundary)
	if start < 0 {
		return s, "", true
	}
	content = s[:start]
	content = strings.TrimSuffix(content, "\n") // RFC 2046 5.1.1: the line end belongs to the delimiter
	return content, s[end:], closing
}

// findDelimiter finds a line "--boundary" or "--boundary--", blanks behind it forgiven. boundary is not
// empty.
func findDelimiter(s, boundary string) (start, end int, closing bool) {
	mark := rarest(boundary) // of all that it holds, this is found in the fewest places
	for i := 2 + mark; ; i++ {
		if i = indexByteFrom(s, boundary[mark], i); i == len(s) {
			return -1, -1, false
		}
		at := i - mark - 2
		if s[at] != '-' || s[at+1] != '-' || at > 0 && s[at-1] != '\n' || !strings.HasPrefix(s[at+2:], boundary) {
			continue
		}
		line, _ := cutLine(s[at+2+len(boundary):])
		closing = strings.HasPrefix(line, "--")
		if isBlank(strings.TrimPrefix(line, "--")) {
			return at, min(at+2+len(boundary)+len(line)+1, len(s)), closing
		}
	}
}

// guessBoundary finds a line of "--" and something that a Content- field follows.
func guessBoundary(s string) string {
	for n := 0; s != "" && n < 2000; n++ {
		var line string
		line, s = cutLine(s)
		if len(line) > 4 && strings.HasPrefix(line, "--") && !strings.ContainsAny(line, " \t") && hasPrefixFold(s, "content-") {
			return strings.TrimRight(line[2:], " \t")
		}
	}
	return ""
}

// isMessageType says whether a part is a returned or forwarded message, whole or header.
func isMessageType(t string) bool {
	switch t {
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers", "text/rfc822":
		return true
	}
	return false
}

// isStatusType names the machine part of RFC 3464 and its twin of RFC 6533.
func isStatusType(t string) bool {
	return t == "message/delivery-status" || t == "message/global-delivery-status"
}

// find returns the first part of one of the given types, outside of returned messages.
func (m *mail) find(match func(t string) bool) *part {
	for i := range m.parts {
		if p := &m.parts[i]; !p.inside && match(p.value) {
			return p
		}
	}
	return nil
}

// original returns the header of the returned message, as far as a part holds it.
func (m *mail) original() Header {
	for i := range m.parts {
		p := &m.parts[i]
		if p.inside || !isMessageType(p.value) {
			continue
		}
		if i+1 < len(m.parts) && m.parts[i+1].parent == i {
			return m.parts[i+1].header
		}
	}
	return nil
}
