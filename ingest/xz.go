package ingest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"slices"

	"github.com/ulikunitz/xz/lzma"
)

// xzReader reads the .xz container (tukaani.org/xz/xz-file-format.txt) around LZMA2 itself:
// every block states a window of its own, and each must be looked at before memory is
// given to it.
type xzReader struct {
	r      *bufio.Reader
	n      int64 // bytes taken from r
	begun  bool  // a stream was read
	open   bool  // a stream is being read
	flags  [2]byte
	check  hash.Hash // nil: none, or one that cannot be checked
	skip   int       // size of the check field
	blocks uint64
	body   io.Reader // the present block
	start  int64     // where its compressed data begins
	err    error
}

var errXz = errors.New("damaged xz data")

func newXzReader(r io.Reader) io.Reader {
	return &xzReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// ReadByte lets LZMA2 take its bytes without another buffer.
func (x *xzReader) ReadByte() (byte, error) {
	b, err := x.r.ReadByte()
	if err == nil {
		x.n++
	}
	return b, err
}

// source is the compressed side of an xzReader.
type source struct{ x *xzReader }

func (s source) Read(p []byte) (int, error) {
	n, err := s.x.r.Read(p)
	s.x.n += int64(n)
	return n, err
}

func (s source) ReadByte() (byte, error) { return s.x.ReadByte() }

func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.body == nil {
			x.err = x.next()
			continue
		}
		n, err := x.body.Read(p)
		if x.check != nil {
			x.check.Write(p[:n])
		}
		if err == io.EOF {
			x.body = nil
			err = x.endBlock()
		}
		x.err = err
		if n > 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// next begins the next block, and the stream before it where there is none.
func (x *xzReader) next() error {
	if !x.open {
		if err := x.header(); err != nil {
			return err
		}
	}
	size, err := x.ReadByte()
	if err != nil {
		return midway(err)
	}
	if size == 0 {
		return x.endStream()
	}
	return x.block(size)
}

// header reads a stream header (2.1.1), after padding (2.2).
func (x *xzReader) header() error {
	var h [12]byte
	for {
		if _, err := io.ReadFull(source{x}, h[:4]); err != nil {
			if err == io.EOF && x.begun {
				return io.EOF
			}
			return midway(err)
		}
		if h[0] != 0 || !x.begun {
			break
		}
	}
	if _, err := io.ReadFull(source{x}, h[4:]); err != nil {
		return midway(err)
	}
	if string(h[:6]) != "\xfd7zXZ\x00" || crc32.ChecksumIEEE(h[6:8]) != binary.LittleEndian.Uint32(h[8:]) {
		return errXz
	}
	x.begun, x.open, x.flags, x.blocks = true, true, [2]byte(h[6:8]), 0
	// The size is the same for each group of three check types (2.1.1.2).
	x.skip = [...]int{0, 4, 8, 16, 32, 64}[(h[7]&15+2)/3]
	switch h[7] {
	case 1:
		x.check = crc32.NewIEEE()
	case 4:
		x.check = crc64.New(crc64.MakeTable(crc64.ECMA))
	case 10:
		x.check = sha256.New()
	default:
		x.check = nil
	}
	return nil
}

// block reads a block header (3.1) and opens its data.
func (x *xzReader) block(size byte) error {
	h := make([]byte, (int(size)+1)*4)
	h[0] = size
	if _, err := io.ReadFull(source{x}, h[1:]); err != nil {
		return midway(err)
	}
	end := len(h) - 4
	if crc32.ChecksumIEEE(h[:end]) != binary.LittleEndian.Uint32(h[end:]) {
		return errXz
	}
	b := bytes.NewReader(h[2:end])
	for _, bit := range [2]byte{0x40, 0x80} { // compressed size, uncompressed size
		if h[1]&bit != 0 {
			if _, err := binary.ReadUvarint(b); err != nil {
				return errXz
			}
		}
	}
	id, _ := binary.ReadUvarint(b)
	props, _ := binary.ReadUvarint(b)
	code, err := b.ReadByte()
	if h[1]&3 != 0 || id != 0x21 || props != 1 || err != nil || code > 40 {
		return errors.New("xz filters other than LZMA2 are not known: unpack it with xz")
	}
	window, err := lzma.DecodeDictCap(code)
	if err != nil {
		return errXz
	}
	if window > maxWindow {
		return errWindow
	}
	x.start = x.n
	x.blocks++
	x.body, err = lzma.Reader2Config{DictCap: int(max(window, lzma.MinDictCap))}.NewReader2(source{x})
	return midway(err)
}

// endBlock reads what follows a block's data (3.3, 3.4).
func (x *xzReader) endBlock() error {
	var b [64]byte
	pad := int(-(x.n - x.start) & 3)
	if _, err := io.ReadFull(source{x}, b[:pad]); err != nil {
		return midway(err)
	}
	sum := b[:x.skip]
	if _, err := io.ReadFull(source{x}, sum); err != nil {
		return midway(err)
	}
	if x.check == nil {
		return nil
	}
	want := x.check.Sum(nil)
	x.check.Reset()
	if len(want) < sha256.Size {
		slices.Reverse(want) // CRCs are stored with the lowest byte first
	}
	if !bytes.Equal(sum, want) {
		return fmt.Errorf("%w: checksum is wrong", errXz)
	}
	return nil
}

// endStream reads the index (4) and the footer (2.1.2).
func (x *xzReader) endStream() error {
	start := x.n - 1
	records, err := binary.ReadUvarint(x)
	if err != nil || records != x.blocks {
		return errXz
	}
	for range 2 * records {
		if _, err := binary.ReadUvarint(x); err != nil {
			return errXz
		}
	}
	var b [12]byte
	if _, err := io.ReadFull(source{x}, b[:int(-(x.n-start)&3)+4]); err != nil {
		return midway(err)
	}
	if _, err := io.ReadFull(source{x}, b[:]); err != nil {
		return midway(err)
	}
	if string(b[10:]) != "YZ" || [2]byte(b[8:10]) != x.flags || crc32.ChecksumIEEE(b[4:10]) != binary.LittleEndian.Uint32(b[:]) {
		return errXz
	}
	x.open = false
	return nil
}

// midway makes an end where more must come an error.
func midway(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
