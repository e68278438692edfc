package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
	"github.com/bouncepipe/bouncepipe/ingest"
	"github.com/bouncepipe/bouncepipe/internal/pipeline"
	"github.com/bouncepipe/bouncepipe/sink"
)

// explain is one run of the command.
type explain struct {
	config string
	lines  string
	json   bool

	sender *pipeline.Sender
	rules  *classify.Classifier
	stdin  io.Reader
	out    io.Writer
}

func explainCommand() *cobra.Command {
	var x explain
	cmd := &cobra.Command{
		Use:   "explain [flags] FILE|-|TEXT",
		Short: "Say why a mail bounced, or what a reply means, and which rule says so",
		Long: `explain reads a bounce mail from a file (packed, or in an mbox, if need be) or standard input, or takes
a reply as text, and tells what was found where, which rule decided (with its file and line and the words it found), what would
have come next, and what to do now. What is neither a file nor "-" is taken for a reply.`,
		Example: `  bouncepipe explain bounce.eml
  bouncepipe explain "550 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org"
  bouncepipe explain --json - < bounce.eml
  bouncepipe explain --lines replies.txt        one reply a line, one verdict a line`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return errors.New("one file or one text, please; the text of a reply goes in quotes: \"550 5.1.1 no such user\"")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			x.stdin, x.out = cmd.InOrStdin(), cmd.OutOrStdout()
			return x.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&x.config, "config", "c", "", "take rules and sender from this file")
	f.StringVar(&x.lines, "lines", "", "judge the replies in this file, one a line (- for standard input)")
	f.BoolVar(&x.json, "json", false, "print JSON")
	return cmd
}

func (x *explain) run(ctx context.Context, args []string) error {
	if (len(args) == 1) == (x.lines != "") || len(args) == 1 && args[0] == "" {
		return usage(errors.New("give a file, - or the text of a reply, or --lines FILE; see bouncepipe explain --help"))
	}
	conf := &configFile{}
	var err error
	if x.config != "" {
		if conf, err = loadPart(x.config); err != nil {
			return err
		}
	}
	if x.rules, err = conf.classifier(); err != nil {
		return err
	}
	if x.sender, err = conf.sender(); err != nil {
		return err
	}
	if x.lines != "" {
		return x.judgeLines()
	}
	if _, err := os.Stat(args[0]); args[0] != "-" && err != nil {
		if looksLikeReply(args[0]) {
			return x.reply(args[0])
		}
		return usage(fmt.Errorf("%w; the text of a reply goes in quotes: \"550 5.1.1 no such user\"", err))
	}
	return x.mails(ctx, args[0])
}

// mostMails is how many mails of an archive are explained: more is what replay is for.
const mostMails = 20

// mails explains the mails in a file, a folder or the standard input.
func (x *explain) mails(ctx context.Context, path string) error {
	src, err := ingest.OpenPaths(ingest.PathOptions{Stdin: x.stdin, BatchMessages: 1}, path)
	if err != nil {
		return usage(err)
	}
	defer src.Close()
	for n := 0; ; n++ {
		b, err := src.Fetch(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range b.Messages {
			m := &b.Messages[i]
			if n == mostMails {
				return fmt.Errorf("%s has more than %d mails; bouncepipe replay reads them all", path, mostMails)
			}
			if n > 0 && !x.json {
				fmt.Fprint(x.out, "\n----\n\n")
			}
			if m.Err != nil {
				return m.Err
			}
			if err := x.mail(name(path, m), m); err != nil {
				return err
			}
		}
		if err := src.Commit(ctx, b, make([]ingest.Outcome, len(b.Messages))); err != nil {
			return err
		}
	}
}

// name is what people call a message: the file that was named, or the URI within it.
func name(path string, m *ingest.Message) string {
	if strings.HasPrefix(m.Source, "file:") {
		return path
	}
	return m.Source
}

// looksLikeReply tells the text of a reply from the mistyped name of a file.
func looksLikeReply(s string) bool {
	return strings.ContainsAny(s, " \t\n") || len(s) == 3 && s[0] >= '2' && s[0] <= '5' || strings.Count(s, ".") == 2 && len(s) < 9
}

// bareReport is the report that a reply alone amounts to.
func bareReport(text string) *dsn.Report {
	r := dsn.ParseReply([]byte(text))
	rcpt := dsn.Recipient{Action: dsn.Failed, Reply: r, DiagnosticCode: dsn.Typed{Type: "smtp", Value: text}}
	if r.Code >= 400 && r.Code < 500 || r.Code == 0 && r.Status.Class == 4 {
		rcpt.Action = dsn.Delayed
	}
	return &dsn.Report{Kind: dsn.DeliveryStatus, Recipients: []dsn.Recipient{rcpt}}
}

func (x *explain) reply(text string) error {
	rep := bareReport(text)
	if x.json {
		return x.printJSON(rep, nil)
	}
	r := rep.Recipients[0].Reply
	w := &columns{w: x.out}
	w.line("reply", describeReply(r))
	x.verdict(w, rep, &rep.Recipients[0], nil)
	return w.err
}

func (x *explain) mail(name string, msg *ingest.Message) error {
	rep, err := new(dsn.Parser).Parse(msg.Raw)
	if errors.Is(err, dsn.ErrNotReport) {
		if x.json {
			return json.NewEncoder(x.out).Encode(map[string]any{"file": name, "outcome": ingest.Other.String()})
		}
		_, err := fmt.Fprintf(x.out, "%s is ordinary mail, no report: nothing in it says that a message failed, was delayed or was answered by a machine.\nIt is counted as \"other\", and no event comes of it.\n", name)
		return err
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	events := pipeline.NewEvents(x.sender, msg, rep, x.rules.Classify)
	if x.json {
		return x.printJSON(rep, events)
	}
	w := &columns{w: x.out}
	w.line("mail", fmt.Sprintf("%s: %s, read as %s", name, rep.Kind, rep.Dialect))
	w.line("reported", join(" ", after("by ", rep.ReportingMTA.Value), after("at ", date(rep))))
	if id := rep.Original.Header.Get("Message-ID"); id != "" {
		w.line("about", "the message "+id)
	}
	for _, p := range rep.Problems {
		w.line("odd", join(": ", p.Name, p.Detail))
	}
	rcpts := rep.Recipients
	if len(rcpts) == 0 {
		w.line("recipient", "none could be read: one event comes of the report as a whole")
		rcpts = []dsn.Recipient{{}}
	}
	for i := range rcpts {
		x.recipient(w, rep, &rcpts[i], events[i])
	}
	return w.err
}

func date(rep *dsn.Report) string {
	if rep.Received.IsZero() {
		return rep.Header.Get("Date")
	}
	return rep.Received.Format("2006-01-02 15:04:05 UTC")
}

// recipient tells what was found about one recipient, and where.
func (x *explain) recipient(w *columns, rep *dsn.Report, rcpt *dsn.Recipient, e *sink.Event) {
	w.gap()
	w.line("recipient", join(", ", e.Recipient, after("action: ", string(rcpt.Action))))
	if e.Address != e.Recipient {
		w.line("mailed as", e.Address)
	}
	if !rcpt.Status.IsZero() {
		w.line("status", rcpt.Status.String()+" (Status field)")
	}
	if rcpt.Reply.Text != "" || rcpt.Reply.Code != 0 {
		w.line("reply", describeReply(rcpt.Reply))
	}
	if d := rcpt.DiagnosticCode; d.Value != "" && !strings.Contains(d.Value, rcpt.Reply.Text) || rcpt.Reply.Text == "" {
		w.line("diagnostic", join("; ", d.Type, oneLine(d.Value)))
	}
	if rcpt.Text != "" && !strings.Contains(rcpt.DiagnosticCode.Value, rcpt.Text) {
		w.line("text", shorten(oneLine(rcpt.Text), 400))
	}
	w.line("said by", rcpt.RemoteMTA.Value)
	w.line("moved to", rcpt.NewAddress)
	if rep.Kind == dsn.DeliveryStatus {
		x.verdict(w, rep, rcpt, e)
		return
	}
	w.line("event", e.Type)
	w.line("do", join(": ", e.Advice, adviceText[classify.Advice(e.Advice)]))
}

// verdict tells which rule won, what would have come next and what to do. e is nil for a reply alone.
func (x *explain) verdict(w *columns, rep *dsn.Report, rcpt *dsn.Recipient, e *sink.Event) {
	all := x.rules.Explain(rep, rcpt)
	if len(all) == 0 {
		return
	}
	v := all[0]
	w.line("verdict", join(", ", string(v.Category), string(v.Class), string(v.Permanence), after("fault: ", string(v.Fault))))
	w.line("because", fmt.Sprintf("rule %s (%s)%s", v.Rule, v.Where, found(v)))
	w.line("provider", v.Provider)
	if b := v.Blocklist; b != (classify.Blocklist{}) {
		w.line("block list", join(", ", b.Zone, after("listed: ", b.Listed), b.RemovalURL))
	}
	if v.RetryAfter > 0 {
		w.line("retry", "after "+v.RetryAfter.String())
	}
	for i, next := range all[1:] {
		if i == 3 {
			w.line("else", fmt.Sprintf("and %d more", len(all)-1-i))
			break
		}
		w.line("else", fmt.Sprintf("%s by rule %s (%s)%s", next.Category, next.Rule, next.Where, found(next)))
	}
	if e != nil && e.Advice != string(v.Advice) {
		why := "one member of an alias failed, and the others may be fine"
		if e.Verified == "no" {
			why = "nothing proves that this report is about a message of yours"
		}
		w.line("do", e.Advice+", not "+string(v.Advice)+": "+why)
		return
	}
	do := adviceText[v.Advice]
	if v.Advice == classify.AdviceNone {
		w.line("do", do)
		return
	}
	for _, info := range classify.Categories() {
		if info.Category == v.Category && info.Do != "" {
			do = info.Do
		}
	}
	w.line("do", join(": ", string(v.Advice), do))
}

func found(v classify.Verdict) string {
	if v.Match == "" {
		return ""
	}
	s := fmt.Sprintf(" found %q", shorten(oneLine(v.Match), 120))
	if v.Field != "" {
		s += " in the " + v.Field
	}
	return s
}

// adviceText says in a sentence what each advice means.
var adviceText = map[classify.Advice]string{
	classify.AdviceSuppress:      "stop mailing this address",
	classify.AdviceUpdateAddress: "mail the new address instead",
	classify.AdviceRetryLater:    "the address is fine, try again later",
	classify.AdviceSlowDown:      "send more slowly to this receiver",
	classify.AdviceFixSender:     "repair DNS, authentication, reputation or configuration on your side",
	classify.AdviceFixMessage:    "change the message",
	classify.AdviceReview:        "a person should look",
	classify.AdviceNone:          "nothing: the sending server still tries by itself, or nothing has failed",
}

func describeReply(r dsn.Reply) string {
	code := ""
	if r.Code != 0 {
		code = fmt.Sprint(r.Code)
	}
	s := join(" ", code, r.Status.String(), oneLine(r.Text))
	if r.Command != "" {
		s += " (answer to " + r.Command + ")"
	}
	return s
}

// explained is the form of --json.
type explained struct {
	Event    *sink.Event        `json:"event,omitempty"`
	Verdicts []explainedVerdict `json:"verdicts"` // the one that decided first, then what would have come next
}

type explainedVerdict struct {
	Category    string          `json:"category"`
	Class       string          `json:"class"`
	Permanence  string          `json:"permanence,omitempty"`
	Fault       string          `json:"fault,omitempty"`
	Advice      string          `json:"advice,omitempty"`
	Rule        string          `json:"rule"`
	Where       string          `json:"where,omitempty"`
	Field       string          `json:"field,omitempty"`
	Match       string          `json:"match,omitempty"`
	Provider    string          `json:"provider,omitempty"`
	Blocklist   *sink.Blocklist `json:"blocklist,omitempty"`
	RetryAfterS int64           `json:"retry_after_s,omitempty"`
	Fingerprint string          `json:"fingerprint,omitempty"`
}

func toJSON(v classify.Verdict) explainedVerdict {
	e := explainedVerdict{
		Category: string(v.Category), Class: string(v.Class), Permanence: string(v.Permanence), Fault: string(v.Fault), Advice: string(v.Advice),
		Rule: v.Rule, Where: v.Where, Field: v.Field, Match: v.Match, Provider: v.Provider, RetryAfterS: int64(v.RetryAfter.Seconds()), Fingerprint: v.Fingerprint,
	}
	if v.Blocklist != (classify.Blocklist{}) {
		b := sink.Blocklist(v.Blocklist)
		e.Blocklist = &b
	}
	return e
}

// printJSON writes one object per recipient.
func (x *explain) printJSON(rep *dsn.Report, events []*sink.Event) error {
	enc := json.NewEncoder(x.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	rcpts := rep.Recipients
	if len(rcpts) == 0 {
		rcpts = []dsn.Recipient{{}}
	}
	for i := range rcpts {
		var e explained
		if events != nil {
			e.Event = events[i]
		}
		for _, v := range x.rules.Explain(rep, &rcpts[i]) {
			e.Verdicts = append(e.Verdicts, toJSON(v))
		}
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

// judgeLines judges one reply a line: tab-separated, or as JSON lines.
func (x *explain) judgeLines() error {
	in := x.stdin
	if x.lines != "-" {
		f, err := os.Open(x.lines)
		if err != nil {
			return usage(err)
		}
		defer f.Close()
		in = f
	}
	w := bufio.NewWriter(x.out)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		line := bytes.TrimSpace(sc.Bytes())
		if len(line) == 0 {
			continue
		}
		rep := bareReport(string(line))
		v := x.rules.Classify(rep, &rep.Recipients[0])
		if x.json {
			if err := enc.Encode(struct {
				Reply string `json:"reply"`
				explainedVerdict
			}{string(line), toJSON(v)}); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", v.Category, v.Class, v.Advice, v.Rule, line); err != nil {
			return err
		}
	}
	if err := sc.Err(); err != nil {
		return fmt.Errorf("%s: %w", x.lines, err)
	}
	return w.Flush()
}
