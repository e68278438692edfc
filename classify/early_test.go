package classify

import (
	"testing"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// Before a recipient is named, no refusal condemns one, whatever its words.
func TestRefusedBeforeRecipients(t *testing.T) {
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	rep := &dsn.Report{Kind: dsn.DeliveryStatus}
	for command, hard := range map[string]bool{"EHLO": false, "HELO": false, "STARTTLS": false, "AUTH": false, "RCPT": true} {
		rcpt := &dsn.Recipient{Action: dsn.Failed, Reply: dsn.ParseReply([]byte("550 5.1.1 no such user here"))}
		rcpt.Reply.Command = command
		if v := c.Classify(rep, rcpt); (v.Class == Hard) != hard {
			t.Errorf("%s: %s %s by %s", command, v.Class, v.Category, v.Rule)
		}
	}
}
