package sink

import "time"

// Event types.
const (
	TypeBounce      = "bounce"      // failed
	TypeDelay       = "delay"       // still being tried
	TypeDelivery    = "delivery"    // delivered, relayed, expanded
	TypeComplaint   = "complaint"   // feedback report, RFC 5965
	TypeAutoReply   = "auto_reply"  // RFC 3834
	TypeChallenge   = "challenge"   // challenge/response
	TypeDisposition = "disposition" // RFC 8098
	TypeQuarantined = "quarantined" // the message could not be read at all
)

// Event is what is published: one per recipient, or one per report where no recipient is
// known. Zero values mean unknown and are left out. Fields are only ever added.
type Event struct {
	ID     string    `json:"id"`     // 32 hex digits, see Identity
	Type   string    `json:"type"`   // TypeBounce, ...
	Time   time.Time `json:"time"`   // when it happened, UTC
	Source string    `json:"source"` // the message's URI

	Address         string `json:"address,omitempty"`   // what was mailed and what a list would hold
	Recipient       string `json:"recipient,omitempty"` // final recipient without its type
	RecipientDomain string `json:"recipient_domain,omitempty"`
	NewAddress      string `json:"new_address,omitempty"`
	Provider        string `json:"provider,omitempty"`

	Action         string `json:"action,omitempty"`
	Status         string `json:"status,omitempty"`
	ReplyCode      int    `json:"reply_code,omitempty"`
	ReplyStatus    string `json:"reply_status,omitempty"`
	SMTPCommand    string `json:"smtp_command,omitempty"`
	DiagnosticCode string `json:"diagnostic_code,omitempty"`
	DiagnosticType string `json:"diagnostic_type,omitempty"`

	ReportingMTA       string    `json:"reporting_mta,omitempty"`
	RemoteMTA          string    `json:"remote_mta,omitempty"`
	ReceivedFromMTA    string    `json:"received_from_mta,omitempty"`
	ArrivalDate        time.Time `json:"arrival_date,omitzero"`
	LastAttemptDate    time.Time `json:"last_attempt_date,omitzero"`
	WillRetryUntil     time.Time `json:"will_retry_until,omitzero"`
	FinalLogID         string    `json:"final_log_id,omitempty"`
	OriginalEnvelopeID string    `json:"original_envelope_id,omitempty"`

	Category    string     `json:"category,omitempty"`
	Class       string     `json:"class,omitempty"`
	Permanence  string     `json:"permanence,omitempty"`
	Fault       string     `json:"fault,omitempty"`
	Advice      string     `json:"advice,omitempty"`
	RetryAfterS int64      `json:"retry_after_s,omitempty"`
	Blocklist   *Blocklist `json:"blocklist,omitempty"`
	Rule        string     `json:"rule,omitempty"`
	Fingerprint string     `json:"fingerprint,omitempty"`

	SendingIP     string `json:"sending_ip,omitempty"`
	SendingDomain string `json:"sending_domain,omitempty"`
	Campaign      string `json:"campaign,omitempty"`
	OutOfBand     *bool  `json:"out_of_band,omitempty"` // nil where sender.mtas is not configured
	Verified      string `json:"verified,omitempty"`    // "yes", "no", or absent

	Original *Original `json:"original,omitempty"`
	Report   *Report   `json:"report,omitempty"`
	Feedback *Feedback `json:"feedback,omitempty"`
	Problems []Problem `json:"problems,omitempty"`
}

// Blocklist says which list refused and where to ask for removal.
type Blocklist struct {
	Zone       string `json:"zone,omitempty"`
	Listed     string `json:"listed,omitempty"` // IP, domain or URL
	RemovalURL string `json:"removal_url,omitempty"`
}

// Original is what the report returned of the message that was sent.
type Original struct {
	MessageID  string            `json:"message_id,omitempty"`
	From       string            `json:"from,omitempty"`
	To         string            `json:"to,omitempty"`
	Subject    string            `json:"subject,omitempty"`
	Date       time.Time         `json:"date,omitzero"`
	ReturnPath string            `json:"return_path,omitempty"`
	ListID     string            `json:"list_id,omitempty"`
	FeedbackID string            `json:"feedback_id,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"` // as configured, by lower-case name
}

// Report is the report itself.
type Report struct {
	Dialect   string    `json:"dialect,omitempty"`
	MessageID string    `json:"message_id,omitempty"`
	From      string    `json:"from,omitempty"`
	Date      time.Time `json:"date,omitzero"`
}

// Feedback is what an abuse report says (RFC 5965).
type Feedback struct {
	Type             string    `json:"type,omitempty"`
	UserAgent        string    `json:"user_agent,omitempty"`
	SourceIP         string    `json:"source_ip,omitempty"`
	OriginalMailFrom string    `json:"original_mail_from,omitempty"`
	OriginalRcptTo   []string  `json:"original_rcpt_to,omitempty"`
	ReportedDomain   []string  `json:"reported_domain,omitempty"`
	ReportedURI      []string  `json:"reported_uri,omitempty"`
	ReportingMTA     string    `json:"reporting_mta,omitempty"`
	ArrivalDate      time.Time `json:"arrival_date,omitzero"`
	AuthFailure      string    `json:"auth_failure,omitempty"` // RFC 6591
	Incidents        int       `json:"incidents,omitempty"`
}

// Problem is something that was odd about the message, and how it was read all the same.
type Problem struct {
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"`
}
