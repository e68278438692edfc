package sink

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestShortenLeavesWhatFits(t *testing.T) {
	e := sample()
	size, _ := encodedSize(JSON{}, e)
	if err := Shorten(JSON{}, e, size); err != nil || !reflect.DeepEqual(e, sample()) {
		t.Errorf("%v, %+v", err, e)
	}
}

// TestShortenReachesEverything: whichever text is huge, the event fits and keeps what identifies it.
func TestShortenReachesEverything(t *testing.T) {
	huge := func(n int) string { return fmt.Sprintf("%d %s", n, strings.Repeat("ü\x00 ", 6_000)) }
	for _, limit := range []int{1_000_000, 100_000, 30_000} {
		e := full(huge)
		e.ID, e.Type, e.Source, e.Class, e.Category, e.Permanence, e.Fault, e.Advice, e.Verified = "x", TypeBounce, "file:///x", "hard", "user_unknown", "permanent", "recipient", "suppress", "yes"
		for i := range 2000 {
			e.Problems = append(e.Problems, Problem{Name: fmt.Sprint(i)})
			e.Feedback.ReportedURI = append(e.Feedback.ReportedURI, fmt.Sprint(i))
		}
		e.Problems[0].Name, e.Problems[1].Name = "a", "b"
		e.Address, e.Recipient = "jo@example.org", strings.Repeat("x", 2000)
		if err := Shorten(JSON{}, e, limit); err != nil {
			t.Errorf("%d: %v", limit, err)
			continue
		}
		b, _ := JSON{}.Append(nil, e)
		if len(b) > limit || len(b) < limit/20 {
			t.Errorf("%d: %d bytes", limit, len(b))
		}
		if e.ID != "x" || e.Address != "jo@example.org" || e.Recipient != "" || e.Problems[0].Name != ShortenedProblem || e.Problems[1].Name != "a" || !utf8.ValidString(e.DiagnosticCode) {
			t.Errorf("%d: %.500s", limit, b)
		}
	}
	e := full(huge)
	if err := Shorten(JSON{}, e, 100); !errors.Is(err, ErrTooLarge) {
		t.Errorf("100 bytes: %v", err)
	}
}

func TestCutText(t *testing.T) {
	for n := 1; n < 12; n++ {
		if s := cutText("aü日\U0001F600xyz", n); !utf8.ValidString(s) || len(s) > n || len(s) < n-3 {
			t.Errorf("%d: %q", n, s)
		}
	}
	if s := cutText("\x80\x80\x80\x80\x80\x80\x80\x80", 6); len(s) != 6 {
		t.Errorf("%q", s)
	}
}
