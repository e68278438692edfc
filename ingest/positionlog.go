package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/google/renameio/v2"
)

// PositionLog keeps any number of positions in one file, to whose end each is written. It is
// for replays, which may have a position for each of a million mails. A line that a crash
// tore is passed over when the file is opened, and what the file says twice is taken out.
// Safe for concurrent use by one process; a second is refused.
type PositionLog struct {
	path string

	mu    sync.Mutex
	f     *os.File
	end   int64 // of what is known to be whole
	seed  maphash.Seed
	where map[uint64]int64 // by hash of the key, the offset of its last line
}

const (
	logMagic = "bouncepipe positions 1\n"
	// maxLogLine bounds what a damaged line can make us read.
	maxLogLine = 16 << 20
	// A log is written anew when most of it is out of date, and it is worth it.
	minCompact = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenPositionLog opens the log at path, or makes it. A file that is something else is left
// alone, with an error.
func OpenPositionLog(path string) (*PositionLog, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, positionError("open", path, err)
	}
	l := &PositionLog{path: path, f: f, seed: maphash.MakeSeed(), where: make(map[uint64]int64)}
	if err := l.open(); err != nil {
		l.f.Close()
		return nil, positionError("open", path, err)
	}
	return l, nil
}

func (l *PositionLog) open() error {
	if err := syscall.Flock(int(l.f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another replay is using it (%w)", err)
	}
	live, err := l.scan()
	if err != nil {
		return err
	}
	if l.end == 0 {
		if _, err := l.f.WriteAt([]byte(logMagic), 0); err != nil {
			return err
		}
		l.end = int64(len(logMagic))
		return errors.Join(l.f.Sync(), syncDir(filepath.Dir(l.path)))
	}
	if l.end > minCompact && live < l.end/2 {
		return l.compact()
	}
	return nil
}

// scan reads the log and notes where each key's last line is.
func (l *PositionLog) scan() (live int64, err error) {
	info, err := l.f.Stat()
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, errors.New("is no file")
	}
	r := bufio.NewReaderSize(io.NewSectionReader(l.f, 0, info.Size()), 64<<10)
	head := make([]byte, len(logMagic))
	n, err := io.ReadFull(r, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return 0, err
	}
	if string(head[:n]) != logMagic[:n] {
		return 0, errors.New("is no file of positions: name another, it will be made")
	}
	if n < len(logMagic) {
		return 0, nil // made and never used
	}
	sizes := make(map[uint64]int64)
	at := int64(n)
	for {
		line, err := readLine(r)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		if key, _, ok := parseLogLine(line); ok {
			h := maphash.Bytes(l.seed, key)
			live += int64(len(line)) - sizes[h]
			sizes[h], l.where[h] = int64(len(line)), at
		}
		at += int64(len(line))
	}
	// A torn line at the end is ended, so that the next is one of its own.
	l.end = at
	if last := make([]byte, 1); at > 0 {
		if _, err := l.f.ReadAt(last, at-1); err != nil {
			return 0, err
		}
		if last[0] != '\n' {
			if _, err := l.f.WriteAt([]byte("\n"), at); err != nil {
				return 0, err
			}
			l.end++
		}
	}
	return live, nil
}

// readLine reads a line with its end; what is left at the end of the file is one, too.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case err == io.EOF && len(line) > 0:
			return line, nil
		case err != bufio.ErrBufferFull:
			return nil, err
		case len(line) > maxLogLine:
			return nil, fmt.Errorf("has a line longer than %d bytes", maxLogLine)
		}
	}
}

// A line is the CRC-32C of what follows, in hex, the quoted key and the quoted position.
func appendLogLine(b []byte, key string, position []byte) []byte {
	body := strconv.AppendQuote(nil, key)
	body = append(body, ' ')
	body = strconv.AppendQuote(body, string(position))
	b = fmt.Appendf(b, "%08x ", crc32.Checksum(body, castagnoli))
	return append(append(b, body...), '\n')
}

func parseLogLine(line []byte) (key, position []byte, ok bool) {
	line, whole := bytes.CutSuffix(line, []byte("\n"))
	if !whole || len(line) < 9 || line[8] != ' ' {
		return nil, nil, false
	}
	body := line[9:]
	if fmt.Sprintf("%08x", crc32.Checksum(body, castagnoli)) != string(line[:8]) {
		return nil, nil, false
	}
	quoted, err := strconv.QuotedPrefix(string(body))
	if err != nil || len(body) <= len(quoted) {
		return nil, nil, false
	}
	k, err1 := strconv.Unquote(quoted)
	p, err2 := strconv.Unquote(string(body[len(quoted)+1:]))
	return []byte(k), []byte(p), err1 == nil && err2 == nil
}

// compact writes the log anew with the last line of each key.
func (l *PositionLog) compact() error {
	old := l.f
	f, err := renameio.NewPendingFile(l.path, renameio.WithTempDir(filepath.Dir(l.path)), renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	w := bufio.NewWriter(f)
	w.WriteString(logMagic)
	at := int64(len(logMagic))
	where := make(map[uint64]int64, len(l.where))
	for h, from := range l.where {
		line, err := l.line(from)
		if err != nil {
			return err
		}
		w.Write(line)
		where[h] = at
		at += int64(len(line))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	if l.f, err = os.OpenFile(l.path, os.O_RDWR, 0o600); err != nil {
		l.f = old
		return err
	}
	l.where, l.end = where, at
	old.Close()
	if err := syscall.Flock(int(l.f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another replay is using it (%w)", err)
	}
	return syncDir(filepath.Dir(l.path))
}

func (l *PositionLog) line(at int64) ([]byte, error) {
	return readLine(bufio.NewReaderSize(io.NewSectionReader(l.f, at, l.end-at), 512))
}

// Load implements [Positions].
func (l *PositionLog) Load(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.where[maphash.String(l.seed, key)]
	if !ok {
		return nil, nil
	}
	line, err := l.line(at)
	if err != nil {
		return nil, positionError("read", l.path, err)
	}
	k, position, ok := parseLogLine(line)
	if !ok {
		return nil, positionError("read", l.path, ErrTorn)
	}
	if string(k) != key {
		return nil, nil // the hash of another key is the same: reading again loses nothing
	}
	return position, nil
}

// Store implements [Positions].
func (l *PositionLog) Store(ctx context.Context, key string, position []byte) error {
	return l.StoreAll(ctx, []Position{{key, position}})
}

// StoreAll stores many positions at the cost of one.
func (l *PositionLog) StoreAll(ctx context.Context, positions []Position) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var b []byte
	at := make([]int64, len(positions))
	for i, p := range positions {
		at[i] = l.end + int64(len(b))
		b = appendLogLine(b, p.Key, p.Data)
	}
	_, err := l.f.WriteAt(b, l.end)
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		// What came of it must not stand behind what is written next; if this fails, too,
		// it may, and some mail is read again.
		l.f.Truncate(l.end)
		return positionError("store in", l.path, err)
	}
	l.end += int64(len(b))
	for i, p := range positions {
		l.where[maphash.String(l.seed, p.Key)] = at[i]
	}
	return nil
}

// Close releases the file.
func (l *PositionLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f.Close()
}
