package classify

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// ruleFile is the text of one rule file.
type ruleFile struct {
	name string // as errors and Verdict.Where give it
	text string
	last bool // its rules are of last resort
}

// parser reads rule files.
type parser struct {
	provider func(name string) (int16, bool)
	rules    []*rule
	errs     []error

	file     string
	line     int
	rule     *rule
	previous string // key of the condition before
}

func (p *parser) errorf(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %w", p.file, p.line, fmt.Errorf(format, args...)))
}

// read reads a rule file. Errors are collected, so that one run shows them all.
func (p *parser) read(f ruleFile) {
	p.file, p.line, p.rule, p.previous = f.name, 0, nil, ""
	for text := range strings.Lines(f.text) {
		p.line++
		line := strings.TrimSpace(text)
		switch {
		case line == "" || line[0] == '#':
		case text[0] != ' ' && text[0] != '\t':
			p.header(line, f.last)
		case p.rule == nil:
			p.errorf("a condition before the first rule; a rule begins with \"name category\" at the start of a line")
		default:
			p.condition(line)
		}
	}
}

var ruleName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*/[a-z0-9][a-z0-9._-]*$`)

func (p *parser) header(line string, last bool) {
	p.previous = ""
	p.rule = &rule{where: fmt.Sprintf("%s:%d", p.file, p.line), last: last}
	p.rules = append(p.rules, p.rule)
	words := strings.Fields(line)
	if len(words) != 2 {
		p.errorf("%q is no head of a rule; want \"name category\", for example \"google/over-quota mailbox_full\"", line)
		return
	}
	p.rule.name, p.rule.category = words[0], Category(words[1])
	if !ruleName.MatchString(p.rule.name) {
		p.errorf("rule name %q: want who/what in lower case, for example google/over-quota", words[0])
	}
	if _, ok := infoOf(p.rule.category); !ok {
		p.errorf("unknown category %q; docs/categories.md lists them", words[1])
	}
}

func (p *parser) condition(line string) {
	key, rest := line, ""
	if i := strings.IndexAny(line, " \t"); i >= 0 {
		key, rest = line[:i], strings.TrimSpace(line[i:])
	}
	r := p.rule
	if key != "|" {
		p.previous = key
	} else if p.previous != "text" || len(r.literals) == 0 {
		p.errorf("a line that begins with | goes on with a text line, and there is none in front of it")
		return
	}
	if rest == "" {
		p.errorf("%s: nothing behind it", key)
		return
	}
	switch key {
	case "text":
		if alternatives, err := quoted(rest); err != nil {
			p.errorf("text: %w", err)
		} else {
			r.literals = append(r.literals, alternatives)
		}
	case "|":
		if alternatives, err := quoted(rest); err != nil {
			p.errorf("text: %w", err)
		} else {
			last := len(r.literals) - 1
			r.literals[last] = append(r.literals[last], alternatives...)
		}
	case "yes", "no":
		e, err := parseExample(rest, key == "yes")
		if err != nil {
			p.errorf("%s: %w", key, err)
		}
		e.line = p.line
		r.examples = append(r.examples, e)
	case "match":
		re, err := regexp.Compile(ignoreCase(plainMatch(rest)))
		switch {
		case err != nil:
			p.errorf("match: %w", err)
		case r.match != nil:
			p.errorf("match: only one in a rule; join them with |")
		}
		r.match = re
	case "code":
		r.codes = orNew(r.codes)
		list := alternatives(rest)
		if i := slices.Index(list, "none"); i >= 0 {
			r.noCode, list = true, slices.Delete(list, i, i+1)
		}
		if !parseCodes(r.codes, list) {
			p.errorf("code: %q is no list of reply codes; want 550, 55x, 450-452, none, several with |", rest)
		}
	default:
		p.listed(key, alternatives(rest))
	}
}

// ignoreCase returns expr as it is searched for: in lower case, as replies are folded. An expression
// that is in lower case itself need not ignore case as well, which takes twice the time.
func ignoreCase(expr string) string {
	plain := strings.NewReplacer(`\S`, "", `\D`, "", `\W`, "", `\B`, "", `\x00`, "").Replace(expr)
	capitals := plain != strings.ToLower(plain)
	for _, s := range [...]string{`\x`, `\1`, "[:upper:]"} { // \x41, \101
		capitals = capitals || strings.Contains(plain, s)
	}
	if capitals {
		return "(?i)" + expr
	}
	return expr
}

func orNew(cs *codeSet) *codeSet {
	if cs == nil {
		cs = new(codeSet)
	}
	return cs
}

// listed reads the conditions that are lists of words.
func (p *parser) listed(key string, words []string) {
	r := p.rule
	for _, w := range words {
		switch key {
		case "provider":
			id, ok := p.provider(w)
			if !ok {
				p.errorf("unknown provider %q; classify/tables/providers.tsv lists them", w)
			}
			r.providers = append(r.providers, id)
		case "status":
			s, ok := parseStatus(w)
			if !ok {
				p.errorf("status: %q; want 5.1.1, x.2.2 or 4.x.x, several with |", w)
			}
			r.statuses = append(r.statuses, s)
		case "command":
			bit := commandBit(w)
			if bit == 0 {
				p.errorf("unknown command %q; want one of %s", w, strings.Join(commandNames[:], ", "))
			}
			r.commands |= bit
		case "action":
			found := false
			for i, a := range actions {
				if string(a) == w {
					r.actions |= 1 << i
					found = true
				}
			}
			if !found {
				p.errorf("unknown action %q; want failed, delayed, delivered, relayed or expanded", w)
			}
		case "blocklist":
			switch w {
			case "named":
				r.lists |= listNamed
			case "refused":
				r.lists |= listRefused
			default:
				p.errorf("blocklist: %q; want named or refused", w)
			}
		case "names":
			switch w {
			case "sender":
				r.names |= namesSender
			case "sender-domain":
				r.names |= namesSenderDomain
			case "ip":
				r.names |= namesIP
			case "other-host":
				r.names |= namesOtherHost
			default:
				p.errorf("names: %q; want sender, sender-domain, ip or other-host", w)
			}
		default:
			p.errorf("unknown condition %q; want provider, text, code, status, command, action, blocklist, names, match, yes or no", key)
			return
		}
	}
}

func alternatives(s string) []string {
	parts := strings.Split(s, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// quoted reads "a" | "b" and returns the literals folded, and in their other spellings as well.
// A backslash keeps a quote or a backslash.
func quoted(s string) ([]string, error) {
	var out []string
	for {
		if s == "" || s[0] != '"' {
			return nil, fmt.Errorf("want words in quotes, alternatives with |, at %q", s)
		}
		var b strings.Builder
		i := 1
		for ; i < len(s) && s[i] != '"'; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			b.WriteByte(s[i])
		}
		if i == len(s) {
			return nil, errors.New("the closing quote is missing")
		}
		literal := string(appendFolded(nil, b.String()))
		if len(literal) < 3 || len(strings.TrimSpace(literal)) < 2 {
			return nil, fmt.Errorf("%q is too short to mean anything; want three bytes at least", b.String())
		}
		for _, l := range spellings(literal) {
			if !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
		s = strings.TrimSpace(s[i+1:])
		if s == "" {
			return out, nil
		}
		if s[0] != '|' {
			return nil, fmt.Errorf("want | between alternatives, at %q", s)
		}
		s = strings.TrimSpace(s[1:])
	}
}

// check reports what is wrong with the rules read so far beyond their syntax.
func (p *parser) check() {
	names := make(map[string]string, len(p.rules))
	for _, r := range p.rules {
		fail := func(format string, args ...any) {
			p.errs = append(p.errs, fmt.Errorf("%s: rule %s: %w", r.where, r.name, fmt.Errorf(format, args...)))
		}
		if other, ok := names[r.name]; ok && r.name != "" {
			fail("the name is taken by the rule at %s", other)
		}
		names[r.name] = r.where
		yes := 0
		for _, e := range r.examples {
			if e.yes {
				yes++
			}
		}
		if yes == 0 {
			fail("no \"yes\" example; a rule shows at least one reply that it takes, with its source behind #")
		}
		if r.match != nil && len(r.literals) == 0 {
			fail("match needs a text line in front: a regular expression is tried only behind words that occur")
		}
		if r.names != 0 && len(r.literals) == 0 {
			fail("names needs a text line")
		}
		if r.noCode && len(r.literals) == 0 && r.actions == 0 {
			fail("code none needs a text or an action line")
		}
		if len(r.literals) == 0 && r.codes == nil && r.statuses == nil && r.lists == 0 && r.providers == nil && r.commands == 0 && r.actions == 0 {
			fail("no condition: it would take everything")
		}
	}
}
