package classify

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// Options of a Classifier. The zero value works.
type Options struct {
	RuleFiles []string // the operator's own, tried in this order before all others; default none
}

// Classifier judges. It is safe for concurrent use.
type Classifier struct {
	rules      []*rule
	literals   []literal
	finder     *finder
	providers  *providers
	blocklists []blocklist
	byCode     [2]index // rules without words: of the main part, of last resort
	pool       sync.Pool
}

// literal is what the finder finds, and what it is for.
type literal struct {
	text      string
	rules     []uint32 // those of which this is one of the words that make them candidates
	provider  int16    // whose wording it is; -1: nobody's
	blocklist int16    // which list's; -1: none's
	cue       bool     // a time to wait may follow
	soon      bool     // it says that the refusal is temporary, whatever the code
}

// New reads the rules and runs every example. The error names file and line of each rule
// that is wrong, takes no reply that it should take, or takes one that it should not.
func New(opts Options) (*Classifier, error) {
	var files []ruleFile
	for _, name := range opts.RuleFiles {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading rules: %w", err)
		}
		files = append(files, ruleFile{name: name, text: string(text)})
	}
	own, err := ownRules()
	if err != nil {
		return nil, err
	}
	return newClassifier(append(files, own...))
}

// ownRules returns the embedded rule files in order.
func ownRules() ([]ruleFile, error) {
	entries, err := ruleFS.ReadDir("rules")
	if err != nil {
		return nil, err
	}
	var files []ruleFile
	for _, e := range entries { // sorted by name
		name := "rules/" + e.Name()
		text, err := ruleFS.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, ruleFile{name: name, text: string(text), last: e.Name()[0] == '9'})
	}
	return files, nil
}

func newClassifier(files []ruleFile) (*Classifier, error) {
	c := &Classifier{providers: newProviders(), blocklists: readBlocklists()}
	p := parser{provider: c.providers.id}
	for _, f := range files {
		p.read(f)
	}
	p.check()
	if len(p.errs) == 0 {
		c.rules = withCodes(p.rules)
		c.compile()
		p.errs = c.runExamples()
	}
	if len(p.errs) > 0 {
		return nil, fmt.Errorf("rules: %w", errors.Join(p.errs...))
	}
	return c, nil
}

// compile numbers the literals, builds the finder and the indexes.
func (c *Classifier) compile() {
	ids := make(map[string]uint32)
	number := func(text string) uint32 {
		id, ok := ids[text]
		if !ok {
			id = uint32(len(c.literals))
			ids[text] = id
			c.literals = append(c.literals, literal{text: text, provider: -1, blocklist: -1})
		}
		return id
	}
	for i, r := range c.rules {
		r.info, _ = infoOf(r.category)
		rarest, length := -1, -1
		for g, alternatives := range r.literals {
			var ids group
			shortest := 1 << 30
			for _, text := range alternatives {
				ids = append(ids, number(text))
				shortest = min(shortest, len(text))
			}
			r.texts = append(r.texts, ids)
			if shortest > length {
				rarest, length = g, shortest
			}
		}
		if rarest >= 0 { // longer words occur less often: they make the rule a candidate
			for _, id := range r.texts[rarest] {
				c.literals[id].rules = append(c.literals[id].rules, uint32(i))
			}
		}
	}
	for i, list := range c.providers.markers {
		for _, m := range list {
			if l := &c.literals[number(m)]; l.provider < 0 {
				l.provider = int16(i)
			}
		}
	}
	for i := range c.blocklists {
		for _, m := range c.blocklists[i].markers {
			if l := &c.literals[number(m)]; l.blocklist < 0 {
				l.blocklist = int16(i)
			}
		}
	}
	for _, cue := range retryCues {
		c.literals[number(cue)].cue = true
	}
	for _, word := range soonWords {
		c.literals[number(word)].soon = true
	}
	texts := make([]string, len(c.literals))
	for i := range c.literals {
		texts[i] = c.literals[i].text
	}
	c.finder = newFinder(texts, c.samples())
	c.byCode = [2]index{newIndex(c.rules, false), newIndex(c.rules, true)}
}

// samples are the replies of all examples, folded.
func (c *Classifier) samples() (out [][]byte) {
	for _, r := range c.rules {
		for i := range r.examples {
			out = append(out, appendFolded(nil, r.examples[i].rcpt.DiagnosticCode.Value))
		}
	}
	return out
}

// Classify says why rcpt failed, and which rule said so. A report that is no delivery status
// notification, and one of success, has no category: only a provider and an advice. rep may
// not be nil; rcpt may be the zero Recipient where a report names none.
func (c *Classifier) Classify(rep *dsn.Report, rcpt *dsn.Recipient) Verdict {
	if v, done := withoutCause(rep, rcpt); done {
		s := c.scratch()
		c.read(s, rep, rcpt)
		v.Provider = c.providerName(s)
		c.release(s)
		return v
	}
	s := c.scratch()
	c.read(s, rep, rcpt)
	var v Verdict
	if c.try(s, func(r *rule, f field) bool {
		v = c.verdict(s, rcpt, r, f)
		return false
	}) {
		v = c.none(s, rcpt)
	}
	c.release(s)
	return v
}

// Explain returns the verdict of Classify, then those of the rules that would have come next,
// in order.
func (c *Classifier) Explain(rep *dsn.Report, rcpt *dsn.Recipient) []Verdict {
	if _, done := withoutCause(rep, rcpt); done {
		return []Verdict{c.Classify(rep, rcpt)}
	}
	s := c.scratch()
	defer c.release(s)
	c.read(s, rep, rcpt)
	var out []Verdict
	taken := make(map[*rule]bool) // a rule may hold in several fields; it is told once
	c.try(s, func(r *rule, f field) bool {
		if !taken[r] {
			taken[r] = true
			out = append(out, c.verdict(s, rcpt, r, f))
		}
		return true
	})
	if out == nil {
		out = append(out, c.none(s, rcpt))
	}
	return out
}

// withoutCause returns the verdict of what did not fail.
func withoutCause(rep *dsn.Report, rcpt *dsn.Recipient) (Verdict, bool) {
	switch rep.Kind {
	case dsn.FeedbackReport:
		v := Verdict{Advice: AdviceSuppress, Fault: FaultSender}
		if rep.Feedback != nil {
			switch strings.ToLower(rep.Feedback.Type) {
			case "not-spam":
				v.Advice, v.Fault = AdviceNone, ""
			case "auth-failure", "dmarc":
				v.Advice = AdviceFixSender
			case "fraud", "virus", "other":
				v.Advice = AdviceReview
			}
		}
		return v, true
	case dsn.AutoReply, dsn.DispositionNotification:
		return Verdict{Advice: AdviceNone}, true
	case dsn.Challenge:
		return Verdict{Advice: AdviceReview}, true
	}
	switch rcpt.Action {
	case dsn.Delivered, dsn.Relayed, dsn.Expanded:
		return Verdict{Advice: AdviceNone}, true
	}
	return Verdict{}, false
}

// The parts in which rules are tried: first all with words or codes in the reply, then with
// words in the other fields; then those of last resort likewise, and codes at the very end.
const (
	lastPart  = uint64(fields)
	codesPart = 2 * uint64(fields)
)

// try calls take with the rules that hold, in order, until it returns false. It returns true
// if take never did.
func (c *Classifier) try(s *scratch, take func(*rule, field) bool) bool {
	keys := s.keys[:0]
	for _, h := range s.hits {
		for _, i := range c.literals[h.literal].rules {
			keys = append(keys, c.part(c.rules[i], h.field)<<32|uint64(i))
		}
	}
	keys = c.byCode[0].candidates(keys, s, 0)
	if s.blocklist >= 0 {
		for _, i := range c.byCode[0].lists {
			keys = append(keys, c.part(c.rules[i], s.listField)<<32|uint64(i))
		}
	}
	slices.Sort(keys)
	s.keys = keys
	if !c.walk(s, keys, take) {
		return false
	}
	start := len(keys)
	keys = c.byCode[1].candidates(keys, s, codesPart)
	slices.Sort(keys[start:])
	s.keys = keys
	return c.walk(s, keys[start:], take)
}

// codesSay returns what the bare codes stand for.
func (c *Classifier) codesSay(s *scratch) Category {
	said := Undetermined
	keys := c.byCode[1].candidates(nil, s, codesPart)
	slices.Sort(keys)
	c.walk(s, keys, func(r *rule, _ field) bool {
		said = r.category
		return false
	})
	return said
}

func (c *Classifier) part(r *rule, f field) uint64 {
	if r.last {
		return lastPart + uint64(f)
	}
	return uint64(f)
}

func (c *Classifier) walk(s *scratch, keys []uint64, take func(*rule, field) bool) bool {
	for i, k := range keys {
		if i > 0 && keys[i-1] == k {
			continue
		}
		r, f := c.rules[uint32(k)], field(k>>32%uint64(fields))
		if c.holds(s, r) && s.finds(r, f) && !take(r, f) {
			return false
		}
	}
	return true
}

// verdict is what r says, having held in field f.
func (c *Classifier) verdict(s *scratch, rcpt *dsn.Recipient, r *rule, f field) Verdict {
	v := Verdict{Category: r.category, Rule: r.name, Where: r.where}
	v.Field, v.Match = c.matched(s, r, f)
	info := r.info
	ev := s.evidence(r, f)
	if ev == weak && info.Class == Hard && !s.derived && c.codesSay(s) == r.category {
		ev = code // what the reporting MTA wrote only repeats the code of the server
	}
	judge(&v, s, rcpt, info, ev)
	v.Provider = c.providerName(s)
	v.Blocklist = c.blocklistOf(s, r.category)
	v.RetryAfter = c.retryAfter(s)
	v.Fingerprint = s.fingerprint()
	return v
}

// none is the verdict where no rule holds.
func (c *Classifier) none(s *scratch, rcpt *dsn.Recipient) Verdict {
	v := Verdict{Category: Undetermined}
	info, _ := infoOf(Undetermined)
	judge(&v, s, rcpt, info, weak)
	v.Provider = c.providerName(s)
	v.RetryAfter = c.retryAfter(s)
	v.Fingerprint = s.fingerprint()
	return v
}

func (c *Classifier) providerName(s *scratch) string {
	if s.provider < 0 {
		return ""
	}
	return c.providers.names[s.provider]
}

// matched says where r looked, and what it found there.
func (c *Classifier) matched(s *scratch, r *rule, f field) (where, what string) {
	if r.match != nil {
		return f.String(), string(r.match.Find(s.hay[s.spans[f][0]:s.spans[f][1]]))
	}
	if len(r.texts) > 0 {
		for _, l := range r.texts[0] {
			if s.has(f, l) {
				return f.String(), strings.TrimSpace(c.literals[l].text)
			}
		}
	}
	switch {
	case r.lists != 0:
		b := &c.blocklists[s.blocklist]
		if b.zone != "" {
			return s.listField.String(), b.zone
		}
		return s.listField.String(), b.name
	case r.statuses != nil:
		return "status", s.status.String()
	case r.codes != nil:
		return "reply_code", strconv.Itoa(s.code)
	case r.providers != nil:
		return "provider", c.providerName(s)
	}
	return "", ""
}
