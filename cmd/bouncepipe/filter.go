package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bouncepipe/bouncepipe/sink"
)

// filter says which events are wanted. The zero value wants all.
type filter struct {
	since, until                     time.Time
	types, categories, classes, doms []string
}

// parseFilter reads --since, --until and the values of --only.
func parseFilter(since, until string, only []string) (filter, error) {
	var f filter
	var err error
	if f.since, err = parseDay("--since", since); err != nil {
		return f, err
	}
	if f.until, err = parseDay("--until", until); err != nil {
		return f, err
	}
	for _, o := range only {
		key, value, ok := strings.Cut(o, "=")
		value = strings.ToLower(value)
		switch {
		case ok && key == "type":
			f.types = append(f.types, value)
		case ok && key == "category":
			f.categories = append(f.categories, value)
		case ok && key == "class" && slices.Contains([]string{"hard", "soft", "block"}, value):
			f.classes = append(f.classes, value)
		case ok && key == "domain":
			f.doms = append(f.doms, value)
		default:
			return f, usage(fmt.Errorf("--only %s: write category=user_unknown, class=hard (or soft, block), type=bounce or domain=example.org", o))
		}
	}
	return f, nil
}

func parseDay(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range [...]string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usage(fmt.Errorf("%s %s: write a day such as 2026-01-31 or a time such as 2026-01-31T12:00:00Z", flag, s))
}

// wants reports whether e passes. Conditions of one kind are alternatives.
func (f *filter) wants(e *sink.Event) bool {
	in := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return !e.Time.Before(f.since) && (f.until.IsZero() || e.Time.Before(f.until)) &&
		in(f.types, e.Type) && in(f.categories, e.Category) && in(f.classes, e.Class) && in(f.doms, e.RecipientDomain)
}

func (f *filter) all() bool {
	return f.since.IsZero() && f.until.IsZero() && len(f.types)+len(f.categories)+len(f.classes)+len(f.doms) == 0
}
