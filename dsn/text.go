package dsn

import (
	"slices"
	"strings"
)

// text returns the human part: the text parts outside of the returned message, decoded; HTML
// only where there is no plain text. It is what dialects read.
func (m *mail) text() string {
	if m.textDone {
		return m.textBody
	}
	m.textDone = true
	m.textBody = m.joinText("text/plain")
	if isBlank(strings.TrimSpace(m.textBody)) {
		if h := m.joinText("text/html"); h != "" && m.spend(len(h)) {
			m.textBody = htmlText(h)
		}
	}
	if m.findLines(m.textBody) {
		m.textBody = emptyBlankLines(m.textBody)
		m.findLines(m.textBody)
	}
	before := len(m.textBody)
	m.textBody = strings.TrimLeft(m.textBody, "\n")
	m.dropLines(before - len(m.textBody))
	if s := cutFooter(cutBanner(m.textBody)); len(s) != len(m.textBody) {
		m.textBody = s
		m.findLines(s)
	}
	return m.textBody
}

// mostLines is how many line ends of the text are kept.
const mostLines = 2 * openingLines

// findLines notes where the first lines of s end, and reports whether a line behind the first consists
// of blanks.
func (m *mail) findLines(s string) (blanks bool) {
	if m.lineEnds = m.lineEnds[:0]; m.lineEnds == nil {
		m.lineEnds = make([]int32, 0, mostLines)
	}
	for i := 0; ; {
		n := strings.IndexByte(s[i:], '\n')
		if n < 0 {
			return false
		}
		if i += n; len(m.lineEnds) < mostLines {
			m.lineEnds = append(m.lineEnds, int32(i))
		}
		if i++; i == len(s) || s[i] > ' ' {
			continue
		}
		if t := trimIndent(s[i:]); len(t) > 0 && len(t) < len(s)-i && t[0] == '\n' {
			return true
		}
	}
}

// dropLines takes n empty lines off the front.
func (m *mail) dropLines(n int) {
	if n == 0 {
		return
	}
	m.lineEnds = slices.Delete(m.lineEnds, 0, min(n, len(m.lineEnds)))
	for i := range m.lineEnds {
		m.lineEnds[i] -= int32(n)
	}
}

// emptyBlankLines makes lines of blanks empty: relays and editors leave them where paragraphs end.
func emptyBlankLines(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		line, rest := cutLine(s)
		if !isBlank(line) {
			b.WriteString(line)
		}
		if len(line) < len(s) {
			b.WriteByte('\n')
		}
		s = rest
	}
	return b.String()
}

func (m *mail) joinText(typ string) string {
	first, more := "", []string(nil)
	for i := range m.parts {
		p := &m.parts[i]
		if p.inside || p.value != typ && (p.value != "" || typ != "text/plain") && (p.value != "text" || typ != "text/plain") {
			continue
		}
		if p.value == "" && p.depth > 0 && looksLikeHeader(p.body) {
			continue
		}
		s := m.decoded(p)
		if first == "" {
			first = s
		} else {
			more = append(more, s)
		}
	}
	if more == nil {
		return first
	}
	return first + "\n" + strings.Join(more, "\n")
}

// cutOriginal splits s at the first line that begins with one of the separators: what stands
// behind it is the returned message, and nothing in there may be read as a cause.
func cutOriginal(s string, separators ...string) (text, original string) {
	var first [256]bool // bytes that a separator begins with
	for _, p := range separators {
		first[p[0]] = true
	}
	for rest := s; rest != ""; {
		line, next := cutLine(rest)
		if t := trimIndent(line); t != "" && first[t[0]] && beginsWithAny(t, separators) {
			return s[:len(s)-len(rest)], strings.TrimLeft(next, "\n")
		}
		rest = next
	}
	return s, ""
}

func beginsWithAny(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if s[0] == p[0] && strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// headerBlock finds an unlabelled returned message: a blank line, then a header
// (see looksLikeHeader).
func headerBlock(s string) (text, original string) {
	if looksLikeHeader(s) {
		return "", s
	}
	for i := 0; ; {
		n := strings.Index(s[i:], "\n\n")
		if n < 0 {
			return s, ""
		}
		i += n + 1
		rest := s[i+1:]
		if looksLikeHeader(rest) && !hasPrefixFold(rest, "reporting-mta") {
			return s[:i+1], rest
		}
		if rest = belowDivider(rest); looksLikeHeader(rest) && !isSummary(rest) {
			return s[:i+1], rest
		}
	}
}

// belowDivider returns what stands below a first line such as "--- Your mail ---", else "".
func belowDivider(s string) string {
	t := trimIndent(s)
	if len(t) < 3 || strings.IndexByte("-=*_#~", t[0]) < 0 || t[1] != t[0] || t[2] != t[0] {
		return ""
	}
	_, rest := cutLine(t)
	return rest
}

// setOriginal reads the header of a returned message that stands in the text, unless a part
// has already given it.
func (m *mail) setOriginal(r *Report, s string) {
	if len(r.Original.Header) > 0 || s == "" {
		return
	}
	s = stripEnvelope(s)
	if strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\t") {
		s = dedent(s)
	}
	h, _ := m.parseHeader(s)
	if len(h) > 0 {
		r.Original.Header = h
	}
}

// dedent takes the first line's indentation off every line.
func dedent(s string) string {
	n := len(s) - len(strings.TrimLeft(s, " \t"))
	indent := s[:n]
	var b strings.Builder
	lines(s, func(line string) bool {
		b.WriteString(strings.TrimPrefix(line, indent))
		b.WriteByte('\n')
		return b.Len() < 1<<16
	})
	return b.String()
}
