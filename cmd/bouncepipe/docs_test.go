package main

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bouncepipe/bouncepipe/sink"
)

// Every key of the configuration is in its document.
func TestConfigurationDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range configKeys(reflect.TypeFor[Config]()) {
		if !strings.Contains(string(text), "`"+key+"`") && !strings.Contains(string(text), "`"+key+":") {
			t.Errorf("docs/configuration.md does not explain %s", key)
		}
	}
}

// Every field of the event is in its document.
func TestEventDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/event.md")
	if err != nil {
		t.Fatal(err)
	}
	var fields func(reflect.Type) []string
	fields = func(typ reflect.Type) (names []string) {
		for f := range typ.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			names = append(names, name)
			ft := f.Type
			for ft.Kind() == reflect.Pointer || ft.Kind() == reflect.Slice {
				ft = ft.Elem()
			}
			if ft.PkgPath() == reflect.TypeFor[sink.Event]().PkgPath() {
				names = append(names, fields(ft)...)
			}
		}
		return names
	}
	for _, name := range fields(reflect.TypeFor[sink.Event]()) {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("docs/event.md does not explain %s", name)
		}
	}
}

// The configurations in the documents are good ones.
func TestDocumentedConfigurations(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", []byte("a key that is long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("IMAP_PASSWORD", "x")
	t.Setenv("KAFKA_PASSWORD", "x")
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	paths := regexp.MustCompile(`/(etc|var)/[a-z/.-]+`)
	whole := 0
	for _, doc := range []string{"../../README.md", "../../docs/configuration.md"} {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range blocks.FindAllSubmatch(text, -1) {
			yaml := paths.ReplaceAllString(string(m[1]), dir+"/file")
			if !strings.Contains(yaml, "sources:") || !strings.Contains(yaml, "kafka:") {
				continue
			}
			whole++
			if _, err := parseConfig(doc, []byte(yaml)); err != nil {
				t.Error(err)
			}
		}
	}
	if whole < 2 {
		t.Errorf("%d whole configurations found", whole)
	}
}

// Every command has help with an example.
func TestHelp(t *testing.T) {
	for _, c := range rootCommand().Commands() {
		if slices.Contains([]string{"version", "topics"}, c.Name()) {
			continue
		}
		if c.Short == "" || c.Long == "" || c.Example == "" {
			t.Errorf("the help of %s lacks a text or an example", c.Name())
		}
	}
}

// What the README shows is what the program prints; line numbers in rule files aside.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile(`\(([a-z/0-9-]+\.[a-z]+):\d+\)`)
	readme := place.ReplaceAllString(string(text), "($1)")
	var out, errs bytes.Buffer
	if status := Main([]string{"explain", "554 5.7.1 Service unavailable; Client host [198.51.100.25] blocked using zen.spamhaus.org"}, nil, &out, &errs); status != 0 {
		t.Fatal(errs.String())
	}
	for line := range strings.Lines(place.ReplaceAllString(out.String(), "($1)")) {
		if !strings.Contains(readme, line) && !strings.HasPrefix(line, "else") {
			t.Errorf("the README lacks the line %q", line)
		}
	}
	for _, m := range regexp.MustCompile(`\]\(((?:docs|internal)/[^)#]+)\)`).FindAllStringSubmatch(readme, -1) {
		if _, err := os.Stat("../../" + m[1]); err != nil {
			t.Errorf("the README links to %s: %v", m[1], err)
		}
	}
}
