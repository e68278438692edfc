package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// configFile is a configuration together with the text it was read from, so that what is wrong
// with it can be said with its place.
type configFile struct {
	Config
	path string
	ast  *ast.File
	part bool // only what stands in it is looked at, and sources not at all
}

// errConfig is a mistake in the configuration: one line with place and remedy.
type errConfig struct {
	path      string
	line, col int
	msg       string
}

func (e *errConfig) Error() string {
	if e.line == 0 {
		return e.path + ": " + e.msg
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.path, e.line, e.col, e.msg)
}

// loadConfig reads and validates the file at path. The error is one line.
func loadConfig(path string) (*configFile, error) {
	return (&configFile{path: path}).load()
}

// loadPart is loadConfig for a command that reads no sources and keeps no state: what is said of
// these may be missing, or be true on another machine only.
func loadPart(path string) (*configFile, error) {
	return (&configFile{path: path, part: true}).load()
}

func (c *configFile) load() (*configFile, error) {
	text, err := os.ReadFile(c.path)
	if err != nil {
		return nil, usage(fmt.Errorf("configuration: %w; name the file with -c", err))
	}
	return c, c.parse(text)
}

func parseConfig(path string, text []byte) (*configFile, error) {
	c := &configFile{path: path}
	return c, c.parse(text)
}

func (c *configFile) parse(text []byte) error {
	if err := yaml.UnmarshalWithOptions(text, &c.Config, yaml.Strict()); err != nil {
		return c.decodeError(err)
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return c.decodeError(err)
	}
	c.ast = file
	return c.validate()
}

// decodeError says what the decoder found, without the source text it would print: that may
// hold what somebody took for the place of a password.
func (c *configFile) decodeError(err error) error {
	e := &errConfig{path: c.path, msg: oneLine(err.Error())}
	var y yaml.Error
	if errors.As(err, &y) {
		e.msg = oneLine(y.GetMessage())
		if t := y.GetToken(); t != nil && t.Position != nil {
			e.line, e.col = t.Position.Line, t.Position.Column
		}
	}
	var unknown *yaml.UnknownFieldError
	var wrong *yaml.TypeError
	var node *yaml.UnexpectedNodeTypeError
	switch {
	case errors.As(err, &node) && node.Expected == ast.SequenceType:
		e.msg = "this should be a list, such as [a, b]"
	case errors.As(err, &node) && node.Expected == ast.MappingType:
		e.msg = "this should be keys with values below it"
	case errors.As(err, &unknown):
		e.msg = unknownKey(unknown.Token.Value)
	case errors.As(err, &wrong):
		e.msg = fmt.Sprintf("this should be %s", inWords(wrong.DstType))
	}
	return e
}

// unknownKey tells what may have been meant.
func unknownKey(key string) string {
	for _, secret := range [...]string{"password", "client_secret", "refresh_token", "verp_key", "key"} {
		if key == secret {
			return fmt.Sprintf("unknown key %q: secrets stay out of this file; use %[1]s_env, %[1]s_file or %[1]s_command", key)
		}
	}
	msg := fmt.Sprintf("unknown key %q", key)
	if near := nearest(key, configKeys(reflect.TypeFor[Config]())); near != "" {
		return msg + fmt.Sprintf("; did you mean %q?", near)
	}
	return msg + "; docs/configuration.md lists all keys"
}

// configKeys returns the YAML keys of a struct type and of all below it.
func configKeys(t reflect.Type) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	var keys []string
	if t.Kind() != reflect.Struct {
		return nil
	}
	for f := range t.Fields() {
		if name := f.Tag.Get("yaml"); name != "" {
			keys = append(keys, name)
			keys = append(keys, configKeys(f.Type)...)
		}
	}
	return keys
}

func inWords(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Slice:
		return "a list, such as [a, b]"
	case t.Kind() == reflect.Struct || t.Kind() == reflect.Map:
		return "keys with values below it"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int || t.Kind() == reflect.Float64:
		return "a number"
	case t.Kind() == reflect.String:
		return "one value"
	}
	return "a " + t.String()
}

// nearest returns the key that is few edits away from word, or "".
func nearest(word string, keys []string) string {
	best, most := "", max(1, (len(word)+1)/3)
	if len(word) > 3 {
		most = max(2, most)
	}
	for _, k := range keys {
		if d := distance(word, k); d <= most {
			best, most = k, d-1
		}
	}
	return best
}

// distance is the edit distance of a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// errorf returns an error at the place that a YAML path such as "$.sources[0].imap" names, or
// at the nearest place around it that the file has.
func (c *configFile) errorf(at, format string, args ...any) error {
	e := &errConfig{path: c.path, msg: fmt.Sprintf(format, args...)}
	for at != "$" && e.line == 0 {
		e.line, e.col = c.place(at)
		at = at[:max(1, strings.LastIndexAny(at, ".["))]
	}
	return e
}

func (c *configFile) place(at string) (line, col int) {
	path, err := yaml.PathString(at)
	if err != nil || c.ast == nil {
		return 0, 0
	}
	node, err := path.FilterFile(c.ast)
	if err != nil || node == nil {
		return 0, 0
	}
	if m, ok := node.(*ast.MappingNode); ok && len(m.Values) > 0 {
		node = m.Values[0].Key
	} else if m, ok := node.(*ast.MappingValueNode); ok {
		node = m.Key
	}
	if t := node.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line, t.Position.Column
	}
	return 0, 0
}
