package dsn

import (
	"strings"
	"testing"
)

// A company's warning above a report and its notice below are cut, what the report says in such words is not.
func TestCutBanner(t *testing.T) {
	const report = "Your message to kim@example.org could not be delivered."
	for _, banner := range []string{
		"CAUTION: This email originated from outside of the organization. Do not\nclick links unless you recognize the sender.",
		"[EXTERNAL EMAIL]",
		"** WARNING: This email was sent from outside the company **",
		"You don't often get email from lee@example.net. Learn why this is important",
		"Achtung: Diese E-Mail stammt von einem externen Absender.",
		"This Message Is From an External Sender\nThis message came from outside your organization.",
	} {
		for _, between := range []string{"\n\n", "\n\n______\n"} {
			if got := cutBanner(banner + between + report); got != report {
				t.Errorf("%q is left: %q", banner, got)
			}
		}
	}
	for _, reason := range []string{
		"External senders are not allowed to write to this group.",
		"Warning: the external mail server mx.example.org is down.",
		"Attention: the group takes no mail from outside the company.",
		"Notice: external mail is disabled for this mailbox.",
		"External mail to this mailbox is disabled (user inactive).",
		"Extern gesendete Nachrichten nimmt dieses Postfach nicht an.",
		"Alert: Messages from outside are on hold: mailbox full",
		"This message came from an external address and kim's mailbox takes internal mail only.",
		"This message was sent from outside and could not be delivered.",
	} {
		if s := reason + "\n\n" + report; cutBanner(s) != s {
			t.Errorf("%q is cut", reason)
		}
	}
}

func TestCutFooter(t *testing.T) {
	const report = "Your message to kim@example.org could not be delivered.\n"
	for _, footer := range []string{
		"This e-mail is confidential and intended solely for the addressee. If you have received it in error, please\nnotify postmaster@example.org.",
		"If you are not the intended recipient, any use of this message is prohibited.",
		"This email has been scanned by the Example.cloud service for viruses.",
		"No virus found in this message.",
		"Please consider the environment before printing this e-mail.",
		"Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, informieren Sie bitte den Absender.",
		"Ce message est confidentiel et destiné exclusivement à son destinataire.",
	} {
		if got := cutFooter(report + "\n" + footer + "\n"); got != report {
			t.Errorf("%q is left: %q", footer, got)
		}
	}
	for _, reason := range []string{
		"This message was rejected because the mailbox is full.",
		"This email could not be delivered: the intended recipient is over quota.",
		"Confidential documents may only be sent encrypted. This message was not encrypted.",
		"This message is intended for a user who does not exist.",
		"This message was intended for a user who has left the company.",
		"The content of the message is privileged; user unknown.",
		"This message has been scanned by the virus filter and contained Eicar-Test-Signature.",
		"This email address is confidential and no longer exists.",
		"This message contains confidential data (credit card numbers) and is not allowed by the settings.",
		"If you have received this message, the mailbox of the intended recipient is over quota.",
		"This message was too large for the intended recipient's mailbox.",
		"Scanned by ClamAV: virus found, message discarded.",
		"This message was classified as confidential and cannot leave the company.",
		"Vertrauliche Nachrichten: Empfänger unbekannt.",
		"Ce message a été identifié comme confidentiel et ne peut sortir de l'entreprise.",
		"The information store of the intended recipient is not available. Try again later.",
		"This message exceeds the size limit for the intended recipient.",
	} {
		if s := report + "\n" + reason + "\n"; cutFooter(s) != s {
			t.Errorf("%q is cut", reason)
		}
	}
	for _, s := range []string{"", "\n", "\n\n", strings.Repeat("\n", 9000), "No virus found", "\n\nNo virus found", strings.Repeat("x", 5000) + "\n\n"} {
		if got := cutFooter(cutBanner(s)); !strings.HasPrefix(s, got) {
			t.Errorf("%.20q: %.20q", s, got)
		}
	}
}

func TestWithoutGuess(t *testing.T) {
	for in, want := range map[string]string{
		"The mailbox is full.": "The mailbox is full.",
		"The mailbox is full. Possible causes are that\nthe user is unknown.": "The mailbox is full.",
		"Possible reasons: the user is unknown":                               "",
		"Full.\nMay be because the\nuser is unknown. Ask. Check if it is":     "Full.",
		"İleti reddedildi. Most likely the user is unknown":                   "İleti reddedildi.",
		"Boîte pleine. Si l’adresse n'existe plus, ne faites rien. Au revoir": "Boîte pleine.",
		"Postfach voll. Falls der Benutzer unbekannt ist":                     "Postfach voll.",
		"ドメインは存在します。宛先が不明の可能性があります":                                           "ドメインは存在します。",
	} {
		if got := withoutGuess(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
