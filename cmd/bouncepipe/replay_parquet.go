package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/bouncepipe/bouncepipe/sink"
)

// packer carries the columns of an event to a parquetWriter: the length of each, and its text.
type packer struct{ columns []column }

// Append implements [sink.Encoder].
func (p packer) Append(dst []byte, e *sink.Event) ([]byte, error) {
	const room = binary.MaxVarintLen32
	for i := range p.columns {
		start := len(dst)
		dst = append(dst, make([]byte, room)...)
		dst = p.columns[i].append(dst, e)
		n := binary.PutUvarint(dst[start:], uint64(len(dst)-start-room))
		dst = append(dst[:start+n], dst[start+room:]...)
	}
	return dst, nil
}

// rowsPerGroup bounds what is held in memory: a group of rows is written as a whole.
const rowsPerGroup = 16 << 10

// parquetWriter makes a Parquet file, which is worth nothing before its end is written: nothing is
// to be seen of the file until finish.
type parquetWriter struct {
	columns []column
	at      []int // in the file, of each column
	w       *parquet.GenericWriter[any]
	file    *renameio.PendingFile // nil: not a file
	rows    []parquet.Row
	name    string
}

func newParquet(w io.Writer, name string, columns []column) *parquetWriter {
	p := &parquetWriter{columns: columns, at: make([]int, len(columns)), name: name}
	root := parquet.Group{}
	for i := range columns {
		path := strings.SplitN(columns[i].name, ".", nesting(columns[i].name))
		in := root
		for _, name := range path[:len(path)-1] {
			if in[name] == nil {
				in[name] = parquet.Group{}
			}
			in = in[name].(parquet.Group)
		}
		in[path[len(path)-1]] = columns[i].node()
	}
	schema := parquet.NewSchema("event", root)
	for at, path := range schema.Columns() {
		for i := range columns {
			if columns[i].name == strings.Join(path, ".") {
				p.at[i] = at
			}
		}
	}
	p.w = parquet.NewGenericWriter[any](w, schema, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest}), parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.PageBufferSize(64<<10), parquet.CreatedBy("bouncepipe", version(), ""))
	return p
}

// nesting is of how many names a column's name is made; what follows original.headers is one, even
// with dots.
func nesting(name string) int {
	if strings.HasPrefix(name, "original.headers.") {
		return 3
	}
	return 2
}

func (c *column) node() parquet.Node {
	switch c.kind {
	case intColumn:
		return parquet.Optional(parquet.Int(64))
	case boolColumn:
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case timeColumn:
		return parquet.Optional(parquet.Timestamp(parquet.Millisecond))
	case wordColumn:
		return parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
	}
	return parquet.Optional(parquet.String())
}

// openParquet makes a file that is not there yet.
func openParquet(path string, columns []column) (*parquetWriter, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("%s exists, and nothing can be added to a Parquet file: name another, or remove it", path)
		}
		return nil, usage(err)
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(0o640))
	if err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	p := newParquet(f, path, columns)
	p.file = f
	return p, nil
}

// Write implements [sink.Writer]: the records are stored once finish returns.
func (p *parquetWriter) Write(ctx context.Context, recs []sink.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for len(p.rows) < len(recs) {
		p.rows = append(p.rows, make(parquet.Row, len(p.columns)))
	}
	for i := range recs {
		if err := p.unpack(p.rows[i], recs[i].Value); err != nil {
			return err
		}
	}
	if _, err := p.w.WriteRows(p.rows[:len(recs)]); err != nil {
		return fmt.Errorf("output: write %s: %w", p.name, err)
	}
	for i := range recs {
		recs[i].Acked = true
	}
	return nil
}

func (p *parquetWriter) unpack(row parquet.Row, packed []byte) error {
	for i := range p.columns {
		size, n := binary.Uvarint(packed)
		if n <= 0 || uint64(len(packed)-n) < size {
			return errors.New("not packed for Parquet")
		}
		text := packed[n : n+int(size)]
		packed = packed[n+int(size):]
		v := parquet.Value{}
		if len(text) > 0 {
			v = p.columns[i].value(text)
		}
		present := 1
		if v.IsNull() {
			present = 0
		}
		row[p.at[i]] = v.Level(0, present, p.at[i])
	}
	return nil
}

// value is null where text is not of the column's kind, which its own text always is.
func (c *column) value(text []byte) parquet.Value {
	switch c.kind {
	case intColumn:
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			return parquet.Int64Value(n)
		}
	case boolColumn:
		return parquet.BooleanValue(string(text) == "true")
	case timeColumn:
		if t, err := time.Parse(time.RFC3339, string(text)); err == nil {
			return parquet.Int64Value(t.UnixMilli())
		}
	default:
		if s := strings.ToValidUTF8(string(text), "\uFFFD"); s != string(text) {
			text = []byte(s)
		}
		return parquet.ByteArrayValue(text)
	}
	return parquet.Value{}
}

// finish completes the file and gives it its name.
func (p *parquetWriter) finish() error {
	if err := p.w.Close(); err != nil {
		return fmt.Errorf("output: write %s: %w", p.name, err)
	}
	if p.file == nil {
		return nil
	}
	if err := p.file.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	return nil
}

// Close implements [sink.Writer]; without finish nothing is left of the file.
func (p *parquetWriter) Close(context.Context) error {
	if p.file == nil {
		return nil
	}
	return p.file.Cleanup()
}
