package pipeline

import (
	"net/netip"
	"strings"

	"github.com/bouncepipe/bouncepipe/classify"
	"github.com/bouncepipe/bouncepipe/dsn"
)

// Sender is what is known of those who sent the original messages. It gives address,
// out_of_band, verified, sending_ip and sending_domain their meaning. The zero value knows
// nothing, and leaves out what it cannot tell.
type Sender struct {
	MTAs        []string       // names of our mail servers; "*.example.net" stands for all below example.net
	IPs         []netip.Prefix // that we send from
	Domains     []string       // that we send as
	VERP        []VERP         // forms of our envelope senders
	MessageIDs  []Form         // of our Message-IDs
	EnvelopeIDs []Form         // of our ENVIDs (RFC 3461 4.4)
	Headers     []string       // fields of the original to publish
	Campaigns   []string       // fields of the original that name the campaign, the first found is taken
}

// headers returns the configured fields of a returned message's header.
func (s *Sender) headers(h dsn.Header) map[string]string {
	var out map[string]string
	for _, name := range s.Headers {
		if v := h.Get(name); v != "" {
			if out == nil {
				out = make(map[string]string, len(s.Headers))
			}
			out[lower(name)] = text(v)
		}
	}
	return out
}

func (s *Sender) campaign(h dsn.Header) string {
	for _, name := range s.Campaigns {
		if v := h.Get(name); v != "" {
			return text(v)
		}
	}
	return ""
}

// outOfBand tells whether the receiver had accepted the message and bounced it later: the report
// was not written by one of our own servers, which report what they could not deliver. known is
// false where our servers are not configured, or nobody can tell who wrote the report.
func (s *Sender) outOfBand(rep *dsn.Report) (oob, known bool) {
	if len(s.MTAs) == 0 || rep.Kind != dsn.DeliveryStatus {
		return false, false
	}
	writer := rep.ReportingMTA.Value
	if writer == "" {
		from := rep.Header.Get("From")
		if _, after, ok := strings.Cut(from, "@"); ok {
			writer = after[:domainLen(after)]
		}
	}
	if writer == "" {
		return false, false
	}
	for _, m := range s.MTAs {
		if underDomain(writer, m) {
			return false, true
		}
	}
	return true, true
}

// prove returns the address that was mailed, as our envelope sender tells it, and whether the
// report is proven to be about a message of ours: "yes", "no", or "" where nothing is configured
// that could prove it. Where a VERP form has a tag, only a right tag proves.
func (s *Sender) prove(rep *dsn.Report) (mailed, verified string) {
	if len(s.VERP)+len(s.MessageIDs)+len(s.EnvelopeIDs) == 0 {
		return "", ""
	}
	tagged, proven := false, false
	for i := range s.VERP {
		v := &s.VERP[i]
		tagged = tagged || v.tagged()
		for a := range envelopeSenders(rep) {
			address, ok := v.match(a)
			if !ok {
				continue
			}
			if mailed == "" {
				mailed = address
			}
			proven = true
			break
		}
	}
	if proven {
		return mailed, "yes"
	}
	if !tagged {
		envid := rep.OriginalEnvelopeID
		if envid == "" && rep.Feedback != nil {
			envid = rep.Feedback.OriginalEnvelopeID
		}
		if matchAny(s.EnvelopeIDs, envid) || matchAny(s.MessageIDs, strings.Trim(rep.Original.Header.Get("Message-ID"), "<> ")) {
			return mailed, "yes"
		}
	}
	return mailed, "no"
}

// envelopeSenders yields the addresses that may be the original's envelope sender: the report
// was sent to it, and the returned message may hold it.
func envelopeSenders(rep *dsn.Report) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for i := range rep.Header {
			f := &rep.Header[i]
			if !isEnvelopeField(f.Name) {
				continue
			}
			for v := range strings.SplitSeq(f.Value, ",") {
				if !yield(bare(v)) {
					return
				}
			}
		}
		if v := rep.Original.Header.Get("Return-Path"); v != "" && !yield(bare(v)) {
			return
		}
		if rep.Feedback != nil && rep.Feedback.OriginalMailFrom != "" {
			yield(bare(rep.Feedback.OriginalMailFrom))
		}
	}
}

func isEnvelopeField(name string) bool {
	for _, n := range [...]string{"To", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To"} {
		if len(n) == len(name) && strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// bare takes an address out of its angle brackets.
func bare(s string) string {
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		s = s[i+1:]
		if j := strings.IndexByte(s, '>'); j >= 0 {
			s = s[:j]
		}
	}
	return strings.TrimSpace(s)
}

// owns reports whether address is in one of our domains.
func (s *Sender) owns(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	for _, d := range s.Domains {
		if strings.EqualFold(domain, d) {
			return true
		}
	}
	return false
}

// sendingDomain returns the domain that the original was sent as: its From, or its envelope
// sender where only that is one of ours.
func (s *Sender) sendingDomain(rep *dsn.Report) string {
	h := rep.Original.Header
	from := bare(h.Get("From"))
	if len(s.Domains) > 0 && !s.owns(from) {
		if r := bare(h.Get("Return-Path")); s.owns(r) {
			from = r
		} else if rep.Feedback != nil && s.owns(rep.Feedback.OriginalMailFrom) {
			from = rep.Feedback.OriginalMailFrom
		}
	}
	d := domainOf(from)
	if domainLen(d) != len(d) {
		return ""
	}
	return d
}

// sendingIP returns the address the original was sent from. Where our addresses are configured,
// it is one of them that the report names. Else it is the one that a feedback report or a block
// list names, or that the receiver noted in the original's topmost Received.
func (s *Sender) sendingIP(rep *dsn.Report, rcpt *dsn.Recipient, v classify.Verdict, oob *bool) string {
	received := rep.Original.Header.Get("Received")
	if len(s.IPs) > 0 {
		for _, t := range [...]string{feedbackIP(rep), v.Blocklist.Listed, rcpt.Reply.Text, rcpt.DiagnosticCode.Value, rcpt.Text, received} {
			if ip := findIP(t, s.ours); ip != "" {
				return ip
			}
		}
		return ""
	}
	if ip := findIP(feedbackIP(rep), public); ip != "" {
		return ip
	}
	if ip := findIP(v.Blocklist.Listed, public); ip != "" {
		return ip
	}
	if oob != nil && *oob {
		from, _, _ := strings.Cut(received, " by ")
		return findIP(from, public)
	}
	return ""
}

func (s *Sender) ours(ip netip.Addr) bool {
	for _, p := range s.IPs {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

func feedbackIP(rep *dsn.Report) string {
	if rep.Feedback == nil {
		return ""
	}
	return rep.Feedback.SourceIP
}

func public(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate()
}

// findIP returns the first IP address in s that is wanted, in its usual form.
func findIP(s string, wanted func(netip.Addr) bool) string {
	for i := 0; i < len(s); {
		if !isIPByte(s[i]) {
			i++
			continue
		}
		j, marks := i, 0
		for j < len(s) && isIPByte(s[j]) {
			if s[j] == '.' || s[j] == ':' {
				marks++
			}
			j++
		}
		word := strings.TrimRight(s[i:j], ".:")
		if marks >= 2 && len(word) <= 45 {
			if ip, err := netip.ParseAddr(word); err == nil && wanted(ip.Unmap()) {
				return ip.Unmap().String()
			}
		}
		i = j
		for i < len(s) && (isIPByte(s[i]) || isWordByte(s[i])) { // "1.2.3.4x" is no address
			i++
		}
	}
	return ""
}

func isIPByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == '.' || c == ':'
}

func isWordByte(c byte) bool { return 'g' <= c && c <= 'z' || 'G' <= c && c <= 'Z' || c == '_' }

// underDomain reports whether host is name, or below it where name is "*.name" or ".name".
func underDomain(host, name string) bool {
	host = strings.TrimSuffix(host, ".")
	if suffix, ok := strings.CutPrefix(name, "*"); ok || strings.HasPrefix(name, ".") {
		if !ok {
			suffix = name
		}
		return len(host) > len(suffix) && strings.EqualFold(host[len(host)-len(suffix):], suffix)
	}
	return strings.EqualFold(host, name)
}

// domainLen returns how much of s can be a domain.
func domainLen(s string) int {
	for i := range len(s) {
		if c := s[i]; c != '-' && c != '.' && c != '_' && c < 0x80 && !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return i
		}
	}
	return len(s)
}
