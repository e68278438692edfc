package dsn

import "strings"

// readChallenge reads the questions of challenge/response systems: the message is held until
// its sender proves to be human. It has not failed.
// asks says whether to read the text too: it costs more than most dialects, and comes last.
func (m *mail) readChallenge(r *Report, asks func(*mail) bool) bool {
	if !m.hasChallengeField() && !asks(m) {
		return false
	}
	r.Kind, r.Dialect = Challenge, "challenge"
	a := ""
	for _, name := range [...]string{"X-Original-Recipient", "X-Boxbe-Recipient"} {
		if a == "" {
			a = cleanAddress(m.header.Get(name))
		}
	}
	original := m.original()
	r.Original.Header = original
	if a == "" {
		if to := headerAddresses(original, "To", 2); len(to) == 1 {
			a = to[0]
		}
	}
	if a == "" && isChallenger(m.header.Get("From")) { // the system writes in the user's place
		a = addressIn(m.header.Get("Reply-To"))
	}
	if a == "" && containsFold(m.header.Get("From"), "antispam") {
		for _, c := range m.mentions(r, firstBytes(m.text(), 4000), nil) {
			a = c.addr
			break
		}
	}
	if a == "" {
		a = cleanAddress(m.header.Get("From"))
	}
	if isAddress(a) {
		r.Recipients = append(r.Recipients, Recipient{FinalRecipient: Typed{"rfc822", a}})
	}
	return true
}

var challengers = newWordSet("spamblocker-challenge@", "apd.sspam@", "spamhippo@", "@spamstomp.com", "@ipermitmail.com", "@spamguard.vanquish.com", "verify@0spam.com", "@boxbe.com", "@spamarrest.com")

// isChallenger knows the addresses that challenges are sent from.
func isChallenger(from string) bool {
	return challengers.inFold(from)
}

// hasChallengeField knows the systems by header fields that are theirs alone.
func (m *mail) hasChallengeField() bool {
	if !m.challengeDone {
		m.challengeDone, m.challengeField = true, m.findChallengeField()
	}
	return m.challengeField
}

func (m *mail) findChallengeField() bool {
	h := m.header
	var buf [40]byte
	for i := range h {
		switch string(lowerInto(buf[:0], h[i].Name)) {
		case "x-spamarrest-noauth", "x-bluebottle-request", "x-boxtrapper", "x-askversion", "spamlion", "x-spamazoid-md", "x-exispam", "x-choicemail-registration-request", "x-boxbe-c-r":
			return true
		case "message-id":
			if strings.Contains(h[i].Value, "-tmda-confirm>") {
				return true
			}
		case "return-path", "sender", "from":
			if isChallenger(h[i].Value) || strings.Contains(h[i].Value, "AntiSpam UOL") {
				return true
			}
		case "content-type":
			if strings.Contains(h[i].Value, "mUlTiPaRtBoUnDaRy_MailInBlack") {
				return true
			}
		}
	}
	subject := h.Get("Subject")
	return strings.Contains(subject, "[Qurb #") || containsFold(subject, "your email requires verification verify#")
}

// byField is for readChallenge: header fields alone decide.
func byField(*mail) bool { return false }

// byText is for readChallenge: subject and wording together decide.
func byText(m *mail) bool {
	subject := m.subject()
	n := 0
	for _, s := range [...]string{"verif", "confirm", "authoriz", "human", "action required", "waiting list", "whitelist", "approve", "confirma", "bestätig", "not delivered yet"} {
		if strings.Contains(subject, s) {
			n++
			break
		}
	}
	t := firstBytes(m.text(), 4000)
	for _, s := range challengePhrases {
		if strings.Contains(t, s) {
			n++
		}
	}
	return n >= 2
}

// challengePhrases are what the body asks. A first letter that can be a capital is left out:
// to fold the whole text would take longer than all else.
var challengePhrases = [...]string{
	"ot a spam source", "ou are a real live human", "eply to this message and leave the subject line intact", "rove that you are", "erify your address", "omplete this verification", "onfirm your message", "onfirm that you are a human", "o release your message",
	"our message is waiting", "'m protecting myself from receiving junk mail", "hallenge/response", "as not been delivered yet because", "lick the link below to be added",
	"dd your address to", "ender verification", "as not been verified", "erify that you are", "ous authentifier", "onfirmez votre", "ara confirmar o envio", "estätigen Sie Ihre Nachricht", "nsure delivery of your email", "ist of approved senders", "pproved senders list",
}
