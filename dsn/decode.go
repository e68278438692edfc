package dsn

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // everything x/text knows
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// transferDecoded undoes the part's transfer encoding, once.
func (m *mail) transferDecoded(p *part) string {
	if p.plainDone {
		return p.plain
	}
	p.plain, p.plainDone = p.body, true
	cte := lower(strings.TrimSpace(p.header.Get("Content-Transfer-Encoding")))
	quoted := strings.HasPrefix(cte, "quoted-printable")
	switch {
	case !quoted && !strings.HasPrefix(cte, "base64"):
	case !m.spend(len(p.body)):
		p.plain = ""
	case quoted && m.unquote(p):
	default:
		cte, _, _ = strings.Cut(cte, ";")
		p.plain = m.transferDecode(p.body, strings.TrimSpace(cte))
	}
	return p.plain
}

// transferDecode decodes s. What could be decoded before an error is kept (a footer behind base64,
// a NUL in quoted-printable).
func (m *mail) transferDecode(s, encoding string) string {
	var h message.Header
	h.Set("Content-Transfer-Encoding", encoding)
	e, err := message.New(h, strings.NewReader(s))
	if e == nil {
		m.problem("transfer_encoding", err.Error())
		return s
	}
	b := bytes.NewBuffer(make([]byte, 0, len(s)+bytes.MinRead))
	_, err = b.ReadFrom(io.LimitReader(e.Body, int64(m.limits.Bytes)))
	if err != nil {
		m.problem("transfer_encoding", "decoded in part")
		if b.Len() == 0 {
			return s
		}
	}
	if i := bytes.IndexByte(b.Bytes(), '\r'); i >= 0 {
		return stringOf(appendPlain(make([]byte, 0, b.Len()), b.Bytes(), i))
	}
	return stringOf(b.Bytes())
}

// unquote decodes a part in quoted-printable (RFC 2045 6.7) and reports whether it is in good form.
// It is for speed alone: what is not in good form is left to go-message.
func (m *mail) unquote(p *part) bool {
	a := &m.arena
	a.start(len(p.body))
	for s := p.body; s != ""; {
		line, rest := cutLine(s)
		ended := len(line) < len(s)
		s = rest
		content := strings.TrimRight(line, " \t")
		soft := strings.HasSuffix(content, "=")
		if soft && (len(content) < len(line) || content == "=" && !ended) {
			return false
		}
		ok := false
		if a.buf, ok = appendUnquoted(a.buf, strings.TrimSuffix(content, "=")); !ok {
			return false
		}
		if ended && !soft {
			a.buf = append(a.buf, '\n')
		}
	}
	p.plain = a.string()
	return true
}

func appendUnquoted(dst []byte, s string) ([]byte, bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '=':
			if i+2 >= len(s) || unhex[s[i+1]] < 0 || unhex[s[i+2]] < 0 {
				return dst, false
			}
			if c = byte(unhex[s[i+1]]<<4 | unhex[s[i+2]]); c == '\r' {
				return dst, false
			}
			i += 2
		case c < ' ' && c != '\t' || c == 0x7f:
			return dst, false
		}
		dst = append(dst, c)
	}
	return dst, true
}

// unhex is the value of a hexadecimal digit, or -1.
var unhex = func() (v [256]int8) {
	for c := range v {
		v[c] = int8(strings.IndexByte("0123456789abcdef", byte(c)|0x20))
		if !isDigit(byte(c)) && !isAlpha(byte(c)) {
			v[c] = -1
		}
	}
	return v
}()

// decoded returns a text part as UTF-8.
func (m *mail) decoded(p *part) string {
	return m.toUTF8(m.transferDecoded(p), p.charset)
}

// toUTF8 decodes s from the charset it claims, or from what it looks like.
func (m *mail) toUTF8(s, charset string) string {
	switch charset {
	case "utf-7", "unicode-1-1-utf-7", "unicode-2-0-utf-7", "x-unicode-2-0-utf-7", "csunicode11utf7":
		return decodeUTF7(s)
	case "utf-16", "utf-16le", "utf-16be":
		return m.decodeUTF16(s, charset)
	}
	if isASCII(s) && strings.IndexByte(s, 0x1b) < 0 {
		return s
	}
	if strings.IndexByte(s, 0x1b) >= 0 && (strings.Contains(s, "\x1b$") || strings.Contains(s, "\x1b(")) {
		charset = "iso-2022-jp" // the escapes say so, whatever the label
	}
	if charset == "" || charset == "us-ascii" || charset == "utf-8" || charset == "utf8" || charset == "unknown-8bit" || charset == "x-unknown" {
		if utf8.ValidString(s) {
			return s
		}
		return m.decodeWith(guessCharset(s), s)
	}
	enc, err := htmlindex.Get(charset)
	if err != nil || enc == encoding.Replacement {
		m.problem("unknown_charset", charset)
		if utf8.ValidString(s) {
			return s
		}
		return m.decodeWith(guessCharset(s), s)
	}
	out := m.decodeWith(enc, s)
	if bad := strings.Count(out, "\ufffd"); bad > 4 && bad*20 > len(out) {
		if utf8.ValidString(s) {
			return s
		}
		if g := m.decodeWith(guessCharset(s), s); strings.Count(g, "\ufffd") < bad {
			m.problem("mislabelled_charset", charset)
			return g
		}
	}
	return out
}

// decodeUTF16 decodes what normalize took for bytes: it made two line ends of each CR LF.
func (m *mail) decodeUTF16(s, charset string) string {
	order := unicode.LittleEndian
	if charset == "utf-16be" {
		order = unicode.BigEndian
	}
	return strings.ReplaceAll(m.decodeWith(unicode.UTF16(order, unicode.UseBOM), s), "\n\n", "\n")
}

// decodeWith decodes s into the arena, in one go where it does not grow by more than half.
func (m *mail) decodeWith(enc encoding.Encoding, s string) string {
	a := &m.arena
	a.start(len(s) + len(s)/2 + utf8.UTFMax)
	a.buf = appendDecoded(a.buf, enc, s)
	return a.string()
}

func appendDecoded(dst []byte, enc encoding.Encoding, s string) []byte {
	if one, ok := enc.(*charmap.Charmap); ok {
		for i := range len(s) {
			if c := s[i]; c < utf8.RuneSelf {
				dst = append(dst, c)
			} else {
				dst = utf8.AppendRune(dst, one.DecodeByte(c))
			}
		}
		return dst
	}
	out, _, err := transform.Append(enc.NewDecoder(), dst, []byte(s))
	if err != nil {
		return append(dst, strings.ToValidUTF8(s, "\ufffd")...)
	}
	return out
}

// guessCharset picks the legacy encoding that decodes s with the fewest oddities.
func guessCharset(s string) encoding.Encoding {
	if len(s) > 4096 {
		s = s[:4096]
	}
	if isolated(s) { // no script but the Latin has single letters above ASCII
		return charmap.Windows1252
	}
	best, bestScore := encoding.Encoding(charmap.Windows1252), -1<<30
	for _, c := range [...]struct {
		enc  encoding.Encoding
		good func(r rune) bool
		gain int // letters above ASCII that stand together are rarely Latin
	}{
		{japanese.ShiftJIS, isKana, 3}, {japanese.EUCJP, isKana, 3}, {simplifiedchinese.GBK, isHan, 3},
		{charmap.KOI8R, isLowerCyrillic, 3}, {charmap.Windows1251, isLowerCyrillic, 3}, {charmap.Windows1252, isLatin, 1},
	} {
		out, _ := c.enc.NewDecoder().String(s)
		score := 0
		for _, r := range out {
			switch {
			case r < 0x80:
			case r == utf8.RuneError || r >= 0x80 && r < 0xa0:
				score -= 20
			case c.good(r):
				if score += c.gain; 0x3040 <= r && r <= 0x30ff { // kana: nothing else decodes to them by chance
					score++
				}
			default:
				score -= 2
			}
		}
		if score > bestScore {
			best, bestScore = c.enc, score
		}
	}
	return best
}

// isolated reports whether most bytes above ASCII stand alone.
func isolated(s string) bool {
	alone, all := 0, 0
	for i := 0; i < len(s); i++ {
		if s[i] < 0x80 {
			continue
		}
		all++
		if (i == 0 || s[i-1] < 0x80) && (i+1 == len(s) || s[i+1] < 0x80) {
			alone++
		}
	}
	return alone*2 > all
}

func isKana(r rune) bool {
	return r >= 0x3040 && r <= 0x30ff || r >= 0x4e00 && r <= 0x9fff || r >= 0x3000 && r <= 0x3002
}

func isHan(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0xff00 && r <= 0xff5e || r >= 0x3000 && r <= 0x3002
}

func isLowerCyrillic(r rune) bool { return r >= 0x430 && r <= 0x44f }

func isLatin(r rune) bool { return r >= 0xc0 && r <= 0xff && r != 0xd7 && r != 0xf7 }

// decodeUTF7 decodes RFC 2152; what does not decode stays as it is.
func decodeUTF7(s string) string {
	if strings.IndexByte(s, '+') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		if s[i] != '+' {
			b.WriteByte(s[i])
			i++
			continue
		}
		if i+1 < len(s) && s[i+1] == '-' {
			b.WriteByte('+')
			i += 2
			continue
		}
		j := i + 1
		var bits uint32
		var n int
		var units []uint16
		for j < len(s) {
			v := base64Value(s[j])
			if v < 0 {
				break
			}
			bits, n, j = bits<<6|uint32(v), n+6, j+1
			if n >= 16 {
				n -= 16
				units = append(units, uint16(bits>>n))
				bits &= 1<<n - 1
			}
		}
		if len(units) == 0 {
			b.WriteByte('+')
			i++
			continue
		}
		b.WriteString(string(utf16.Decode(units)))
		if j < len(s) && s[j] == '-' {
			j++
		}
		i = j
	}
	return b.String()
}

func base64Value(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}
