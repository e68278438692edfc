package dsn_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bouncepipe/bouncepipe/dsn"
)

// Read a bounce: who did not get the mail, and what the receiving server said.
func ExampleParser_Parse() {
	raw := strings.Join([]string{
		"From: MAILER-DAEMON@mx.example.net",
		"Subject: Undelivered Mail Returned to Sender",
		"Content-Type: multipart/report; report-type=delivery-status; boundary=x",
		"",
		"--x",
		"Content-Type: message/delivery-status",
		"",
		"Reporting-MTA: dns; mx.example.net",
		"",
		"Final-Recipient: rfc822; kim@example.org",
		"Action: failed",
		"Status: 5.1.1",
		"Remote-MTA: dns; in.example.org",
		"Diagnostic-Code: smtp; 550 5.1.1 <kim@example.org>: no such user",
		"",
		"--x--",
	}, "\r\n")

	var p dsn.Parser
	report, err := p.Parse([]byte(raw))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range report.Recipients {
		fmt.Println(r.FinalRecipient.Value, r.Action, r.Status, r.Reply.Code, r.Reply.Text)
	}
	// Output: kim@example.org failed 5.1.1 550 <kim@example.org>: no such user
}

// Ordinary mail is no report, and no error to log.
func ExampleParser_Parse_ordinaryMail() {
	var p dsn.Parser
	_, err := p.Parse([]byte("From: kim@example.org\nSubject: Lunch?\n\nAt noon?\n"))
	fmt.Println(errors.Is(err, dsn.ErrNotReport))
	// Output: true
}

// A reply as a mail log holds it.
func ExampleParseReply() {
	r := dsn.ParseReply([]byte("host mx.example.org[192.0.2.7] said: 450-4.7.1 Greylisted 450 4.7.1 try again in 5 minutes (in reply to RCPT TO command)"))
	fmt.Println(r.Code, r.Status, r.Command)
	fmt.Println(r.Text)
	// Output:
	// 450 4.7.1 RCPT
	// Greylisted try again in 5 minutes
}

// Read many mails, each done with before the next: no mail is copied.
func ExampleReader() {
	mails := [][]byte{
		[]byte("From: MAILER-DAEMON@example.net\nSubject: failure notice\n\nHi. This is the qmail-send program at example.net.\n\n<kim@example.org>:\n192.0.2.7 does not like recipient.\nRemote host said: 550 no such user\n"),
		[]byte("From: kim@example.org\nSubject: Lunch?\n\nAt noon?\n"),
	}
	var r dsn.Reader
	for _, raw := range mails {
		report, err := r.Read(raw)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(report.Recipients[0].FinalRecipient.Value, report.Recipients[0].Reply.Code)
	}
	// Output:
	// kim@example.org 550
	// not a report
}
