package main

import (
	"fmt"
	"io"
	"strings"
)

// columns writes lines of a label and a text. It keeps the first error.
type columns struct {
	w   io.Writer
	err error
}

// line writes the texts one behind the other; nothing where they are empty.
func (c *columns) line(label string, texts ...string) {
	text := strings.TrimSpace(strings.Join(texts, ""))
	if text == "" || c.err != nil {
		return
	}
	_, c.err = fmt.Fprintf(c.w, "%-11s %s\n", label, text)
}

func (c *columns) gap() {
	if c.err == nil {
		_, c.err = fmt.Fprintln(c.w)
	}
}

// join joins the words that are not empty.
func join(sep string, words ...string) string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return strings.Join(out, sep)
}

// after returns s with a label before it, or "" where s is.
func after(label, s string) string {
	if s == "" {
		return ""
	}
	return label + s
}

func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}
