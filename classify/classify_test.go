package classify

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// shared is the classifier of the embedded rules; every test reads it only.
var shared = sync.OnceValues(func() (*Classifier, error) { return New(Options{}) })

func classifier(t testing.TB) *Classifier {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// failed makes the report of one recipient to whom reply was given.
func failed(reply string) (*dsn.Report, *dsn.Recipient) {
	return &dsn.Report{Kind: dsn.DeliveryStatus}, &dsn.Recipient{
		Action:         dsn.Failed,
		DiagnosticCode: dsn.Typed{Type: "smtp", Value: reply},
		Reply:          dsn.ParseReply([]byte(reply)),
	}
}

func TestRules(t *testing.T) {
	c := classifier(t)
	all, practice := c.Examples()
	t.Logf("%d rules, %d literals; %d examples, %d of them rest on practice alone",
		len(c.rules), len(c.literals), all, practice)
}

func TestFinder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var literals []string
		known := map[string]bool{}
		for range 1 + rnd.IntN(40) {
			b := make([]byte, 3+rnd.IntN(5))
			for i := range b {
				b[i] = "abcd \xe4"[rnd.IntN(6)]
			}
			if !known[string(b)] {
				known[string(b)] = true
				literals = append(literals, string(b))
			}
		}
		c := &Classifier{finder: newFinder(literals, nil)}
		for _, l := range literals {
			c.literals = append(c.literals, literal{text: l})
		}
		for range 20 {
			b := make([]byte, rnd.IntN(60))
			for i := range b {
				b[i] = "abcd \xe4z"[rnd.IntN(7)]
			}
			s := c.scratch()
			s.hay = append([]byte{0}, b...)
			s.spans[fieldText] = [2]uint32{1, uint32(len(s.hay))}
			c.scan(s, fieldText)
			for id, l := range literals {
				want := strings.Index(string(b), l)
				got := -1
				for _, h := range s.hits {
					if h.literal == uint32(id) {
						got = int(h.end) - len(l) - 1
					}
				}
				if got != want || s.has(fieldText, uint32(id)) != (want >= 0) {
					t.Fatalf("%q in %q: found at %d, want %d (literals %q)", l, b, got, want, literals)
				}
			}
			c.release(s)
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"User  UNKNOWN\r\n\there":        "user unknown here",
		"БОЛЬШЕ Места\u00a0нет":          "больше места нет",
		"doesn\u2019t \u201cexist\u201d": `doesn't "exist"`,
		"bad \xff\xfe bytes":             "bad \xff\xfe bytes",
		"用户　不存在":                         "用户 不存在",
		"zero\u200bwidth":                "zerowidth",
	} {
		if got := string(appendFolded(nil, in)); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// inline makes a classifier of one file of rules alone.
func inline(text string) (*Classifier, error) {
	return newClassifier([]ruleFile{{name: "own.rules", text: text}})
}

func TestRuleErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no head", "\ttext \"abc\"\n", "own.rules:1: a condition before the first rule"},
		{"head", "a/b\n", "own.rules:1: \"a/b\" is no head of a rule"},
		{"category", "a/b nonsense\n", "own.rules:1: unknown category \"nonsense\""},
		{"condition", "a/b spam\n\tfoo bar\n", "own.rules:2: unknown condition \"foo\""},
		{"continued", "a/b spam\n\tcode 550\n\t| \"abc\"\n", "own.rules:3: a line that begins with | goes on"},
		{"quote", "a/b spam\n\ttext \"abc\n", "own.rules:2: text: the closing quote is missing"},
		{"short", "a/b spam\n\ttext \"ab\"\n", "own.rules:2: text: \"ab\" is too short"},
		{"code", "a/b spam\n\tcode 5x0\n", "own.rules:2: code: \"5x0\" is no list"},
		{"status", "a/b spam\n\tstatus 5.1\n", "own.rules:2: status: \"5.1\""},
		{"command", "a/b spam\n\tcommand FOO\n", "own.rules:2: unknown command \"FOO\""},
		{"provider", "a/b spam\n\tprovider nobody\n", "own.rules:2: unknown provider \"nobody\""},
		{"match alone", "a/b spam\n\tmatch abc\n\tyes 550 abc # practice\n", "own.rules:1: rule a/b: match needs a text line"},
		{"no example", "a/b spam\n\ttext \"abc\"\n", "own.rules:1: rule a/b: no \"yes\" example"},
		{"no source", "a/b spam\n\ttext \"abc\"\n\tyes 550 abc\n", "own.rules:3: yes: say behind \" # \""},
		{"no condition", "a/b spam\n\tyes 550 abc # practice\n", "own.rules:1: rule a/b: no condition"},
		{"name twice", "a/b spam\n\ttext \"abc\"\n\tyes 550 abc # practice\na/b virus\n\ttext \"def\"\n\tyes 550 def # practice\n", "own.rules:4: rule a/b: the name is taken by the rule at own.rules:1"},
		{"shadowed", "a/b spam\n\ttext \"abc\"\n\tyes 550 abc # practice\nc/d virus\n\ttext \"abcdef\"\n\tyes 550 abcdef # practice\n", "own.rules:6: rule c/d: yes: won by a/b at own.rules:1 (reply: \"abc\")"},
		{"nothing", "a/b spam\n\ttext \"abc\"\n\tyes 250 xyz # practice\n", "own.rules:3: rule a/b: yes: no rule takes it"},
		{"greedy", "a/b spam\n\ttext \"abc\"\n\tyes 550 abc # practice\n\tno 550 abcd\n", "own.rules:4: rule a/b: no: the rule takes it"},
		{"elsewhere", "a/b spam\n\ttext \"abc\"\n\tyes 550 abc # practice\n\tno 550 5.1.1 zzz -> a/c\n", "own.rules:4: rule a/b: no: won by status/x.1.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := inline(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	c, err := inline(`
t/and spam
	text "first words"
	   | "other words"
	text "second"
	yes 550 first words, then the second   # practice
	yes 550 the second, OTHER   words  # practice
	no  550 first words alone

t/code rate_limited
	provider google
	code 55x | 421 | 450-452
	command RCPT | DATA
	yes @google [RCPT] 553 something  # practice
	no  @google [MAIL] 553 something
	no  @google [RCPT] 454 something
	no  @yahoo [RCPT] 553 something

t/status policy
	status 5.7.x | x.9.9
	action failed
	yes 554 5.7.21 something  # practice
	yes {4.9.9} 554 something  # practice
	no (delayed) 454 5.7.1 something

t/match virus
	text "virus"
	match virus \S+-[0-9]+ found
	yes 550 Virus abc-77 found  # practice
	no 550 virus abc found

t/list blocklisted
	blocklist named
	yes 550 blocked using zen.spamhaus.org # practice
	no 550 blocked, Error: open resolver; https://www.spamhaus.org/returnc/pub/1.2.3.4 -> t/refused

t/refused receiver_error
	blocklist refused
	yes 550 blocked using zen.spamhaus.org, Error: open resolver; https://www.spamhaus.org/returnc/pub/1.2.3.4 # practice
`)
	if err != nil {
		t.Fatal(err)
	}
	v := c.Classify(failed("550 VIRUS x-1 found"))
	if v.Rule != "t/match" || v.Match != "virus x-1 found" || v.Field != "reply" || v.Where != "own.rules:26" {
		t.Errorf("got %+v", v)
	}
}

func TestFields(t *testing.T) {
	c, err := inline("a/one spam\n\ttext \"one word\"\n\tyes 550 one word # practice\na/two virus\n\ttext \"two words\"\n\tyes 550 two words # practice\n")
	if err != nil {
		t.Fatal(err)
	}
	rep := &dsn.Report{Kind: dsn.DeliveryStatus}
	v := c.Classify(rep, &dsn.Recipient{Reply: dsn.Reply{Code: 550, Text: "two words"}, DiagnosticCode: dsn.Typed{Value: "mx said: 550 two words (one word)"}})
	if v.Rule != "a/two" || v.Field != "reply" {
		t.Errorf("the reply comes first; got %+v", v)
	}
	v = c.Classify(rep, &dsn.Recipient{Reply: dsn.Reply{Code: 550, Text: "nothing"}, DiagnosticCode: dsn.Typed{Value: "mx said: 550 nothing (one word)"}, Text: "two words"})
	if v.Rule != "a/one" || v.Field != "diagnostic_code" {
		t.Errorf("then the diagnostic code; got %+v", v)
	}
	all := c.Explain(rep, &dsn.Recipient{Text: "two words and one word"})
	if len(all) < 2 || all[0].Rule != "a/one" || all[1].Rule != "a/two" || all[0].Field != "text" {
		t.Errorf("then the text; got %+v", all)
	}
}

func TestOwnRulesFirst(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.rules")
	if err := os.WriteFile(file, []byte("mine/any policy\n\ttext \"user unknown\"\n\tyes 550 user unknown # practice\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(Options{RuleFiles: []string{file}})
	if err == nil || !strings.Contains(err.Error(), "won by mine/any at "+file+":1") {
		t.Fatalf("a rule that shadows others is an error; got %v", err)
	}
	if err := os.WriteFile(file, []byte("mine/any policy\n\ttext \"our very own words\"\n\tyes 550 user unknown, our very own words # practice\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := New(Options{RuleFiles: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	if v := c.Classify(failed("550 5.1.1 user unknown, our very own words")); v.Rule != "mine/any" {
		t.Errorf("got %+v", v)
	}
}

func TestHardRule(t *testing.T) {
	c := classifier(t)
	for _, tt := range []struct {
		reply  string
		action dsn.Action
		want   Class
		advice Advice
	}{
		{"550 5.1.1 User unknown", dsn.Failed, Hard, AdviceSuppress},
		{"550 5.1.1 User unknown", dsn.None, Hard, AdviceSuppress},
		{"550 5.1.1 User unknown", dsn.Delayed, Soft, AdviceNone},
		{"450 4.1.1 User unknown", dsn.Failed, Hard, AdviceSuppress},
		{"550", dsn.Failed, Soft, AdviceReview},
		{"550 5.0.0 qwertz", dsn.Failed, Soft, AdviceReview},
		{"554 5.0.0 qwertz", dsn.Failed, Soft, AdviceReview},
		{"550 5.1.1 qwertz", dsn.Failed, Hard, AdviceSuppress},
		{"450 4.1.1 qwertz", dsn.Failed, Soft, AdviceRetryLater},
	} {
		rep, rcpt := failed(tt.reply)
		rcpt.Action = tt.action
		if v := c.Classify(rep, rcpt); v.Class != tt.want || v.Advice != tt.advice {
			t.Errorf("%s (%s): got %s, %s by %s; want %s, %s", tt.reply, tt.action, v.Class, v.Advice, v.Rule, tt.want, tt.advice)
		}
	}
}

// The reporting MTA's words alone condemn no address; those that repeat a telling code of the server take nothing from it.
func TestHardByTextAndCode(t *testing.T) {
	c := classifier(t)
	for reply, want := range map[string]Class{"550 5.1.1 qwertz": Hard, "550 5.7.1 qwertz": Soft, "550 qwertz": Soft, "450 4.1.1 qwertz": Soft} {
		rep, rcpt := failed(reply)
		rcpt.Text = "Your message wasn't delivered because the address couldn't be found, or is unable to receive mail."
		if v := c.Classify(rep, rcpt); v.Class != want || v.Category != UserUnknown {
			t.Errorf("%s: got %s, %s by %s; want %s", reply, v.Category, v.Class, v.Rule, want)
		}
	}
}

func TestNoCause(t *testing.T) {
	c := classifier(t)
	for _, tt := range []struct {
		rep  dsn.Report
		rcpt dsn.Recipient
		want Advice
	}{
		{dsn.Report{Kind: dsn.FeedbackReport}, dsn.Recipient{}, AdviceSuppress},
		{dsn.Report{Kind: dsn.FeedbackReport, Feedback: &dsn.Feedback{Type: "not-spam"}}, dsn.Recipient{}, AdviceNone},
		{dsn.Report{Kind: dsn.AutoReply}, dsn.Recipient{}, AdviceNone},
		{dsn.Report{Kind: dsn.DeliveryStatus}, dsn.Recipient{Action: dsn.Delivered}, AdviceNone},
	} {
		if v := c.Classify(&tt.rep, &tt.rcpt); v.Advice != tt.want || v.Category != "" || v.Class != "" {
			t.Errorf("%+v: got %+v", tt.rep, v)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	c := classifier(t)
	for reply, want := range map[string]time.Duration{
		"450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/example.org.html; try again in 00:04:58": 4*time.Minute + 58*time.Second,
		"451 Please try again in 5 minutes":                                        5 * time.Minute,
		"450 Greylisted for 300 seconds":                                           300 * time.Second,
		"451 4.7.1 Greylisting in action, please come back in 00:15:00":            15 * time.Minute,
		"451 retry timeout exceeded":                                               0,
		"450 too many messages, 100 per 60 minutes, try again later":               0,
		"421 try again later. Retried for 5 days":                                  0,
		"450 4.7.1 please wait 60s and retry":                                      time.Minute,
		"550 user unknown":                                                         0,
		"451 temporarily deferred, try again after 2 h":                            2 * time.Hour,
		"450 4.2.0 <a@example.org>: greylisted. try again in 999999 hours":         0,
		"421 Try again later, closing connection. (MAIL) a8-2002 s 5.3 - gsmtp":    0,
		"451 Greylisted, please try again in 180 seconds (http://x.example/12345)": 3 * time.Minute,
	} {
		if v := c.Classify(failed(reply)); v.RetryAfter != want {
			t.Errorf("%s: got %v, want %v", reply, v.RetryAfter, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	c := classifier(t)
	same := [][2]string{
		{"550 5.1.1 <a@example.org>: Recipient address rejected: User unknown", "550 5.1.1 <somebody.else@mail.example.com>: Recipient address rejected: User unknown"},
		{"550 Mail from 192.0.2.1 refused, see https://example.org/x?ip=192.0.2.1", "550 Mail from 2001:db8::7 refused, see https://example.org/x?ip=7"},
		{"554 queue id 4F2B31C0A7 rejected at 2024-01-02 10:00:01", "554 queue id 9A8B7C6D55 rejected at 2025-11-12 23:59:59"},
	}
	for _, p := range same {
		a, b := c.Classify(failed(p[0])), c.Classify(failed(p[1]))
		if a.Fingerprint != b.Fingerprint || a.Fingerprint == "" {
			t.Errorf("want equal:\n%q\n%q", a.Fingerprint, b.Fingerprint)
		}
	}
	long := c.Classify(failed("550 " + strings.Repeat("слово ", 100)))
	if len(long.Fingerprint) > maxFingerprint || strings.ContainsRune(long.Fingerprint, '\ufffd') {
		t.Errorf("got %d bytes: %q", len(long.Fingerprint), long.Fingerprint)
	}
	if v := c.Classify(failed("550 5.1.1")); v.Fingerprint != "550 5.1.1" {
		t.Errorf("without words the codes; got %q", v.Fingerprint)
	}
}

func TestProvider(t *testing.T) {
	c := classifier(t)
	for _, tt := range []struct{ mta, reply, recipient, want string }{
		{"gmail-smtp-in.l.google.com", "550 no", "", "google"},
		{"GMAIL-SMTP-IN.L.GOOGLE.COM.", "550 no", "", "google"},
		{"gmail-smtp-in.l.google.com (192.0.2.1, the server)", "550 no", "", "google"},
		{"notgoogle.com", "550 no", "", ""},
		{"mx.example.org", "550 5.1.1 gone h7-2002 - gsmtp", "", "google"},
		{"", "550 no", "x@gmail.com", "google"},
		{"", "550 no", "x@GMail.com.", "google"},
		{"[192.0.2.1]", "550 no", "x@example.org", ""},
		{"example-org.mail.protection.outlook.com", "550 no", "", "microsoft"},
		{"mta7.am0.yahoodns.net", "550 no", "x@example.org", "yahoo"},
	} {
		rep, rcpt := failed(tt.reply)
		rcpt.RemoteMTA.Value, rcpt.FinalRecipient.Value = tt.mta, tt.recipient
		if v := c.Classify(rep, rcpt); v.Provider != tt.want {
			t.Errorf("%+v: got %q", tt, v.Provider)
		}
	}
}

func TestBlocklist(t *testing.T) {
	c := classifier(t)
	for reply, want := range map[string]Blocklist{
		"554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.7":                                       {"zen.spamhaus.org", "192.0.2.7", "https://check.spamhaus.org/results/?query=192.0.2.7"},
		"554 Blocked by bl.spamcop.net, 127.0.0.2; see 2001:db8::1":                                                                                                                {"bl.spamcop.net", "2001:db8::1", "https://www.spamcop.net/w3m?action=checkblock&ip=2001:db8::1"},
		"554 5.7.1 Service unavailable; Sender address [a@shop.example] blocked using dbl.spamhaus.org; https://www.spamhaus.org/query/domain/shop.example":                        {"dbl.spamhaus.org", "shop.example", "https://check.spamhaus.org/results/?query=shop.example"},
		"550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).": {"Outlook.com / Hotmail block list (S3140, S3150)", "192.0.2.1", "https://olcsupport.office.com/"},
	} {
		if v := c.Classify(failed(reply)); v.Category != Blocklisted || v.Blocklist != want {
			t.Errorf("%s: got %s by %s, %+v", reply, v.Category, v.Rule, v.Blocklist)
		}
	}
	v := c.Classify(failed("554 5.7.1 blocked using zen.spamhaus.org; Error: open resolver; https://www.spamhaus.org/returnc/pub/192.0.2.53"))
	if v.Category != ReceiverError || v.Blocklist != (Blocklist{}) {
		t.Errorf("a refused query is no listing; got %+v", v)
	}
}

// TestDeterminism judges all examples a hundred times in random order by several goroutines.
func TestDeterminism(t *testing.T) {
	c := classifier(t)
	type job struct {
		e    *example
		want string
	}
	var jobs []job
	for _, r := range c.rules {
		for i := range r.examples {
			e := &r.examples[i]
			jobs = append(jobs, job{e, fmt.Sprintf("%+v", c.Classify(&e.report, &e.rcpt))})
		}
	}
	runs := 100
	if testing.Short() {
		runs = 5
	}
	var wg sync.WaitGroup
	for g := range 2 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(g), 1))
			for range runs / 2 {
				for _, i := range rnd.Perm(len(jobs)) {
					v := c.Classify(&jobs[i].e.report, &jobs[i].e.rcpt)
					if got := fmt.Sprintf("%+v", v); got != jobs[i].want {
						t.Errorf("got %s\nwant %s", got, jobs[i].want)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	fresh, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if got := fmt.Sprintf("%+v", fresh.Classify(&j.e.report, &j.e.rcpt)); got != j.want {
			t.Fatalf("a second classifier: got %s\nwant %s", got, j.want)
		}
	}
}

func TestIgnoreCase(t *testing.T) {
	for expr, want := range map[string]string{
		`user \S+ unknown\D`: `user \S+ unknown\D`,
		`User`:               `(?i)User`,
		`[\x41-z]`:           `(?i)[\x41-z]`,
		`\101`:               `(?i)\101`,
		`[[:upper:]]+`:       `(?i)[[:upper:]]+`,
		`\p{Lu}`:             `(?i)\p{Lu}`,
		`größe \x00`:         `größe \x00`,
		`GRÖSSE`:             `(?i)GRÖSSE`,
	} {
		if got := ignoreCase(expr); got != want {
			t.Errorf("%s: %s, want %s", expr, got, want)
		}
	}
}

func TestExplain(t *testing.T) {
	c := classifier(t)
	for _, r := range c.rules {
		for i := range r.examples {
			e := &r.examples[i]
			if first := c.Explain(&e.report, &e.rcpt)[0]; first != c.Classify(&e.report, &e.rcpt) {
				t.Fatalf("%s: explained %+v", r.where, first)
			}
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add("550 5.1.1 user unknown", "mx.example.org", "a@example.org", "")
	f.Add("450 greylisted, try again in 00:04:58", "", "", "\xff\x00 text")
	f.Fuzz(func(t *testing.T, reply, mta, recipient, text string) {
		c := classifier(t)
		rep, rcpt := failed(reply)
		rcpt.RemoteMTA.Value, rcpt.FinalRecipient.Value, rcpt.Text = mta, recipient, text
		v := c.Classify(rep, rcpt)
		if _, ok := infoOf(v.Category); !ok || v.RetryAfter < 0 || v.RetryAfter > maxRetry || len(v.Fingerprint) > maxFingerprint {
			t.Errorf("%+v", v)
		}
		if again := c.Explain(rep, rcpt)[0]; again != v {
			t.Errorf("explained %+v, judged %+v", again, v)
		}
	})
}

func TestTemporarilyDisabled(t *testing.T) {
	c := classifier(t)
	for reply, want := range map[string]Class{
		"550 5.2.1 account has been suspended":                      Hard,
		"550 5.2.1 account has been temporarily suspended":          Soft,
		"450 4.2.1 account has been suspended":                      Soft,
		"550 Le compte est temporairement suspendu":                 Soft,
		"550 Учетная запись временно заблокирована":                 Soft,
		"550 帐号已被暂时冻结":                                              Soft,
		"550 Konto jest tymczasowo zablokowane":                     Soft,
		"550 5.7.1 user temporary locked. Please try again later!":  Soft,
		"450 4.1.2 <a@example.org>: Domain not found":               Soft,
		"550 5.1.1 User unknown. Your access is temporarily logged": Hard,
	} {
		if v := c.Classify(failed(reply)); v.Class != want {
			t.Errorf("%s: got %s (%s, %s by %s), want %s", reply, v.Class, v.Category, v.Permanence, v.Rule, want)
		}
	}
}
