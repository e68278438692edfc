package sink

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func schema(t testing.TB) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(EventSchema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("event.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("event.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONSatisfiesSchema(t *testing.T) {
	s := schema(t)
	check := func(e *Event) error {
		b, err := JSON{}.Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(doc)
	}
	if err := check(sample()); err != nil {
		t.Error(err)
	}
	min := &Event{ID: sample().ID, Type: TypeQuarantined, Source: "file:///x"}
	if err := check(min); err != nil {
		t.Error(err)
	}
	for _, typ := range []string{TypeBounce, TypeDelay, TypeDelivery, TypeComplaint, TypeAutoReply, TypeChallenge, TypeDisposition, TypeQuarantined} {
		e := sample()
		e.Type = typ
		if err := check(e); err != nil {
			t.Error(err)
		}
	}
	bad := sample()
	bad.Class = "medium"
	if check(bad) == nil {
		t.Error("the schema takes a class that does not exist")
	}
}

// TestSchemasListTheFields holds both schemas to the Go type: same fields in the same
// order with the same types, each with a description.
func TestSchemasListTheFields(t *testing.T) {
	var js, avro map[string]any
	if err := json.Unmarshal([]byte(EventSchema), &js); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(EventAvro), &avro); err != nil {
		t.Fatal(err)
	}
	compareJSONSchema(t, "event", reflect.TypeFor[Event](), js)
	compareAvro(t, "event", reflect.TypeFor[Event](), avro)

	order := func(doc, before string) (names []string) {
		dec := json.NewDecoder(strings.NewReader(doc[strings.Index(doc, before)+len(before):]))
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
		for dec.More() {
			k, err := dec.Token()
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, k.(string))
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				t.Fatal(err)
			}
		}
		return names
	}
	var want []string
	for name := range fields(reflect.TypeFor[Event]()) {
		want = append(want, name)
	}
	if got := order(EventSchema, `"properties":`); !reflect.DeepEqual(got, want) {
		t.Errorf("event.schema.json has another order:\n got %v\nwant %v", got, want)
	}
}

// fields yields the JSON name and the field of each of t's fields.
func fields(t reflect.Type) func(yield func(string, reflect.StructField) bool) {
	return func(yield func(string, reflect.StructField) bool) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !yield(name, f) {
				return
			}
		}
	}
}

func optional(f reflect.StructField) bool { return strings.Contains(f.Tag.Get("json"), ",omit") }

func compareJSONSchema(t *testing.T, path string, typ reflect.Type, node map[string]any) {
	if path != "event.problems[]" && node["description"] == nil {
		t.Errorf("%s: no description", path)
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	want := map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer",
		reflect.Bool: "boolean", reflect.Struct: "object", reflect.Map: "object", reflect.Slice: "array"}[typ.Kind()]
	isTime := typ == reflect.TypeFor[time.Time]()
	if isTime {
		want = "string"
		if node["format"] != "date-time" {
			t.Errorf("%s: format %v, want date-time", path, node["format"])
		}
	}
	if node["type"] != want {
		t.Errorf("%s: type %v, want %s", path, node["type"], want)
		return
	}
	switch {
	case isTime:
	case typ.Kind() == reflect.Slice:
		if elem := typ.Elem(); elem.Kind() == reflect.Struct {
			compareJSONSchema(t, path+"[]", elem, node["items"].(map[string]any))
		}
	case typ.Kind() == reflect.Struct:
		if node["additionalProperties"] != false {
			t.Errorf("%s: additionalProperties is not false", path)
		}
		props := node["properties"].(map[string]any)
		required := map[string]bool{}
		list, _ := node["required"].([]any)
		for _, r := range list {
			required[r.(string)] = true
		}
		n := 0
		for name, f := range fields(typ) {
			n++
			sub, ok := props[name].(map[string]any)
			if !ok {
				t.Errorf("%s.%s: not in event.schema.json", path, name)
				continue
			}
			if required[name] == optional(f) {
				t.Errorf("%s.%s: required %v in event.schema.json", path, name, required[name])
			}
			compareJSONSchema(t, path+"."+name, f.Type, sub)
		}
		if n != len(props) {
			t.Errorf("%s: event.schema.json lists %d fields, the type %d", path, len(props), n)
		}
	}
}

func compareAvro(t *testing.T, path string, typ reflect.Type, node map[string]any) {
	list := node["fields"].([]any)
	if len(list) != typ.NumField() {
		t.Fatalf("%s: event.avsc lists %d fields, the type %d", path, len(list), typ.NumField())
	}
	i := 0
	for name, f := range fields(typ) {
		field := list[i].(map[string]any)
		i++
		at := path + "." + name
		if field["name"] != name {
			t.Errorf("%s: event.avsc has %v here", at, field["name"])
			continue
		}
		if field["doc"] == nil {
			t.Errorf("%s: no doc", at)
		}
		ft, got := f.Type, field["type"]
		if ft.Kind() != reflect.Slice && ft.Kind() != reflect.Map && optional(f) {
			union, ok := got.([]any)
			if !ok || len(union) != 2 || union[0] != "null" {
				t.Errorf("%s: %v, want a union with null", at, got)
				continue
			}
			got = union[1]
		}
		if _, has := field["default"]; has != optional(f) {
			t.Errorf("%s: default: %v", at, has)
		}
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		var want any
		switch ft.Kind() {
		case reflect.String:
			want = "string"
		case reflect.Int:
			want = "int"
		case reflect.Int64:
			want = "long"
		case reflect.Bool:
			want = "boolean"
		case reflect.Map:
			want = map[string]any{"type": "map", "values": "string"}
		case reflect.Slice:
			items := got.(map[string]any)["items"]
			if ft.Elem().Kind() == reflect.Struct {
				compareAvro(t, at+"[]", ft.Elem(), items.(map[string]any))
				continue
			}
			want = map[string]any{"type": "array", "items": "string"}
		case reflect.Struct:
			if ft != reflect.TypeFor[time.Time]() {
				compareAvro(t, at, ft, got.(map[string]any))
				continue
			}
			want = map[string]any{"type": "long", "logicalType": "timestamp-millis"}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: event.avsc says %v, want %v", at, got, want)
		}
	}
}
