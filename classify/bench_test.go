package classify

import (
	"strings"
	"testing"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// replies are what the benchmarks judge: the examples of all rules.
func replies(c *Classifier) (reps []*dsn.Report, rcpts []*dsn.Recipient) {
	for _, r := range c.rules {
		for i := range r.examples {
			reps, rcpts = append(reps, &r.examples[i].report), append(rcpts, &r.examples[i].rcpt)
		}
	}
	return reps, rcpts
}

func BenchmarkClassify(b *testing.B) { benchmark(b, classifier(b)) }

// BenchmarkClassifyDoubled has twice the rules: the cost of a reply must stay.
func BenchmarkClassifyDoubled(b *testing.B) { benchmark(b, doubled(b)) }

func benchmark(b *testing.B, c *Classifier) {
	reps, rcpts := replies(classifier(b))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Classify(reps[i], rcpts[i])
		if i++; i == len(reps) {
			i = 0
		}
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		if _, err := New(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// doubled holds every rule a second time, in other words of the same length.
func doubled(t testing.TB) *Classifier {
	t.Helper()
	files, err := ownRules()
	if err != nil {
		t.Fatal(err)
	}
	c := &Classifier{providers: newProviders(), blocklists: readBlocklists()}
	p := parser{provider: c.providers.id}
	for _, f := range files {
		p.read(f)
	}
	n := len(p.rules)
	other := strings.NewReplacer("a", "o", "e", "i", "i", "u", "o", "a", "u", "e", "t", "n", "n", "r", "r", "t", "s", "l", "l", "s")
	for _, r := range p.rules[:n] {
		if len(r.literals) == 0 {
			continue
		}
		twin := *r
		twin.name += "-twin"
		twin.examples = nil
		twin.literals = nil
		for _, alternatives := range r.literals {
			var list []string
			for _, text := range alternatives {
				list = append(list, other.Replace(text))
			}
			twin.literals = append(twin.literals, list)
		}
		p.rules = append(p.rules, &twin)
	}
	c.rules = withCodes(p.rules)
	c.compile()
	return c
}
