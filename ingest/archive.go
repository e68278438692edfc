package ingest

import (
	"archive/tar"
	"archive/zip"
	"errors"
	"fmt"
	"io"
)

// stream is bytes to be made sense of: a file, what it unpacks to, or a member.
type stream struct {
	loc     location
	r       io.Reader
	at      io.ReaderAt // nil where r can only be read in order
	size    int64       // -1: unknown
	packed  int         // how many layers it was unpacked from
	release func()      // may be nil
}

func (s *stream) close() {
	if s.release != nil {
		s.release()
	}
}

// maxPacked is how many layers are taken off; an archive that contains itself has no end.
const maxPacked = 5

// container is an archive being read.
type container interface {
	// next returns the next member, io.EOF after the last. A memberError concerns that
	// member; after any other error nothing more can be read.
	next() (stream, error)
	close()
}

// memberError is why one member cannot be read while others may be.
type memberError struct {
	loc location
	err error
}

func (e *memberError) Error() string { return e.err.Error() }
func (e *memberError) Unwrap() error { return e.err }

// maxMember is the largest member believed: a sparse file can state any size and cost nothing.
const maxMember = 1 << 40

type tarArchive struct {
	stream
	r       *tar.Reader
	damaged bool // a member that told so was handed out
	skipped func()
}

// tarMember reads the present member.
type tarMember struct{ a *tarArchive }

func (m tarMember) Read(p []byte) (int, error) {
	n, err := m.a.r.Read(p)
	if err != nil && err != io.EOF {
		m.a.damaged = true
		err = unpackError(err)
	}
	return n, err
}

func (a *tarArchive) next() (stream, error) {
	for {
		h, err := a.r.Next()
		if err == io.EOF || err != nil && a.damaged {
			return stream{}, io.EOF
		}
		if err != nil {
			return stream{}, unpackError(err)
		}
		loc := a.loc.member(h.Name)
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
			if h.Size > maxMember {
				return stream{}, &memberError{loc, fmt.Errorf("states a size of %d bytes", h.Size)}
			}
			return stream{loc: loc, r: tarMember{a}, size: h.Size, packed: a.packed + 1}, nil
		case tar.TypeDir, tar.TypeXGlobalHeader:
		default:
			a.skipped()
		}
	}
}

type zipArchive struct {
	stream
	files   []*zip.File
	skipped func()
}

var errZipSeek = errors.New("a zip archive within another archive or a pipe cannot be read: unpack it to a file first")

func openZip(s stream, skipped func()) (*zipArchive, error) {
	if s.at == nil || s.size < 0 {
		return nil, errZipSeek
	}
	z, err := zip.NewReader(s.at, s.size)
	if err != nil {
		return nil, unpackError(err)
	}
	for method, k := range map[uint16]kind{12: kindBzip2, 93: kindZstd, 95: kindXz} { // APPNOTE 4.4.5
		z.RegisterDecompressor(method, func(r io.Reader) io.ReadCloser {
			out, release, err := decompress(k, r)
			if err != nil {
				return io.NopCloser(failing{err})
			}
			return releaser{out, release}
		})
	}
	return &zipArchive{stream: s, files: z.File, skipped: skipped}, nil
}

func (a *zipArchive) next() (stream, error) {
	for len(a.files) > 0 {
		f := a.files[0]
		a.files = a.files[1:]
		if f.FileInfo().IsDir() {
			continue
		}
		if !f.Mode().IsRegular() {
			a.skipped()
			continue
		}
		loc := a.loc.member(f.Name)
		if f.Flags&1 != 0 {
			return stream{}, &memberError{loc, errors.New("is encrypted")}
		}
		r, err := f.Open()
		if err != nil {
			return stream{}, &memberError{loc, unpackError(err)}
		}
		return stream{loc: loc, r: unpackReader{r}, size: int64(min(f.UncompressedSize64, maxMember)), packed: a.packed + 1, release: func() { r.Close() }}, nil
	}
	return stream{}, io.EOF
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type releaser struct {
	io.Reader
	release func()
}

func (r releaser) Close() error {
	r.release()
	return nil
}
