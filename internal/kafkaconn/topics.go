package kafkaconn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// TopicInfo is what a cluster says of a topic. Settings that the user may not read are zero.
type TopicInfo struct {
	Name            string
	Partitions      int
	Replication     int           // of the least replicated partition
	MinInsync       int           // min.insync.replicas
	MaxMessageBytes int           // max.message.bytes
	CleanupPolicy   string        // "delete", "compact"
	Retention       time.Duration // retention.ms; negative: for ever
}

// Warnings says, in one line each, what makes acknowledgements weak: records that acks=all has
// acknowledged can then be lost with one broker.
func (t TopicInfo) Warnings() []string {
	switch {
	case t.Replication == 1:
		return []string{fmt.Sprintf("topic %s has one replica: losing its broker's disk loses events that were acknowledged; replication 3 is safe", t.Name)}
	case t.MinInsync == 1:
		return []string{fmt.Sprintf("topic %s has min.insync.replicas 1: acks=all may mean one copy; set it to 2", t.Name)}
	case t.MinInsync >= t.Replication && t.MinInsync > 0:
		return []string{fmt.Sprintf("topic %s has min.insync.replicas %d of %d replicas: writing stops with the first broker that is down", t.Name, t.MinInsync, t.Replication)}
	}
	return nil
}

// Check connects and describes the topics. Where one does not exist the error says so, and wraps
// [kafka.UnknownTopicOrPartition]; the others are described all the same.
func (c *Conn) Check(ctx context.Context, topics ...string) ([]TopicInfo, error) {
	meta, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, c.Explain(err)
	}
	var infos []TopicInfo
	var errs []error
	for i := range meta.Topics {
		t := &meta.Topics[i]
		if t.Error != nil {
			errs = append(errs, c.topicError(t.Name, t.Error))
			continue
		}
		infos = append(infos, describe(t))
	}
	if err := c.settings(ctx, infos); err != nil {
		errs = append(errs, err)
	}
	return infos, errors.Join(errs...)
}

func (c *Conn) topicError(topic string, err error) error {
	text := "topic " + topic + ": "
	switch {
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		text += "does not exist, or this user may not see it: create it with `bouncepipe topics create`"
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		text += "not allowed: grant Describe and Write on it to this user"
	default:
		text += oneLine(err.Error())
	}
	return &Error{Brokers: strings.Join(c.cfg.Brokers, ","), Text: text, Err: err}
}

func describe(t *kafka.Topic) TopicInfo {
	info := TopicInfo{Name: t.Name, Partitions: len(t.Partitions)}
	for _, p := range t.Partitions {
		if n := len(p.Replicas); info.Replication == 0 || n < info.Replication {
			info.Replication = n
		}
	}
	return info
}

// settings fills in the topics' configuration. Not being allowed to read it is no error.
func (c *Conn) settings(ctx context.Context, infos []TopicInfo) error {
	if len(infos) == 0 {
		return nil
	}
	req := &kafka.DescribeConfigsRequest{}
	for _, t := range infos {
		req.Resources = append(req.Resources, kafka.DescribeConfigRequestResource{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: t.Name,
			ConfigNames: []string{"min.insync.replicas", "max.message.bytes", "cleanup.policy", "retention.ms"},
		})
	}
	res, err := c.client.DescribeConfigs(ctx, req)
	if err != nil {
		if errors.Is(err, kafka.ClusterAuthorizationFailed) || errors.Is(err, kafka.TopicAuthorizationFailed) {
			return nil
		}
		return c.Explain(err)
	}
	for _, r := range res.Resources {
		for i := range infos {
			if infos[i].Name == r.ResourceName && r.Error == nil {
				infos[i].set(r.ConfigEntries)
			}
		}
	}
	return nil
}

func (t *TopicInfo) set(entries []kafka.DescribeConfigResponseConfigEntry) {
	for _, e := range entries {
		n, _ := strconv.ParseInt(e.ConfigValue, 10, 64)
		switch e.ConfigName {
		case "min.insync.replicas":
			t.MinInsync = int(n)
		case "max.message.bytes":
			t.MaxMessageBytes = int(n)
		case "cleanup.policy":
			t.CleanupPolicy = e.ConfigValue
		case "retention.ms":
			t.Retention = time.Duration(n) * time.Millisecond
			if n > int64(1<<63-1)/int64(time.Millisecond) || n < 0 {
				t.Retention = -1
			}
		}
	}
}

// TopicSpec is how a topic should be.
type TopicSpec struct {
	Name            string
	Partitions      int           // default 12
	Replication     int           // default 3, or the number of brokers where there are fewer
	MinInsync       int           // default Replication - 1, at least 1
	MaxMessageBytes int           // default 1 MiB
	CleanupPolicy   string        // "delete" (default) or "compact"
	Retention       time.Duration // of "delete"; default 30 days; negative: for ever
}

func (s TopicSpec) withDefaults(brokers int) TopicSpec {
	if s.Partitions <= 0 {
		s.Partitions = 12
	}
	if s.Replication <= 0 {
		s.Replication = max(1, min(3, brokers))
	}
	if s.MinInsync <= 0 {
		s.MinInsync = max(1, s.Replication-1)
	}
	if s.MaxMessageBytes <= 0 {
		s.MaxMessageBytes = 1 << 20
	}
	if s.CleanupPolicy == "" {
		s.CleanupPolicy = "delete"
	}
	if s.Retention == 0 {
		s.Retention = 30 * 24 * time.Hour
	}
	return s
}

func (s TopicSpec) config() kafka.TopicConfig {
	entries := []kafka.ConfigEntry{
		{ConfigName: "cleanup.policy", ConfigValue: s.CleanupPolicy},
		{ConfigName: "min.insync.replicas", ConfigValue: strconv.Itoa(s.MinInsync)},
		{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(s.MaxMessageBytes)},
	}
	if s.CleanupPolicy == "delete" {
		entries = append(entries, kafka.ConfigEntry{ConfigName: "retention.ms", ConfigValue: retention(s.Retention)})
	}
	return kafka.TopicConfig{Topic: s.Name, NumPartitions: s.Partitions, ReplicationFactor: s.Replication, ConfigEntries: entries}
}

func retention(d time.Duration) string {
	if d < 0 {
		return "-1"
	}
	return strconv.FormatInt(d.Milliseconds(), 10)
}

// differences says, in one line each, in what t is worse than s asks.
func (s TopicSpec) differences(t TopicInfo) []string {
	var d []string
	add := func(setting string, got, want any) {
		d = append(d, fmt.Sprintf("topic %s: %s is %v, should be %v", s.Name, setting, got, want))
	}
	if t.Partitions < s.Partitions {
		add("partitions", t.Partitions, s.Partitions)
	}
	if t.Replication < s.Replication {
		add("replication", t.Replication, s.Replication)
	}
	if t.CleanupPolicy == "" { // not allowed to see the settings
		return d
	}
	if t.MinInsync < s.MinInsync {
		add("min.insync.replicas", t.MinInsync, s.MinInsync)
	}
	if t.MaxMessageBytes < s.MaxMessageBytes {
		add("max.message.bytes", t.MaxMessageBytes, s.MaxMessageBytes)
	}
	if t.CleanupPolicy != s.CleanupPolicy {
		add("cleanup.policy", t.CleanupPolicy, s.CleanupPolicy)
	}
	if s.CleanupPolicy == "delete" && t.Retention >= 0 && (s.Retention < 0 || t.Retention < s.Retention) {
		add("retention.ms", t.Retention.Milliseconds(), retention(s.Retention))
	}
	return d
}

// TopicResult is what became of one [TopicSpec].
type TopicResult struct {
	Info        TopicInfo // zero where the topic could not be made
	Created     bool
	Differences []string // in what an existing topic is worse than its spec, in one line each
	Err         error
}

// EnsureTopics creates the topics that do not exist and compares the others with their specs; it
// changes none that exist. The error is about the cluster; a topic's own is in its result.
func (c *Conn) EnsureTopics(ctx context.Context, specs []TopicSpec) ([]TopicResult, error) {
	return c.topics(ctx, specs, true)
}

// CheckTopics is [Conn.EnsureTopics] without creating.
func (c *Conn) CheckTopics(ctx context.Context, specs []TopicSpec) ([]TopicResult, error) {
	return c.topics(ctx, specs, false)
}

func (c *Conn) topics(ctx context.Context, specs []TopicSpec, create bool) ([]TopicResult, error) {
	// With a list of topics the library never learns of others and would wait for them for ever.
	cfg := c.cfg
	cfg.Topics = nil
	admin, err := New(cfg)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	specs = slices.Clone(specs)
	names := make([]string, len(specs))
	for i, s := range specs {
		names[i] = s.Name
	}
	meta, err := admin.client.Metadata(ctx, &kafka.MetadataRequest{Topics: names})
	if err != nil {
		return nil, c.Explain(err)
	}
	results := make([]TopicResult, len(specs))
	var missing []kafka.TopicConfig
	for i, s := range specs {
		specs[i] = s.withDefaults(len(meta.Brokers))
		if err := meta.Topics[i].Error; errors.Is(err, kafka.UnknownTopicOrPartition) && create {
			missing = append(missing, specs[i].config())
			results[i].Created = true
		} else if err != nil {
			results[i].Err = c.topicError(s.Name, err)
		}
	}
	if len(missing) > 0 {
		if err := admin.create(ctx, missing, names, results); err != nil {
			return nil, err
		}
	}
	infos, err := admin.Check(ctx, names...)
	if err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
		return nil, err
	}
	for i := range results {
		for _, info := range infos {
			if info.Name == names[i] {
				results[i].Info = info
				results[i].Differences = specs[i].differences(info)
			}
		}
	}
	return results, nil
}

func (c *Conn) create(ctx context.Context, topics []kafka.TopicConfig, names []string, results []TopicResult) error {
	res, err := c.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: topics})
	if err != nil {
		return c.Explain(err)
	}
	for i := range results {
		err := res.Errors[names[i]]
		if !results[i].Created || err == nil {
			continue
		}
		results[i].Created = false
		if !errors.Is(err, kafka.TopicAlreadyExists) { // someone was faster
			results[i].Err = c.topicError(names[i], err)
		}
	}
	return nil
}
