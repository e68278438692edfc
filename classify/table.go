package classify

import "github.com/bouncepipe/bouncepipe/dsn"

// CategoryInfo is a row of the table from which class, fault and advice of every verdict come.
type CategoryInfo struct {
	Category  Category
	Class     Class // Hard only where the hard rule holds; see docs/categories.md
	Fault     Fault
	Permanent Advice // of a bounce
	Temporary Advice // of a bounce that another try may heal; empty: as Permanent. A hard category that has one is soft then
	Passing   bool   // trying again can help whatever the code's class
	Says      string // in a few words
	Do        string // what to do now, in words
}

// categoryTable is in the order of the constants.
var categoryTable = [...]CategoryInfo{
	{UserUnknown, Hard, FaultRecipient, AdviceSuppress, "", false, "no such mailbox", "Stop mailing the address. Many of these at once mean an old or bought list, or a typing error in a form."},
	{MailboxDisabled, Hard, FaultRecipient, AdviceSuppress, AdviceRetryLater, false, "the mailbox exists and is closed: suspended, expired, inactive", "Stop mailing the address. Where the reply is temporary, wait: it may be reopened."},
	{UserMoved, Hard, FaultRecipient, AdviceSuppress, "", false, "the mailbox has moved", "Mail the new address if the report names one, else stop mailing the old."},
	{AddressInvalid, Hard, FaultRecipient, AdviceSuppress, "", false, "not an address: wrong syntax, or not allowed there", "Stop mailing the address, and check the form that took it."},
	{DomainUnknown, Hard, FaultRecipient, AdviceSuppress, AdviceRetryLater, false, "no such domain, or no mail host for it", "Stop mailing the address; often a typing error in the domain."},
	{DomainRefusesMail, Hard, FaultRecipient, AdviceSuppress, AdviceRetryLater, false, "the domain says that it takes no mail at all", "Stop mailing every address of the domain."},
	{MailboxFull, Soft, FaultRecipient, AdviceRetryLater, "", false, "the mailbox is over its quota", "Try again in a day or more. Full for weeks means abandoned."},
	{RecipientRestricted, Block, FaultRecipient, AdviceReview, "", false, "the recipient or group takes no mail from this sender", "The address is good. The recipient, or who runs the group, has to allow the sender."},
	{MessageTooLarge, Block, FaultMessage, AdviceFixMessage, "", false, "too large for the mailbox or the system", "Send less: links in place of attachments."},
	{Blocklisted, Block, FaultSender, AdviceFixSender, "", false, "the sending IP or domain, or a URL in the mail, is on a list", "Find out why, stop that, then ask for removal at the page the verdict names."},
	{Reputation, Block, FaultSender, AdviceFixSender, AdviceSlowDown, false, "refused or slowed for poor reputation or complaints; no list is named", "Send less and only to who engages; warm up new IPs; look at complaints."},
	{AuthFailed, Block, FaultSender, AdviceFixSender, "", false, "SPF, DKIM, DMARC or ARC did not pass", "Repair the sender's DNS or signature. Forwarders break SPF: sign with DKIM."},
	{ReverseDNS, Block, FaultSender, AdviceFixSender, "", false, "the sending IP has no or a wrong PTR record, or HELO a wrong name", "Give the IP a PTR record whose name points back to it, and use that name in HELO."},
	{SenderRejected, Block, FaultSender, AdviceFixSender, "", false, "the envelope or header sender was refused", "Use a sender address that exists and takes mail, in a domain with MX or A records."},
	{RelayDenied, Block, FaultSender, AdviceReview, "", false, "the server does not relay for this domain, or wants the session authenticated", "Ours: authenticate at the relay. Theirs: their MX points to a server that does not know the domain."},
	{TLSRequired, Block, FaultSender, AdviceFixSender, "", false, "an encrypted session is required, or it failed", "Enable STARTTLS for outgoing mail; look at certificates, MTA-STS and DANE."},
	{Spam, Block, FaultMessage, AdviceFixMessage, "", false, "the content was judged to be spam or phishing", "Look at content, links and who was mailed; the address is good."},
	{Virus, Block, FaultMessage, AdviceFixMessage, "", false, "malware or a malicious URL was found", "Check the sending system and the links before anything else is sent."},
	{ContentRejected, Block, FaultMessage, AdviceFixMessage, "", false, "the form of the message or a part in it is not allowed", "Repair headers, encoding or the attachment that the reply names."},
	{Policy, Block, FaultSender, AdviceReview, "", false, "refused by a policy that says no more", "Ask the postmaster of the receiving side, with the reply in full."},
	{Greylisted, Soft, FaultReceiver, AdviceRetryLater, "", true, "come back later: first contact", "Nothing, the queue tries again. From changing IPs it never ends: keep retries on one."},
	{RateLimited, Soft, FaultSender, AdviceSlowDown, "", true, "too fast: connections, messages or recipients", "Fewer connections, fewer messages a connection, slower."},
	{ReceiverUnavailable, Soft, FaultReceiver, AdviceRetryLater, "", true, "the server takes nothing now: overloaded, shutting down", "Nothing, the queue tries again."},
	{ReceiverError, Soft, FaultReceiver, AdviceRetryLater, "", false, "a local error or misconfiguration at the receiving side", "Try again later; if it stays, tell their postmaster."},
	{ReceiverStorageFull, Soft, FaultReceiver, AdviceRetryLater, "", true, "the system, not the mailbox, is full", "Try again later."},
	{NetworkError, Soft, FaultNetwork, AdviceRetryLater, "", true, "connection refused, timed out or lost", "Try again later; if it stays for one domain, look at its MX hosts."},
	{DNSError, Soft, FaultNetwork, AdviceRetryLater, "", true, "a DNS lookup failed for now", "Try again later; if it stays for many domains, look at our resolver."},
	{Expired, Soft, FaultNetwork, AdviceRetryLater, "", true, "given up after retries, and no better reason is known", "Send again later; the address proved nothing."},
	{RoutingLoop, Soft, FaultReceiver, AdviceReview, "", false, "too many hops, or the mail loops back to its sender", "Their forwarding or MX is misconfigured; if the looping host is ours, it is us."},
	{ProtocolError, Block, FaultSender, AdviceFixSender, "", false, "a command or its parameters were not understood", "Look at the session in the MTA's log: pipelining, 8-bit, SMTPUTF8, proxies that change SMTP."},
	{Suppressed, Block, FaultSender, AdviceReview, "", false, "a sending service withheld the mail for a list of its own", "Look up in the service why it is on its list; it proves nothing about the address now."},
	{Undetermined, Soft, FaultUnknown, AdviceReview, "", false, "nothing above fits", "Read the reply. Many of one fingerprint deserve a rule: docs/rules.md."},
}

// Categories returns the table of categories, in order.
func Categories() []CategoryInfo { return append([]CategoryInfo(nil), categoryTable[:]...) }

func infoOf(c Category) (*CategoryInfo, bool) {
	for i := range categoryTable {
		if categoryTable[i].Category == c {
			return &categoryTable[i], true
		}
	}
	return nil, false
}

// soonWords say in a refusal that it is temporary.
var soonWords = []string{
	"temporar", "try again later", "try later", "for the moment", "at this time",
	"vorübergehend", "voruebergehend", "vorubergehend", "zeitweilig", "temporai", "temporanea", "temporalmente", "provisoirement", "momentaném", "momentanea", "provvisoria", "tijdelijk", "tymczasow", "chwilow",
	"временно", "dočasn", "docasn", "geçici", "gecici", "暂时", "暫時", "临时", "一時的", "일시적", "tillfällig", "midlertidig", "väliaikais", "ideiglenes",
}

// evidence is what a category rests on.
type evidence uint8

const (
	words evidence = iota // of the refusing server, or of the reporting MTA where it refused itself
	code                  // a specific code of it
	weak                  // only what the reporting MTA made of a reply that nobody understands
)

func (s *scratch) evidence(r *rule, f field) evidence {
	switch {
	case r.onlyCodes():
		if s.derived && r.codes == nil {
			return weak
		}
		return code
	case f == fieldText && s.code != 0 && s.source[fieldReply] != "":
		return weak
	}
	return words
}

// judge fills in permanence, class, fault and advice: the one place that does.
func judge(v *Verdict, s *scratch, rcpt *dsn.Recipient, info *CategoryInfo, ev evidence) {
	v.Permanence = permanence(s, info, ev)
	v.Class, v.Fault, v.Advice = info.Class, info.Fault, info.Permanent
	temporary := v.Permanence == Temporary
	if temporary && info.Temporary != "" {
		v.Advice = info.Temporary
	}
	delayed := rcpt.Action != dsn.Failed && rcpt.Action != dsn.None && !rcpt.GaveUp
	if info.Class == Hard {
		switch {
		case delayed, temporary && (ev != words || info.Temporary != ""):
			v.Class, v.Advice = Soft, AdviceRetryLater
		case ev == weak, s.command&beforeRecipients != 0:
			v.Class, v.Advice = Soft, AdviceReview
		case v.Category == UserMoved && rcpt.NewAddress != "":
			v.Advice = AdviceUpdateAddress
		}
	}
	if delayed && (v.Advice == AdviceSuppress || v.Advice == AdviceRetryLater) {
		v.Advice = AdviceNone // the queue still tries
	}
}

// permanence says whether trying again can help. That a report says "failed" proves nothing:
// the sender's queue may just have given up. What the refusing server said decides: its reply
// code, the enhanced status code, its words; where they disagree, the milder.
func permanence(s *scratch, info *CategoryInfo, ev evidence) Permanence {
	switch {
	case info.Passing || s.action == actionBit(dsn.Delayed):
		return Temporary
	case s.code >= 400 && s.code < 500 || s.status.Class == 4:
		return Temporary
	case s.soon && info.Class == Hard && info.Temporary != "": // "550 mailbox temporarily disabled"
		return Temporary
	case s.code >= 500 || s.status.Class == 5:
		return Permanent
	case info.Class == Hard && ev == words:
		return Permanent
	}
	return UnknownPermanence
}
