package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/bouncepipe/bouncepipe/sink"
)

// csvEncoder writes events as lines of a table (RFC 4180), as one line each: a line end in a value
// becomes a blank.
type csvEncoder struct{ columns []column }

// Append implements [sink.Encoder].
func (c csvEncoder) Append(dst []byte, e *sink.Event) ([]byte, error) {
	for i := range c.columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		start := len(dst)
		dst = quoteCSV(c.columns[i].append(dst, e), start)
	}
	return dst, nil
}

// header is the first line of the table, with its end.
func (c csvEncoder) header() []byte {
	var b []byte
	for i := range c.columns {
		if i > 0 {
			b = append(b, ',')
		}
		start := len(b)
		b = quoteCSV(append(b, c.columns[i].name...), start)
	}
	return append(b, '\n')
}

// quoteCSV makes a field of the bytes from start on.
func quoteCSV(b []byte, start int) []byte {
	quote, quotes, odd := false, 0, false
	for i := start; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			quote = true
			quotes++
		case c == '\n' || c == '\r' || c == 0:
			b[i] = ' '
		case c == ',' || c == ';' || c == '\t':
			quote = true
		case c >= utf8.RuneSelf:
			odd = true
		}
	}
	if odd && !utf8.Valid(b[start:]) {
		b = append(b[:start], bytes.ToValidUTF8(bytes.Clone(b[start:]), []byte("\uFFFD"))...)
	}
	if !quote {
		return b
	}
	end := len(b)
	b = append(b, make([]byte, quotes+2)...)
	to := len(b) - 1
	b[to] = '"'
	for i := end - 1; i >= start; i-- {
		to--
		b[to] = b[i]
		if b[i] == '"' {
			to--
			b[to] = '"'
		}
	}
	b[start] = '"'
	return b
}

// prepareCSV gives the file at path the header, or makes sure that it has it. Part of a line at its
// end, as a crash leaves it, was never acknowledged, and is taken away.
func prepareCSV(path string, header []byte) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	if !info.Mode().IsRegular() {
		_, err := f.Write(header)
		return err
	}
	have := make([]byte, len(header))
	n, err := f.ReadAt(have, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("output: %w", err)
	}
	if n < len(header) && bytes.HasPrefix(header, have[:n]) {
		if _, err := f.WriteAt(header, 0); err != nil {
			return fmt.Errorf("output: %w", err)
		}
		return f.Sync()
	}
	if !bytes.Equal(have, header) {
		return usage(fmt.Errorf("%s does not begin with the columns that would be added to it: name another file", path))
	}
	end := info.Size()
	last := make([]byte, 1)
	for ; end > int64(len(header)); end-- {
		if _, err := f.ReadAt(last, end-1); err != nil {
			return fmt.Errorf("output: %w", err)
		}
		if last[0] == '\n' {
			break
		}
	}
	if err := f.Truncate(end); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return nil
}
