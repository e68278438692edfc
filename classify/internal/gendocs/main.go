// Command gendocs writes docs/categories.md and docs/codes.md from the data that package
// classify judges by. Run it with go generate.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/bouncepipe/bouncepipe/classify"
)

// documents are the files and what they hold.
var documents = map[string]func() string{
	"categories.md": categories,
	"codes.md":      codes,
}

func main() {
	dir := filepath.Join("..", "docs") // go generate runs in classify/
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	for name, text := range documents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text()), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

const generated = "<!-- Made by go generate from the data in classify/; change it there. -->\n\n"

func categories() string {
	var b strings.Builder
	b.WriteString("# Categories\n\n" + generated +
		"Every failed recipient gets one category, the cause in one word. A rule names only the category; class, fault and advice\n" +
		"follow from the table.\n\n" +
		"- `hard`: the address is bad. `soft`: it may be fine, later. `block`: it may be fine; the sender, its reputation or the message\n" +
		"  was refused.\n" +
		"- The fault is whose problem it is; the advice what to do now. Where two are given, the second holds while the refusal is\n" +
		"  temporary.\n\n" +
		"| category | class | fault | advice | it says | what to do |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, c := range classify.Categories() {
		class, advice := string(c.Class), "`"+string(c.Permanent)+"`"
		if c.Class == classify.Hard && c.Temporary != "" {
			class = "hard when permanent, else soft"
		}
		if c.Temporary != "" {
			advice += ", `" + string(c.Temporary) + "`"
		}
		if c.Category == classify.UserMoved {
			advice = "`update_address` with a new address, else `suppress`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", c.Category, class, c.Fault, advice, c.Says, c.Do)
	}
	b.WriteString(`
## When an address is called hard

Suppressing a good address costs more than mailing a bad one once more. So ` + "`hard`" + ` needs all of these:

- The report says failed, or nothing: never delayed.
- A hard category, by words of the server that refused (or of the reporting server where it refused itself), or by a specific
  code of it, such as 550 5.1.1. A bare 550 or 554 is not enough.
- What the reporting server alone made of a reply that nobody understands is no proof: Sendmail, for one, turns every 550 to RCPT
  into 5.1.1 and "User unknown". Such a verdict keeps its category, and is soft, with the advice to review.
- ` + "`mailbox_disabled`, `domain_unknown` and `domain_refuses_mail`" + ` are hard only while permanent.

## Permanence

` + "`permanent`, `temporary` or `unknown`" + `: whether trying again can help. That a report says failed proves nothing, since the sender's queue
may just have given up. What the refusing server said decides: its reply code, its enhanced status code, and for closed
mailboxes and domains words such as "temporarily"; where they disagree, the milder holds. Greylisting, rate limits, network and DNS
trouble, an unavailable server or a full one, and an expired queue are temporary whatever the code. Without any code,
words that prove a bad address make it permanent; all else is unknown.

## Without a category

A delivery, a relay or an expansion that was reported has no category; nor has what is no delivery status notification:

| report | advice |
| --- | --- |
| complaint (` + "`abuse`, `opt-out`" + ` and what says no more) | ` + "`suppress`" + ` |
| feedback ` + "`not-spam`" + ` | ` + "`none`" + ` |
| feedback ` + "`auth-failure`, `dmarc`" + ` | ` + "`fix_sender`" + ` |
| feedback ` + "`fraud`, `virus`, `other`" + ` | ` + "`review`" + ` |
| automatic reply, disposition notification | ` + "`none`" + ` |
| challenge | ` + "`review`" + ` |
`)
	return b.String()
}

func codes() string {
	var b strings.Builder
	b.WriteString("# Reply codes and enhanced status codes\n\n" + generated +
		"What a code in a bounce or a log means, what else it is used for, whether it speaks against the address, what to do, and when to\n" +
		"try again. `bouncepipe codes 550 5.7.1` shows the same.\n\n" +
		"A *reply code* (550) has three digits: 2 done, 4 not now, 5 no. An *enhanced status code* (5.1.1) says more: its first\n" +
		"number is the class (2, 4, 5), shown as X below; the other two are the cause. Where both stand in a reply, believe the words first, then\n" +
		"the enhanced code, then the reply code.\n\n" +
		"*Verdict*: hard speaks against the address; soft may pass; block is about the sender or the message; depends: read the words.\n\n" +
		"## Reply codes\n")
	enhanced := false
	for _, c := range classify.Codes() {
		if !enhanced && strings.HasPrefix(c.Code, "X") {
			enhanced = true
			b.WriteString("\n## Enhanced status codes\n")
		}
		fmt.Fprintf(&b, "\n### %s %s\n\n%s\n\n", c.Code, c.Name, c.Meaning)
		if c.Misused != "" {
			fmt.Fprintf(&b, "Misused: %s\n\n", c.Misused)
		}
		fmt.Fprintf(&b, "- Verdict: %s\n- Do: %s\n", c.Verdict, c.Do)
		if c.Retry != "" {
			fmt.Fprintf(&b, "- Try again: %s\n", c.Retry)
		}
		if c.Category != "" {
			fmt.Fprintf(&b, "- Without words: %s\n", without(c.Category))
		}
		fmt.Fprintf(&b, "- Source: %s\n", c.Source)
	}
	return b.String()
}

// without tells the category that the code alone gives.
func without(category string) string {
	var parts []string
	for _, p := range strings.Fields(category) {
		if class, name, ok := strings.Cut(p, ":"); ok {
			parts = append(parts, "`"+name+"` behind "+class)
		} else {
			parts = append(parts, "`"+p+"`")
		}
	}
	return strings.Join(parts, ", ")
}
