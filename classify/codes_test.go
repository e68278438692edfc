package classify

import (
	"fmt"
	"strings"
	"testing"
)

// TestCodesAreComplete checks the reference against RFC 5321 4.2.2 and the IANA registry of
// enhanced status codes.
func TestCodesAreComplete(t *testing.T) {
	known := map[string]Code{}
	previous := ""
	for _, c := range Codes() {
		if _, ok := known[c.Code]; ok {
			t.Errorf("%s is there twice", c.Code)
		}
		known[c.Code] = c
		if c.Name == "" || c.Meaning == "" || c.Do == "" || c.Source == "" {
			t.Errorf("%s: a cell is missing: %+v", c.Code, c)
		}
		switch c.Verdict {
		case "hard", "soft", "block", "depends", "ok":
		default:
			t.Errorf("%s: verdict %q", c.Code, c.Verdict)
		}
		for _, part := range strings.Fields(c.Category) {
			_, category, split := strings.Cut(part, ":")
			if !split {
				category = part
			}
			info, ok := infoOf(Category(category))
			if !ok {
				t.Errorf("%s: unknown category %q", c.Code, category)
			} else if info.Class == Hard && c.Verdict != "hard" && c.Verdict != "depends" {
				t.Errorf("%s: verdict %s, but category %s", c.Code, c.Verdict, category)
			}
		}
		if strings.HasPrefix(c.Code, "X") == strings.HasPrefix(previous, "X") && len(c.Code) == len(previous) && c.Code < previous {
			t.Errorf("%s stands behind %s", c.Code, previous)
		}
		previous = c.Code
	}
	for _, code := range strings.Fields("211 214 220 221 235 250 251 252 334 354 421 432 450 451 452 454 455 500 501 502 503 504 521 523 524 525 530 534 535 538 550 551 552 553 554 555 556") {
		if _, ok := known[code]; !ok {
			t.Errorf("%s is missing", code)
		}
	}
	for subject, last := range []int{0, 10, 4, 6, 7, 6, 10, 30} {
		for detail := 0; detail <= last; detail++ {
			if code := fmt.Sprintf("X.%d.%d", subject, detail); known[code].Code == "" {
				t.Errorf("%s is missing", code)
			}
		}
	}
	for _, code := range []string{"250", "251", "252", "421", "450", "451", "452", "455", "550", "551", "552", "553", "554", "555", "556"} {
		if c := known[code]; len(c.Meaning)+len(c.Misused)+len(c.Do) < 150 || c.Retry == "" {
			t.Errorf("%s is to be told in full", code)
		}
	}
}

func TestLookupCode(t *testing.T) {
	for in, want := range map[string]string{
		"550":                      "550",
		"5.7.1":                    "X.7.1",
		"x.7.1":                    "X.7.1",
		"4.7.28":                   "X.7.28",
		"421 4.7.28":               "X.7.28 421",
		"550 5.1.1 User unknown":   "X.1.1 550",
		"550-5.1.10 gone":          "X.1.10 550",
		"999":                      "",
		"nothing":                  "",
		"smtp; 452 4.2.2 too much": "X.2.2 452",
	} {
		var got []string
		for _, c := range LookupCode(in) {
			got = append(got, c.Code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestCategoriesAreComplete(t *testing.T) {
	for _, c := range Categories() {
		if c.Says == "" || c.Do == "" || c.Permanent == "" || c.Fault == "" || c.Class == "" {
			t.Errorf("%s: a cell is missing: %+v", c.Category, c)
		}
		if c.Class != Hard && (c.Permanent == AdviceSuppress || c.Temporary == AdviceSuppress) {
			t.Errorf("%s suppresses, and is not hard", c.Category)
		}
	}
}
