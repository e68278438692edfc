package classify_test

import (
	"fmt"
	"log"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
)

func Example() {
	c, err := classify.New(classify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	rep := &dsn.Report{Kind: dsn.DeliveryStatus}
	rcpt := &dsn.Recipient{
		Action:    dsn.Failed,
		Reply:     dsn.ParseReply([]byte("452 4.2.2 The recipient's inbox is out of storage space.")),
		RemoteMTA: dsn.Typed{Type: "dns", Value: "gmail-smtp-in.l.google.com"},
	}
	v := c.Classify(rep, rcpt)
	fmt.Println(v.Category, v.Class, v.Fault, v.Advice)
	fmt.Println(v.Rule, v.Field, v.Match, v.Provider)
	// Output:
	// mailbox_full soft recipient retry_later
	// google/over-quota reply inbox is out of storage space google
}

func ExampleClassifier_Explain() {
	c, err := classify.New(classify.Options{})
	if err != nil {
		log.Fatal(err)
	}
	rcpt := &dsn.Recipient{Action: dsn.Failed, Reply: dsn.ParseReply([]byte("550 5.7.1 Relaying denied: user unknown"))}
	for _, v := range c.Explain(&dsn.Report{Kind: dsn.DeliveryStatus}, rcpt)[:2] {
		fmt.Println(v.Category, v.Rule)
	}
	// Output:
	// relay_denied en/relay
	// user_unknown en/user-unknown
}

func ExampleLookupCode() {
	for _, c := range classify.LookupCode("550 5.1.1") {
		fmt.Println(c.Code, c.Name, "-", c.Verdict)
	}
	// Output:
	// X.1.1 Bad destination mailbox address - hard
	// 550 Requested action not taken: mailbox unavailable (not found, no access, or refused for policy reasons) - depends
}
