package dsn

import (
	"strings"

	"golang.org/x/net/html"
)

// htmlText returns the text of an HTML part: one line per block, table cells joined by a
// blank, script and style left out.
func htmlText(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(1 << 20)
	var b strings.Builder
	skip, pre := 0, 0
	fresh := true // at the start of a line
	for {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if skip > 0 {
				continue
			}
			t := html.UnescapeString(string(z.Raw()))
			t = strings.ReplaceAll(t, "\u00a0", " ")
			if pre == 0 {
				if t = fold(t); t == "" {
					continue
				}
				if !fresh {
					b.WriteByte(' ')
				}
			}
			b.WriteString(t)
			fresh = strings.HasSuffix(t, "\n")
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "style", "script", "title":
				skip++
			case "pre":
				pre++
			}
			fresh = breakLine(&b, string(name), fresh)
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "style", "script", "title":
				skip = max(0, skip-1)
			case "pre":
				pre = max(0, pre-1)
			}
			fresh = breakLine(&b, string(name), fresh)
		}
	}
}

func breakLine(b *strings.Builder, tag string, fresh bool) bool {
	switch tag {
	case "br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "pre", "ul", "ol", "hr", "blockquote":
		b.WriteByte('\n')
		return true
	}
	return fresh
}
