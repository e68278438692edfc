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
)

// transferDecoded undoes the part's transfer encoding. What could be decoded before an error
// is kept (PITFALLS: a footer behind base64, a NUL in quoted-printable).
func (m *mail) transferDecoded(p *part) string {
	switch cte := lower(strings.TrimSpace(p.header.Get("Content-Transfer-Encoding"))); {
	case strings.HasPrefix(cte, "base64"), strings.HasPrefix(cte, "quoted-printable"):
		cte, _, _ = strings.Cut(cte, ";")
		if !m.spend(len(p.body)) {
			return ""
		}
		var h message.Header
		h.Set("Content-Transfer-Encoding", strings.TrimSpace(cte))
		e, err := message.New(h, strings.NewReader(p.body))
		if e == nil {
			m.problem("transfer_encoding", err.Error())
			return p.body
		}
		b := bytes.NewBuffer(make([]byte, 0, len(p.body)+bytes.MinRead))
		_, err = b.ReadFrom(io.LimitReader(e.Body, int64(m.limits.Bytes)))
		if err != nil {
			m.problem("transfer_encoding", "decoded in part")
			if b.Len() == 0 {
				return p.body
			}
		}
		if i := bytes.IndexByte(b.Bytes(), '\r'); i >= 0 {
			return stringOf(appendPlain(make([]byte, 0, b.Len()), b.Bytes(), i))
		}
		return stringOf(b.Bytes())
	}
	return p.body
}

// decoded returns a text part as UTF-8.
func (m *mail) decoded(p *part) string {
	return m.toUTF8(m.transferDecoded(p), p.charset)
}

// toUTF8 decodes s from the charset it claims, or from what it looks like.
func (m *mail) toUTF8(s, charset string) string {
	switch charset {
	case "utf-7", "unicode-1-1-utf-7", "unicode-2-0-utf-7", "x-unicode-2-0-utf-7", "csunicode11utf7":
		return decodeUTF7(s)
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
		return decodeWith(guessCharset(s), s)
	}
	enc, err := htmlindex.Get(charset)
	if err != nil || enc == encoding.Replacement {
		m.problem("unknown_charset", charset)
		if utf8.ValidString(s) {
			return s
		}
		return decodeWith(guessCharset(s), s)
	}
	out := decodeWith(enc, s)
	if bad := strings.Count(out, "\ufffd"); bad > 4 && bad*20 > len(out) {
		if utf8.ValidString(s) {
			return s
		}
		if g := decodeWith(guessCharset(s), s); strings.Count(g, "\ufffd") < bad {
			m.problem("mislabelled_charset", charset)
			return g
		}
	}
	return out
}

func decodeWith(enc encoding.Encoding, s string) string {
	out, err := enc.NewDecoder().String(s)
	if err != nil && out == "" {
		return strings.ToValidUTF8(s, "\ufffd")
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
				score += c.gain
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
