package dsn

import (
	"slices"
	"strings"
)

// Companies put a warning above mail from outside, and Exchange Online a tip about senders it
// has seldom seen. They are no words of the report, speak of senders and attachments, and stand
// where the report's own opening is looked for.
var (
	bannerOpenings = []string{
		"caution", "external", "extern", "warning", "attention", "achtung", "vorsicht", "alert", "notice", "be careful", "exercise caution",
		"this email originated", "this email is from", "this email was sent from", "this email came from", "this e-mail originated", "this message originated",
		"this message is from", "this message was sent from", "this message came from", "you don't often get email", "you don\u2019t often get email", "some people who received this message",
		"diese e-mail", "diese nachricht", "courriel externe", "courrier externe", "message externe", "expéditeur externe", "correo externo", "email externo", "e-mail externo",
	}
	bannerWords   = newWordSet("outside", "extern", "außerhalb", "often get email")
	noBannerWords = newWordSet("deliver", "zustell", "zugestellt", "fail", "error", "reject", "refus", "bounce", "550", "remis", "entreg")
	// A warning speaks of this mail, its sender or what may be in there. A report says of outside
	// that no mail is taken from there, and whose mailbox is meant.
	cautionWords = newWordSet("often get email", "originat", "sent from", "came from", "comes from", "sender", "click", "links", "attachment", "suspicious", "be careful", "caution",
		"stammt", "absender", "anhänge", "anlagen", "expéditeur", "pièces jointes", "remitente", "adjuntos", "mittente", "allegati", "remetente", "anexos", "afzender", "bijlage")
	refusalWords = newWordSet("mailbox", "not allowed", "not permitted", "not accept", "only accept", "accepts only", "disabled", "inactive", "restricted", "not exist", " full", "quota", "on hold", "may not send", "may not write", "cannot send", "unavailable", "internal mail only", "internal only",
		"nicht erlaubt", "nimmt ", "nehmen ", "annehm", "postfach", "gesperrt", "n'accepte", "autorisé", "no acepta", "buzón", "non accetta", "casella", "não aceita", "accepteert")
)

const (
	bannerLength = 700 // of a warning at most
	labelLength  = 30  // and of one that is no sentence: "[EXTERNAL EMAIL]"
)

// cutBanner cuts the warnings off the head of s: a paragraph each, or a line where the report
// follows without a blank one.
func cutBanner(s string) string {
	for range 3 {
		n := bannerEnd(s)
		if n == 0 {
			break
		}
		s = strings.TrimLeft(s[n:], "\n")
		if line, rest := cutLine(s); strings.Trim(line, " _-=*") == "" {
			s = strings.TrimLeft(rest, "\n")
		}
	}
	return s
}

// bannerEnd returns where the warning at the head of s ends, 0 if there is none.
func bannerEnd(s string) int {
	t := strings.TrimLeft(firstBytes(s, 64), " \t*[({<-#!|>_=\u26a0\ufe0f")
	if !slices.ContainsFunc(bannerOpenings, func(o string) bool { return hasPrefixFold(t, o) }) {
		return 0
	}
	head := s[:min(len(s), bannerLength+2)]
	for _, end := range [...]string{"\n\n", "\n"} {
		if n := strings.Index(head, end); n > 0 && n <= bannerLength && isBanner(phrased(s[:n])) {
			return n
		}
	}
	return 0
}

// isBanner judges a paragraph, as [phrased] returns it.
func isBanner(low string) bool {
	addresses := strings.Count(low, "@")
	if strings.Contains(low, "often get email") {
		addresses-- // the sender of the report
	}
	return addresses <= 0 && bannerWords.in(low) && (len(low) <= labelLength || cautionWords.in(low)) && !noBannerWords.in(low) && !refusalWords.in(low)
}
