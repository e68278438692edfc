package classify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// Code is what a reply code (RFC 5321 4.2) or an enhanced status code (RFC 3463 and the IANA
// registry) means, in words for a support desk.
type Code struct {
	Code     string // "550", or "X.1.1" where it may stand behind any class
	Name     string // as the standard calls it
	Meaning  string // what it says
	Misused  string // what else it is used for; empty: nothing of note
	Verdict  string // hard, soft, block, depends, or ok
	Do       string // what to do
	Retry    string // when to try again
	Source   string // the RFC
	Category string // of the rule of last resort; "4:dns_error 5:domain_unknown" where the class matters; empty: none

	line int
}

// Codes returns the reference: reply codes in order, then enhanced status codes.
func Codes() []Code {
	var out []Code
	line := 0
	for text := range strings.Lines(codesTSV) {
		line++
		for _, r := range rows(text, 9) {
			out = append(out, Code{r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], strings.Trim(r[8], "- "), line})
		}
	}
	return out
}

// LookupCode finds the rows for what a log or a bounce shows: "550", "5.7.1" or "550 5.7.1",
// a whole reply included. The more specific, the enhanced status code, comes first.
func LookupCode(s string) []Code {
	r := dsn.ParseReply([]byte(s))
	if r.Code == 0 {
		if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
			r.Code = n
		}
	}
	if st, ok := parseStatus(strings.ToLower(strings.TrimSpace(s))); ok && r.Status.IsZero() {
		r.Status = dsn.Status{Class: uint8(max(st.class, 5)), Subject: uint16(max(st.subject, 0)), Detail: uint16(max(st.detail, 0))}
	}
	var out []Code
	for _, c := range Codes() {
		if c.Code == strconv.Itoa(r.Code) || !r.Status.IsZero() && c.Code == "X"+r.Status.String()[1:] {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b Code) int { return len(b.Code) - len(a.Code) })
	return out
}

// withCodes adds the rules of last resort that the reference holds: enhanced status codes in
// front of the last rule files, reply codes at the very end.
func withCodes(rules []*rule) []*rule {
	var statuses, codes []*rule
	for _, c := range Codes() {
		for _, part := range strings.Fields(c.Category) {
			class, category, split := strings.Cut(part, ":")
			if !split {
				class, category = "x", part
			}
			r := &rule{category: Category(category), last: true, where: fmt.Sprintf("tables/codes.tsv:%d", c.line)}
			if code, err := strconv.Atoi(c.Code); err == nil {
				r.name = "code/" + c.Code
				r.codes = new(codeSet)
				r.codes.add(code)
				codes = append(codes, r)
				continue
			}
			r.name = "status/" + class + c.Code[1:]
			if class == "x" {
				class = "45" // a success says nothing about a failure
			}
			for _, digit := range class {
				st, _ := parseStatus(string(digit) + c.Code[1:])
				r.statuses = append(r.statuses, st)
			}
			statuses = append(statuses, r)
		}
	}
	at := slices.IndexFunc(rules, func(r *rule) bool { return r.last })
	if at < 0 {
		at = len(rules)
	}
	return append(slices.Insert(slices.Clone(rules), at, statuses...), codes...)
}
