package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

// sinks opens what is written to: Kafka, a file, standard output or nothing.
func (r *replay) sinks(conf *configFile, p *pipeline.Pipeline) ([]*pipeline.Sink, error) {
	as, err := r.form()
	if err != nil {
		return nil, err
	}
	if r.dryRun {
		return []*pipeline.Sink{{Name: "nothing", Writer: sink.Discard{}}}, nil
	}
	if len(r.brokers) > 0 {
		conf.Kafka = &KafkaConfig{Brokers: r.brokers, Topics: TopicsConfig{Events: r.topic}}
	}
	if conf.Kafka != nil && r.output == "" && r.as == "" {
		_, err := conf.addKafka(p)
		return p.Sinks, err
	}
	p.GiveUp = func(error) bool { return true }
	var headers []string
	for _, h := range conf.Sender.Headers {
		headers = append(headers, strings.ToLower(h))
	}
	name := "standard output"
	if r.toFile() {
		name = r.output
	}
	var w sink.Writer
	switch as {
	case "parquet":
		columns := eventColumns(headers)
		p.Encoder = packer{columns}
		var table *parquetWriter
		if table = newParquet(r.stdout, name, columns); r.toFile() {
			if table, err = openParquet(name, columns); err != nil {
				return nil, err
			}
		}
		w, r.finish = table, table.finish
	case "csv":
		table := csvEncoder{eventColumns(headers)}
		p.Encoder = table
		w, err = r.csv(name, table.header())
	default:
		w, err = r.lines(name)
	}
	if err != nil {
		return nil, err
	}
	return []*pipeline.Sink{{Name: name, Writer: w, Streams: eventsOnly}}, nil
}

func (r *replay) toFile() bool { return r.output != "" && r.output != "-" }

// form returns what is to be written, and refuses what does not go together.
func (r *replay) form() (string, error) {
	as := r.as
	if ext := strings.TrimPrefix(filepath.Ext(r.output), "."); as == "" && (ext == "csv" || ext == "parquet") {
		as = ext
	}
	switch {
	case len(r.brokers) > 0 && (r.output != "" || r.as != ""):
		return "", usage(errors.New("give -o or --as, or --kafka, not both"))
	case as == "parquet" && r.state != "":
		return "", usage(errors.New("nothing can be added to a Parquet file, so there is no continuing: leave out --state, or write CSV or JSON lines"))
	case as != "" && as != "ndjson" && as != "csv" && as != "parquet":
		return "", usage(fmt.Errorf("--as %s: write ndjson, csv or parquet", as))
	}
	return cmp.Or(as, "ndjson"), nil
}

// lines opens the output for one event a line.
func (r *replay) lines(name string) (sink.Writer, error) {
	if r.toFile() {
		return sink.OpenNDJSON(name)
	}
	return sink.NewNDJSON(r.stdout, name), nil
}

func (r *replay) csv(name string, header []byte) (sink.Writer, error) {
	if r.toFile() {
		if err := prepareCSV(name, header); err != nil {
			return nil, err
		}
	} else if _, err := r.stdout.Write(header); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return r.lines(name)
}
