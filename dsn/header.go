package dsn

import (
	"strings"
	"unsafe"
)

// parseHeader reads the header at the start of s and returns it with the body behind its
// blank line. It is lenient: a line without a colon continues the field before it or is
// skipped (RFC 5322 2.2 knows neither).
func (m *mail) parseHeader(s string) (Header, string) {
	start := len(m.fields)
	s = m.readFields(s, &start)
	end := len(m.fields)
	if end == start {
		return nil, s
	}
	return Header(m.fields[start:end:end]), s
}

// readFields appends the fields at the start of s to m.fields and returns what follows them. start
// is where this header begins in there: it moves when a larger block is needed.
func (m *mail) readFields(s string, start *int) string {
	for s != "" {
		if m.headerLines++; m.headerLines > m.limits.HeaderLines {
			m.problem("header_lines_limit", "")
			return skipHeader(s)
		}
		line, rest := cutLine(s)
		if line == "" {
			return rest
		}
		if line[0] <= ' ' && isBlank(line) && !startsField(rest) { // a blank line that is not quite empty
			return rest
		}
		name, value, ok := splitField(line)
		if !ok {
			s = rest
			if line[0] == ' ' || line[0] == '\t' || len(m.fields) == *start {
				continue // folded text without a field, or noise before the first one
			}
			if strings.HasPrefix(line, "--") { // a boundary: the blank line is missing
				return s
			}
			s = m.joinLoose(&m.fields[len(m.fields)-1], line, rest)
			continue
		}
		value, s = m.unfold(value, rest)
		if len(m.fields) == cap(m.fields) { // the headers before this one keep the old block
			m.fields = append(make([]Field, 0, max(64, 2*(len(m.fields)-*start))), m.fields[*start:]...)
			*start = 0
		}
		m.fields = append(m.fields, Field{Name: name, Value: value})
	}
	return ""
}

// joinLoose joins a line that is no field, and those that follow it, to the field before.
func (m *mail) joinLoose(f *Field, line, rest string) string {
	a := &m.arena
	a.start(len(f.Value) + 256)
	a.buf = append(a.buf, f.Value...)
	for {
		if a.len()+len(line) <= m.limits.HeaderLine {
			a.buf = append(append(a.buf, ' '), strings.TrimSpace(line)...)
		}
		next, after := cutLine(rest)
		if _, _, ok := splitField(next); ok || isBlank(next) || next[0] == ' ' || next[0] == '\t' || strings.HasPrefix(next, "--") || m.headerLines >= m.limits.HeaderLines {
			f.Value = a.string()
			return rest
		}
		m.headerLines++
		line, rest = next, after
	}
}

// unfold joins the continuation lines at the start of rest to value.
func (m *mail) unfold(value, rest string) (string, string) {
	value = trimSpace(value)
	if len(value) > m.limits.HeaderLine {
		m.problem("header_field_limit", "")
		value = value[:m.limits.HeaderLine]
	}
	if rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return value, rest
	}
	a := &m.arena
	a.start(len(value) + 256)
	a.buf = append(a.buf, value...)
	for rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		line, after := cutLine(rest)
		if isBlank(line) {
			break
		}
		rest = after
		if m.headerLines++; m.headerLines > m.limits.HeaderLines {
			break
		}
		if a.len()+len(line) > m.limits.HeaderLine {
			m.problem("header_field_limit", "")
			continue
		}
		if a.len() > 0 {
			a.buf = append(a.buf, ' ')
		}
		a.buf = append(a.buf, trimSpace(line)...)
	}
	return a.string(), rest
}

// arena holds the unfolded values of one mail: one allocation for many strings.
type arena struct {
	buf  []byte
	from int // where the string that is being built begins
}

// start begins a string of about n bytes.
func (a *arena) start(n int) {
	if cap(a.buf)-len(a.buf) < n {
		a.buf = make([]byte, 0, max(n, 2*cap(a.buf), 2048))
	}
	a.from = len(a.buf)
}

func (a *arena) len() int { return len(a.buf) - a.from }

// string ends the string. Its bytes are never written again: what follows is appended behind
// them, or, where append had to move them, elsewhere.
func (a *arena) string() string {
	if a.len() == 0 {
		return ""
	}
	return unsafe.String(&a.buf[a.from], a.len())
}

// skipHeader returns what stands behind the next blank line.
func skipHeader(s string) string {
	if i := strings.Index(s, "\n\n"); i >= 0 {
		return s[i+2:]
	}
	return ""
}

// splitField splits "Name: value". The name is one or more printable characters without
// blank or colon (RFC 5322 3.6.8); blanks before the colon are forgiven.
func splitField(line string) (name, value string, ok bool) {
	i := 0
	for i < len(line) && isNameByte[line[i]] {
		i++
	}
	if i == 0 || i == len(line) {
		return "", "", false
	}
	if line[i] == ':' {
		return line[:i], line[i+1:], true
	}
	j := i
	for j < len(line) && (line[j] == ' ' || line[j] == '\t') {
		j++
	}
	if j == len(line) || line[j] != ':' {
		return "", "", false
	}
	return line[:i], line[j+1:], true
}

// isNameByte marks what a field's name consists of.
var isNameByte = func() (t [256]bool) {
	t = isGraphic
	t[':'] = false
	return t
}()

func startsField(s string) bool {
	line, _ := cutLine(s)
	_, _, ok := splitField(line)
	return ok
}

// mediaType is a parsed Content-Type.
type mediaType struct {
	value                           string // "text/plain", in lower case; "" where nothing is stated
	boundary, charset, report, name string
}

// parseMediaType reads a Content-Type leniently (RFC 2045 5.1): parameters in any order,
// quoted or not, with = and / in unquoted values.
func parseMediaType(s string) mediaType {
	var t mediaType
	head, rest, _ := strings.Cut(s, ";")
	t.value = lower(trimSpace(head))
	if i := strings.IndexAny(t.value, " \t"); i > 0 { // the semicolon is missing
		head, t.value = t.value[i:], t.value[:i]
		rest = head + ";" + rest
	}
	for n := 0; rest != "" && n < 64; n++ {
		var name, value string
		name, value, rest = cutParam(rest)
		switch {
		case strings.EqualFold(name, "boundary"):
			if t.boundary == "" {
				t.boundary = strings.TrimRight(value, " \t")
			}
		case strings.EqualFold(name, "charset"), strings.EqualFold(name, "charset*"):
			t.charset = lower(value)
			if i := strings.Index(t.charset, "''"); i >= 0 {
				t.charset = t.charset[i+2:]
			}
		case strings.EqualFold(name, "report-type"):
			t.report = lower(value)
		case strings.EqualFold(name, "name"):
			t.name = value
		}
	}
	return t
}

// cutParam takes one "name=value" off s.
func cutParam(s string) (name, value, rest string) {
	for s != "" && (s[0] == ' ' || s[0] == ';' || s[0] == '\t' || s[0] == '\n') {
		s = s[1:]
	}
	i := 0
	for i < len(s) && s[i] != '=' && s[i] != ';' {
		i++
	}
	if i == len(s) {
		return "", "", ""
	}
	if s[i] == ';' {
		return "", "", s[i+1:]
	}
	name, s = trimSpace(s[:i]), strings.TrimLeft(s[i+1:], " \t\n")
	if strings.HasPrefix(s, `"`) {
		j := 1
		esc := false
		for j < len(s) && s[j] != '"' {
			if s[j] == '\\' && j+1 < len(s) {
				esc = true
				j++
			}
			j++
		}
		value = s[1:min(j, len(s))]
		if esc {
			value = unescape(value)
		}
		rest = s[min(j+1, len(s)):]
		if k := strings.IndexByte(rest, ';'); k >= 0 {
			return name, value, rest[k+1:]
		}
		return name, value, ""
	}
	value, rest, _ = strings.Cut(s, ";")
	value = trimSpace(value)
	if k := strings.IndexAny(value, " \t\n("); k > 0 && !strings.EqualFold(name, "boundary") {
		value = value[:k]
	}
	return name, value, rest
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// lower is strings.ToLower for what is mostly ASCII.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; 'A' <= c && c <= 'Z' || c >= 0x80 {
			return lowerFrom(s, i)
		}
	}
	return s
}

// lowerFrom is lower for s whose first byte that may change is at i.
func lowerFrom(s string, i int) string {
	if !isASCII(s[i:]) {
		return strings.ToLower(s)
	}
	b := make([]byte, len(s))
	copy(b, s[:i])
	for ; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b[i] = c
	}
	return stringOf(b)
}

// lower is lower for what is needed no longer than the mail.
func (m *mail) lower(s string) string {
	if !isASCII(s) {
		return strings.ToLower(s)
	}
	a := &m.arena
	a.start(len(s))
	a.buf = lowerInto(a.buf, s)
	return a.string()
}

// lowerInto appends s in lower case (ASCII) to dst, which stays on the caller's stack where it
// has room.
func lowerInto(dst []byte, s string) []byte {
	for i := 0; i < len(s) && len(dst) < cap(dst); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// looksLikeHeader reports whether s begins with the header of a message: three or more
// fields of which one is a usual one.
func looksLikeHeader(s string) bool {
	fields, usual := 0, false
	lines(s, func(line string) bool {
		if line != "" && (line[0] == ' ' || line[0] == '\t') && fields > 0 {
			return true
		}
		name, _, ok := splitField(line)
		if !ok {
			return false
		}
		var buf [16]byte
		switch string(lowerInto(buf[:0], name)) {
		case "received", "message-id", "return-path", "date", "from", "subject", "to", "mime-version":
			usual = true
		}
		fields++
		return fields < 8
	})
	return fields >= 3 && usual
}
