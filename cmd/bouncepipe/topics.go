package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/bouncepipe/bouncepipe/internal/kafkaconn"
	"github.com/bouncepipe/bouncepipe/sink"
)

func topicsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "topics",
		Short: "Create the Kafka topics, or check their settings",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(topicsSub("create", "Create the configured topics that do not exist, with settings that do not lose events", true),
		topicsSub("check", "Compare the configured topics with the settings that do not lose events", false))
	return cmd
}

func topicsSub(name, short string, create bool) *cobra.Command {
	var config string
	var spec kafkaconn.TopicSpec
	cmd := &cobra.Command{
		Use:     name + " -c bouncepipe.yaml",
		Short:   short,
		Example: "  bouncepipe topics " + name + " -c bouncepipe.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadPart(config)
			if err != nil {
				return err
			}
			if c.Kafka == nil {
				return c.errorf("$", "there is no kafka: in it")
			}
			return c.ensureTopics(cmd.Context(), cmd.OutOrStdout(), spec, create)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&config, "config", "c", "bouncepipe.yaml", "the configuration")
	f.IntVar(&spec.Partitions, "partitions", 0, "default 12, and 3 for unrecognized mail")
	f.IntVar(&spec.Replication, "replication", 0, "default 3, or the number of brokers where there are fewer")
	f.IntVar(&spec.MinInsync, "min-insync", 0, "min.insync.replicas; default replication - 1")
	f.DurationVar(&spec.Retention, "retention", 0, "default 720h, and 336h for unrecognized mail; negative: for ever")
	return cmd
}

func (c *configFile) ensureTopics(ctx context.Context, out io.Writer, spec kafkaconn.TopicSpec, create bool) error {
	conn, err := c.kafkaConn()
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var specs []kafkaconn.TopicSpec
	for _, stream := range [...]string{sink.StreamEvents, sink.StreamUnrecognized} {
		if topic := c.topics()[stream]; topic != "" {
			s := spec
			s.Name = topic
			if stream == sink.StreamUnrecognized { // little, and nobody reads it by key
				s.Partitions = cmp.Or(s.Partitions, 3)
				s.Retention = cmp.Or(s.Retention, 14*24*time.Hour)
			}
			specs = append(specs, s)
		}
	}
	ensure := conn.CheckTopics
	if create {
		ensure = conn.EnsureTopics
	}
	results, err := ensure(ctx, specs)
	if err != nil {
		return err
	}
	bad := 0
	for i, r := range results {
		state := "exists"
		switch {
		case r.Err != nil:
			fmt.Fprintf(out, "FAILED  %s: %v\n", specs[i].Name, r.Err)
			bad++
			continue
		case r.Created:
			state = "created"
		}
		fmt.Fprintf(out, "%-7s %s: %d partitions, replication %d, min.insync.replicas %d\n", state, specs[i].Name, r.Info.Partitions, r.Info.Replication, r.Info.MinInsync)
		for _, d := range r.Differences {
			fmt.Fprintf(out, "differs %s\n", d)
			bad++
		}
		for _, w := range r.Info.Warnings() {
			fmt.Fprintf(out, "warning %s\n", w)
		}
	}
	if bad > 0 {
		return errors.New("the topics are not as they should be")
	}
	return nil
}
