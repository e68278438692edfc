package ingest

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest window a decompressor is given: it is what it keeps in memory.
const maxWindow = 128 << 20

var errWindow = errors.New("was compressed with a window above 128 MiB: unpack it with the tool that packed it")

// decompress returns what r unpacks to. The reader it returns is released by release.
func decompress(k kind, r io.Reader) (out io.Reader, release func(), err error) {
	release = func() {}
	switch k {
	case kindGzip:
		out, err = gzip.NewReader(bufio.NewReaderSize(r, 64<<10))
	case kindBzip2:
		out = bzip2.NewReader(bufio.NewReaderSize(r, 64<<10))
	case kindXz:
		out = newXzReader(r)
	case kindZstd:
		var d *zstd.Decoder
		// Decoding ahead takes a core that reading the mail needs more.
		d, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(1<<62))
		if err == nil {
			out, release = d, d.Close
		}
	default:
		return nil, nil, fmt.Errorf("kind %d is not compressed", k)
	}
	if err != nil {
		return nil, nil, unpackError(err)
	}
	return unpackReader{out}, release, nil
}

// unpackReader says in the project's words what a decompressor says in its own.
type unpackReader struct{ r io.Reader }

func (u unpackReader) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil && err != io.EOF {
		err = unpackError(err)
	}
	return n, err
}

func unpackError(err error) error {
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		err = errWindow
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("ends in the middle of compressed data")
	}
	return fmt.Errorf("unpack: %w", err)
}
