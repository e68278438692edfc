package dsn

import "strings"

// readChallenge reads the questions of challenge/response systems: the message is held until
// its sender proves to be human. It has not failed.
func (m *mail) readChallenge(r *Report) bool {
	if !m.isChallenge() {
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
	if a == "" {
		a = cleanAddress(m.header.Get("From"))
	}
	if isAddress(a) {
		r.Recipients = append(r.Recipients, Recipient{FinalRecipient: Typed{"rfc822", a}})
	}
	return true
}

// isChallenger knows the addresses that challenges are sent from.
func isChallenger(from string) bool {
	for _, s := range [...]string{"spamblocker-challenge@", "apd.sspam@", "spamhippo@", "@spamstomp.com", "@ipermitmail.com", "@spamguard.vanquish.com", "verify@0spam.com", "@boxbe.com", "@spamarrest.com"} {
		if containsFold(from, s) {
			return true
		}
	}
	return false
}

// isChallenge knows the systems by header fields that are theirs alone, else by subject and
// wording together.
func (m *mail) isChallenge() bool {
	h := m.header
	for i := range h {
		switch lower(h[i].Name) {
		case "x-spamarrest-noauth", "x-bluebottle-request", "x-boxtrapper", "x-askversion", "spamlion", "x-spamazoid-md", "x-exispam", "x-choicemail-registration-request", "x-boxbe-c-r":
			return true
		case "message-id":
			if strings.Contains(h[i].Value, "-tmda-confirm>") {
				return true
			}
		case "return-path", "sender", "from":
			if isChallenger(h[i].Value) {
				return true
			}
		case "content-type":
			if strings.Contains(h[i].Value, "mUlTiPaRtBoUnDaRy_MailInBlack") {
				return true
			}
		}
	}
	if m.find(isStatusType) != nil {
		return false
	}
	subject := lower(decodeWords(h.Get("Subject")))
	if strings.Contains(subject, "[qurb #") || strings.Contains(subject, "your email requires verification verify#") {
		return true
	}
	t := lower(firstBytes(m.text(), 4000))
	n := 0
	for _, s := range [...]string{"verif", "confirm", "authoriz", "human", "action required", "waiting list", "whitelist", "approve"} {
		if strings.Contains(subject, s) {
			n++
			break
		}
	}
	for _, s := range [...]string{"not a spam source", "you are a real live human", "reply to this message and leave the subject line intact", "prove that you are", "verify your address", "complete this verification", "confirm your message", "confirm that you are a human", "to release your message", "your message is waiting", "i'm protecting myself from receiving junk mail", "challenge/response", "has not been delivered yet because", "click the link below to be added"} {
		if strings.Contains(t, s) {
			n++
		}
	}
	return n >= 2
}
