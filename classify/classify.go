// Package classify says why a recipient failed, and which rule said so.
//
// It judges reports and replies that package dsn has read, never MIME. The same
// report gives the same verdict, always: rules are an ordered list, the first match
// wins, and no map, clock or randomness takes part.
//
// The rules are data: classify/rules/*.rules, embedded, and the operator's own files. A rule
// names a category and the conditions under which it holds, and shows replies that it must
// win and leave alone; all of them are judged when rules load:
//
//	google/over-quota  mailbox_full
//		provider google
//		text "out of storage space" | "over quota"
//		code 452 | 55x
//		status x.2.2
//		yes @google 452 4.2.2 The recipient's inbox is out of storage space.  # support.google.com/a/answer/3726730
//		no  @google 552 5.2.3 Your message exceeded Google's message size limits. -> google/too-large
//
// docs/rules.md tells the rest. Class, fault and advice follow from the category by one table
// ([Categories], docs/categories.md). What a reply or status code means stands in a second
// one ([Codes], docs/codes.md), which also gives the rules of last resort.
//
// All literals of all rules are found in one pass over a reply, so that the number of rules does
// not matter.
package classify

//go:generate go run ./internal/gendocs

import "time"

// Category is the cause of a failure, in one word. The table in docs/categories.md
// gives class, fault and advice of each.
type Category string

// The categories.
const (
	UserUnknown         Category = "user_unknown"
	MailboxDisabled     Category = "mailbox_disabled"
	UserMoved           Category = "user_moved"
	AddressInvalid      Category = "address_invalid"
	DomainUnknown       Category = "domain_unknown"
	DomainRefusesMail   Category = "domain_refuses_mail"
	MailboxFull         Category = "mailbox_full"
	RecipientRestricted Category = "recipient_restricted"
	MessageTooLarge     Category = "message_too_large"
	Blocklisted         Category = "blocklisted"
	Reputation          Category = "reputation"
	AuthFailed          Category = "auth_failed"
	ReverseDNS          Category = "reverse_dns"
	SenderRejected      Category = "sender_rejected"
	RelayDenied         Category = "relay_denied"
	TLSRequired         Category = "tls_required"
	Spam                Category = "spam"
	Virus               Category = "virus"
	ContentRejected     Category = "content_rejected"
	Policy              Category = "policy"
	Greylisted          Category = "greylisted"
	RateLimited         Category = "rate_limited"
	ReceiverUnavailable Category = "receiver_unavailable"
	ReceiverError       Category = "receiver_error"
	ReceiverStorageFull Category = "receiver_storage_full"
	NetworkError        Category = "network_error"
	DNSError            Category = "dns_error"
	Expired             Category = "expired"
	RoutingLoop         Category = "routing_loop"
	ProtocolError       Category = "protocol_error"
	Suppressed          Category = "suppressed"
	Undetermined        Category = "undetermined"
)

// Permanence says whether trying again can help.
type Permanence string

// The values of Permanence.
const (
	Permanent         Permanence = "permanent"
	Temporary         Permanence = "temporary"
	UnknownPermanence Permanence = "unknown"
)

// Class is what a bounce says about the address: Hard, the address is bad; Soft, it may be
// fine, later; Block, it may be fine, but the sender, its reputation or the message was refused.
type Class string

// The classes.
const (
	Hard  Class = "hard"
	Soft  Class = "soft"
	Block Class = "block"
)

// Fault is whose problem it is.
type Fault string

// The faults.
const (
	FaultRecipient Fault = "recipient"
	FaultSender    Fault = "sender"
	FaultMessage   Fault = "message"
	FaultReceiver  Fault = "receiver"
	FaultNetwork   Fault = "network"
	FaultUnknown   Fault = "unknown"
)

// Advice is what to do now.
type Advice string

// The advices.
const (
	AdviceSuppress      Advice = "suppress"       // stop mailing this address
	AdviceUpdateAddress Advice = "update_address" // mail new_address instead
	AdviceRetryLater    Advice = "retry_later"    // the address is fine, try again later
	AdviceSlowDown      Advice = "slow_down"      // send slower to this receiver
	AdviceFixSender     Advice = "fix_sender"     // repair DNS, authentication, reputation, configuration
	AdviceFixMessage    Advice = "fix_message"    // change the message
	AdviceReview        Advice = "review"         // a person should look
	AdviceNone          Advice = "none"           // nothing to do
)

// Verdict is what a rule said about one recipient. Category and Class are empty where nothing
// failed: in complaints, automatic replies, challenges and dispositions, and of recipients that
// were delivered to, relayed or expanded. Rule is empty where no rule holds.
type Verdict struct {
	Category   Category
	Permanence Permanence
	Class      Class
	Fault      Fault
	Advice     Advice

	Rule, Where  string // "google/over-quota", and its file:line
	Field, Match string // where the rule looked, and the bytes that decided
	Provider     string // "google", "microsoft", ...; empty when unknown
	Blocklist    Blocklist
	RetryAfter   time.Duration // where the text names it
	Fingerprint  string        // the reply text with what varies blanked
}

// Blocklist is the list a reply names.
type Blocklist struct {
	Zone       string // "zen.spamhaus.org", or the list's name where it has no zone
	Listed     string // the IP, domain or URL that is listed, where the text says
	RemovalURL string // where to ask for removal
}
