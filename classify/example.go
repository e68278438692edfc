package classify

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// example is a reply that a rule must win (yes) or leave alone.
type example struct {
	yes    bool
	line   int
	source string // a page, "captured reply", or "practice"
	other  string // no: the rule that takes it; empty: any other or none
	report dsn.Report
	rcpt   dsn.Recipient
	at     string // provider or host, to become the Remote-MTA
}

// parseExample reads what stands behind yes or no:
//
//	[@provider|@host] [<-sender] [->recipient] [[COMMAND]] [(action)] [{status}] reply [-> rule] [# source]
func parseExample(s string, yes bool) (example, error) {
	e := example{yes: yes}
	e.report.Kind = dsn.DeliveryStatus
	e.rcpt.Action = dsn.Failed
	if i := strings.LastIndex(s, " # "); i >= 0 {
		s, e.source = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+3:])
	} else if i := strings.LastIndex(s, "\t# "); i >= 0 {
		s, e.source = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+3:])
	}
	if yes && e.source == "" {
		return e, errors.New("say behind \" # \" where this reply is from: a page, \"captured reply\" or \"practice\"")
	}
	if i := strings.LastIndex(s, " -> "); i >= 0 && !yes {
		s, e.other = strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+4:])
	}
	command := ""
	for {
		word, rest, _ := strings.Cut(s, " ")
		switch {
		case len(word) > 1 && word[0] == '@':
			e.at = word[1:]
		case strings.HasPrefix(word, "<-"):
			e.report.Original.Header = dsn.Header{{Name: "Return-Path", Value: word[2:]}}
		case len(word) > 2 && strings.HasPrefix(word, "->"):
			e.rcpt.FinalRecipient = dsn.Typed{Type: "rfc822", Value: word[2:]}
		case len(word) > 2 && word[0] == '[' && commandBit(strings.Trim(word, "[]")) != 0:
			command = strings.Trim(word, "[]")
		case word == "(delayed)" || word == "(failed)" || word == "(relayed)" || word == "(delivered)" || word == "(expanded)":
			e.rcpt.Action = dsn.Action(strings.Trim(word, "()"))
		case len(word) > 2 && word[0] == '{' && word[len(word)-1] == '}':
			st, ok := parseStatus(word[1 : len(word)-1])
			if !ok || st.class < 0 || st.subject < 0 || st.detail < 0 {
				return e, fmt.Errorf("%s is no enhanced status code", word)
			}
			e.rcpt.Status = dsn.Status{Class: uint8(st.class), Subject: uint16(st.subject), Detail: uint16(st.detail)}
		default:
			e.rcpt.Reply = dsn.ParseReply([]byte(s))
			e.rcpt.DiagnosticCode = dsn.Typed{Type: "smtp", Value: s}
			if command != "" {
				e.rcpt.Reply.Command = command
			}
			if e.rcpt.Reply.Code == 0 && e.rcpt.Reply.Status.IsZero() { // the reporting MTA's own words
				e.rcpt.Reply.Text = ""
				e.rcpt.DiagnosticCode.Type = ""
			}
			return e, nil
		}
		s = strings.TrimSpace(rest)
	}
}

// runExamples judges every example of every rule.
func (c *Classifier) runExamples() []error {
	var errs []error
	for _, r := range c.rules {
		file := r.where[:strings.LastIndexByte(r.where, ':')]
		for i := range r.examples {
			e := &r.examples[i]
			line := e.line
			fail := func(format string, args ...any) {
				errs = append(errs, fmt.Errorf("%s:%d: rule %s: %w", file, line, r.name, fmt.Errorf(format, args...)))
			}
			if e.at != "" {
				host, ok := c.exampleHost(e.at)
				if !ok {
					fail("unknown provider @%s; classify/tables/providers.tsv lists them, or give a host name", e.at)
					continue
				}
				e.rcpt.RemoteMTA = dsn.Typed{Type: "dns", Value: host}
			}
			v := c.Classify(&e.report, &e.rcpt)
			won := "no rule takes it"
			if v.Rule != "" {
				won = fmt.Sprintf("won by %s at %s (%s: %q)", v.Rule, v.Where, v.Field, v.Match)
			}
			switch {
			case e.yes && v.Rule != r.name:
				fail("yes: %s", won)
			case !e.yes && v.Rule == r.name:
				fail("no: the rule takes it (%s: %q)", v.Field, v.Match)
			case !e.yes && e.other != "" && v.Rule != e.other:
				fail("no: %s, not by %s", won, e.other)
			}
		}
	}
	return errs
}

// Examples counts the examples of all rules, and those that no page or captured reply
// supports: what rests on practice alone.
func (c *Classifier) Examples() (all, practice int) {
	for _, r := range c.rules {
		for _, e := range r.examples {
			if !e.yes {
				continue
			}
			all++
			if strings.HasPrefix(e.source, "practice") {
				practice++
			}
		}
	}
	return all, practice
}
