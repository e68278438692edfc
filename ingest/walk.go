package ingest

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// item is a file found, or why one could not be looked at.
type item struct {
	path string
	dir  string // the folder it is accounted to; empty for a path that was named
	key  string // what it is known by; a Maildir message keeps it when its flags change
	err  error
	// message: it is in the cur or new of a Maildir, which is dir.
	message bool
	// fresh: what is recorded of it is of another file.
	fresh bool
}

// walker finds the files below the named paths, in lexical order. Links are followed; every
// directory is entered once, which ends loops.
type walker struct {
	roots   []string
	stack   []*folder
	entered map[string]bool // directories by their real path
	lookups int
	skipped atomic.Int64 // entries that are no files: sockets, devices, pipes
}

// folder is a directory being walked.
type folder struct {
	path    string
	real    string
	maildir bool // messages are in cur and new
	message bool // the cur or new of one
	entries []entry
}

type entry struct {
	name string
	mode fs.FileMode
}

// next returns the next file, io.EOF after the last.
func (w *walker) next() (item, error) {
	for {
		if len(w.stack) > 0 {
			d := w.stack[len(w.stack)-1]
			if len(d.entries) == 0 {
				w.stack = w.stack[:len(w.stack)-1]
				continue
			}
			e := d.entries[0]
			d.entries = d.entries[1:]
			if it, ok := w.visit(d, e); ok {
				return it, nil
			}
			continue
		}
		if len(w.roots) == 0 {
			return item{}, io.EOF
		}
		path := w.roots[0]
		w.roots = w.roots[1:]
		if path == "-" {
			return item{path: path}, nil
		}
		info, err := os.Stat(path)
		if err != nil {
			return item{path: path, err: err}, nil
		}
		if !info.IsDir() {
			return item{path: path, key: path}, nil
		}
		if err := w.enter(nil, path); err != nil {
			return item{path: path, dir: path, err: err}, nil
		}
	}
}

// visit returns the entry as an item; a directory is entered instead.
func (w *walker) visit(d *folder, e entry) (item, bool) {
	it := item{path: filepath.Join(d.path, e.name), dir: d.path}
	if e.mode&fs.ModeSymlink != 0 {
		info, err := os.Stat(it.path)
		if err != nil {
			it.err = err
			return it, true
		}
		e.mode = info.Mode()
	}
	switch {
	case e.mode.IsDir():
		if d.maildir && e.name == "tmp" {
			return item{}, false // deliveries that have not happened yet
		}
		it.err = w.enter(d, it.path)
		return it, it.err != nil
	case e.mode.IsRegular():
		if d.maildir && isMaildirControl(e.name) {
			return item{}, false
		}
		it.key = it.path
		if d.message {
			unique, _, _ := strings.Cut(e.name, ":2,")
			it.dir, it.message = filepath.Dir(d.path), true
			it.key = filepath.Join(it.dir, unique)
		}
		return it, true
	}
	w.skipped.Add(1)
	return item{}, false
}

// enter puts a directory on the stack, unless it was entered before.
func (w *walker) enter(parent *folder, path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if real, err = filepath.Abs(real); err != nil {
		return err
	}
	if w.entered[real] {
		return nil
	}
	if w.entered == nil {
		w.entered = make(map[string]bool)
	}
	w.entered[real] = true
	d := &folder{path: path, real: real}
	if d.entries, err = readEntries(path); err != nil {
		return err
	}
	base := filepath.Base(path)
	d.message = parent != nil && parent.maildir && (base == "cur" || base == "new")
	if d.maildir = isMaildir(d.entries); d.maildir {
		// A message moves from new to cur: read new first, and it cannot be missed.
		slices.SortStableFunc(d.entries, func(a, b entry) int { return rank(a.name) - rank(b.name) })
	}
	w.stack = append(w.stack, d)
	return nil
}

func rank(name string) int {
	if name == "new" {
		return -1
	}
	return 0
}

func readEntries(path string) ([]entry, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var entries []entry
	for {
		some, err := dir.ReadDir(1024)
		for _, e := range some {
			entries = append(entries, entry{e.Name(), e.Type()})
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, nil
}

// isMaildir reports whether a directory with these entries is a Maildir or a Maildir++ folder.
func isMaildir(entries []entry) bool {
	found := 0
	for _, e := range entries {
		if (e.name == "cur" || e.name == "new") && e.mode&(fs.ModeDir|fs.ModeSymlink) != 0 {
			found++
		}
	}
	return found == 2
}

// isMaildirControl knows the files that Dovecot and Courier keep beside the messages.
func isMaildirControl(name string) bool {
	for _, prefix := range []string{"dovecot", "maildir", "courier", "subscriptions", ".dovecot", ".customflags"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// maxLookups bounds the search for messages that vanished: each reads a whole directory.
const maxLookups = 100

// moved finds a Maildir message that was given other flags, or moved from new to cur, after
// it was listed.
func (w *walker) moved(it item) (to string, ok bool) {
	if !it.message || w.lookups >= maxLookups {
		return "", false
	}
	w.lookups++
	unique, _, _ := strings.Cut(filepath.Base(it.path), ":2,")
	cur := filepath.Join(it.dir, "cur")
	entries, err := readEntries(cur)
	if err != nil {
		return "", false
	}
	for _, e := range entries {
		if u, _, _ := strings.Cut(e.name, ":2,"); u == unique {
			return filepath.Join(cur, e.name), true
		}
	}
	return "", false
}
