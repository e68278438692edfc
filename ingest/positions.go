package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/google/renameio/v2"
)

// FilePositions keeps each position in a file of its own below Dir. A position is replaced
// whole (temporary file, fsync, rename, fsync of the directory) and the one before it is
// kept beside it; a file that a crash or a bad disk tore is noticed by its checksum, and the
// one before is used. Safe for concurrent use, though two processes must not share a key.
type FilePositions struct {
	// Dir holds the files; it is made when the first position is stored.
	Dir string
	// Notice, where set, is told what was off and could be helped, such as a torn file.
	Notice func(error)

	mu sync.Mutex
}

const positionMagic = "bouncepipe position 1"

// Load implements [Positions]. When neither the file nor the one before it is whole, the
// error wraps [ErrTorn]: starting over silently would be the wrong guess.
func (p *FilePositions) Load(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	path := p.path(key)
	position, err := readPosition(path, key)
	if err == nil {
		return position, nil
	}
	before, beforeErr := readPosition(path+".prev", key)
	switch {
	case beforeErr == nil:
		// A missing file is a crash between two renames: nothing is lost and nothing to tell.
		if !errors.Is(err, fs.ErrNotExist) && p.Notice != nil {
			p.Notice(fmt.Errorf("%w; using the one before it, %s.prev", err, path))
		}
		return before, nil
	case errors.Is(err, fs.ErrNotExist) && errors.Is(beforeErr, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		err = beforeErr
	}
	return nil, positionError("read", path, err)
}

// Store implements [Positions].
func (p *FilePositions) Store(ctx context.Context, key string, position []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	path := p.path(key)
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return positionError("make the directory of", path, err)
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(p.Dir), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return positionError("store", path, err)
	}
	defer f.Cleanup()
	if _, err := f.Write(encodePosition(key, position)); err != nil {
		return positionError("store", path, err)
	}
	// A torn file must not push the good one out of .prev.
	if _, err := readPosition(path, key); err == nil {
		if err := os.Rename(path, path+".prev"); err != nil {
			return positionError("store", path, err)
		}
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return positionError("store", path, err)
	}
	if err := syncDir(p.Dir); err != nil {
		return positionError("store", path, err)
	}
	return nil
}

func (p *FilePositions) path(key string) string {
	return filepath.Join(p.Dir, positionName(key)+".pos")
}

// ErrTorn says that a position file is not what was written to it.
var ErrTorn = errors.New("torn or altered")

func encodePosition(key string, position []byte) []byte {
	body := append([]byte(strconv.Quote(key)+"\n"), position...)
	sum := sha256.Sum256(body)
	return append([]byte(positionMagic+" "+hex.EncodeToString(sum[:])+" "), body...)
}

func readPosition(path, key string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(data, []byte(positionMagic+" "))
	if !ok || len(rest) <= 2*sha256.Size || rest[2*sha256.Size] != ' ' {
		return nil, fmt.Errorf("%s: %w", path, ErrTorn)
	}
	body := rest[2*sha256.Size+1:]
	sum := sha256.Sum256(body)
	if string(rest[:2*sha256.Size]) != hex.EncodeToString(sum[:]) {
		return nil, fmt.Errorf("%s: %w", path, ErrTorn)
	}
	quoted, position, _ := bytes.Cut(body, []byte("\n"))
	if owner, err := strconv.Unquote(string(quoted)); err != nil || owner != key {
		return nil, fmt.Errorf("%s: holds the position of %s, not of %q", path, quoted, key)
	}
	return position, nil
}

// positionName makes a file name of a key: readable where it can be, never hidden, never
// longer than file systems take, and different for different keys.
func positionName(key string) string {
	const longest = 160
	var b strings.Builder
	for i := 0; i < len(key); i++ {
		c := key[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			strings.IndexByte("-_@=,+", c) >= 0, c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() <= longest && b.Len() > 0 {
		return b.String()
	}
	sum := sha256.Sum256([]byte(key))
	return b.String()[:min(b.Len(), longest-40)] + "~" + hex.EncodeToString(sum[:16])
}

// positionError names the file and what to do about it.
func positionError(verb, path string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = ": free some space there; nothing is marked done until then"
	case errors.Is(err, syscall.EROFS):
		hint = ": name a place that can be written to; nothing is marked done until then"
	case errors.Is(err, fs.ErrPermission):
		hint = fmt.Sprintf(": user %d needs to read and write there", os.Getuid())
	case errors.Is(err, ErrTorn):
		hint = ": restore it from a copy, or remove it to start over"
	}
	return fmt.Errorf("%s position file %s: %w%s", verb, path, bare(path, err), hint)
}

// bare takes the path out of an error that repeats it.
func bare(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) && strings.HasPrefix(pe.Path, filepath.Dir(path)) {
		return pe.Err
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// MemoryPositions keeps positions until the process ends; the zero value is ready. For
// tests, and for sources whose start does not matter.
type MemoryPositions struct {
	mu sync.Mutex
	m  map[string][]byte
}

// Load implements [Positions].
func (p *MemoryPositions) Load(_ context.Context, key string) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.m[key]), nil
}

// Store implements [Positions].
func (p *MemoryPositions) Store(_ context.Context, key string, position []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil {
		p.m = make(map[string][]byte)
	}
	p.m[key] = append([]byte{}, position...)
	return nil
}
