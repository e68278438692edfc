package dsn

import (
	"slices"
	"strings"
)

// Companies and scanners put a notice below all that they send, reports too. It speaks of
// recipients, errors and viruses, and is no cause.
var (
	footerOpenings = []string{
		"this e-mail", "this email", "this message", "this electronic", "this communication", "this transmission", "the information", "the content",
		"confidential", "disclaimer", "privileged", "important notice", "legal notice", "if you are not the intended", "if you have received this",
		"no virus found", "virus-free", "scanned by", "please consider the environment",
		"diese e-mail", "diese nachricht", "der inhalt dieser", "die information", "vertraulich", "ce message", "ce courriel", "ce courrier", "les informations",
		"le informazioni", "questo messaggio", "questa e-mail", "este mensaje", "este correo", "este e-mail", "este email", "esta mensagem", "dit bericht", "deze e-mail", "de informatie",
	}
	footerWords = newWordSet("confidential", "privileged", "named addressee", "vertraulich", "confidentiel", "confidencial", "riservat", "vertrouwelijk")
	// Those that a report could use as well.
	weakFooterWords = newWordSet("intended for", "intended solely", "intended only", "the intended", "the environment",
		"been scanned", "been checked", "scanned by", "no virus found", "virus-free")
	// A refusal of what is confidential is none.
	noFooterWords = newWordSet("blocked", "rejected", "refused", "policy", "quarantin", "was not sent", "not be sent", "has been returned")
)

const (
	footerLength     = 4000 // how far from the end a notice begins at most
	footerParagraphs = 4    // and how many it has
)

// cutFooter cuts such a notice off the end of s. What stands in front of it stays: a notice
// alone is no footer.
func cutFooter(s string) string {
	cut, end := len(s), len(strings.TrimRight(s, "\n"))
	for range footerParagraphs {
		start := max(0, len(s)-footerLength)
		if start >= end {
			break
		}
		at := strings.LastIndex(s[start:end], "\n\n")
		if at < 0 {
			break
		}
		at += start
		p := strings.TrimLeft(s[at:end], " \n_-=*#")
		if isFooter(p) {
			cut = at + 1
		} else if strings.IndexByte(p, '@') >= 0 || looksLikeHeader(p) {
			break
		}
		end = len(strings.TrimRight(s[:at], "\n"))
	}
	return s[:cut]
}

func isFooter(p string) bool {
	if !slices.ContainsFunc(footerOpenings, func(o string) bool { return hasPrefixFold(p, o) }) {
		return false
	}
	low := lower(p)
	return !failurePhrases.in(low) && !noFooterWords.in(low) && (footerWords.in(low) || weakFooterWords.in(low) && strings.IndexByte(low, '@') < 0 && !noBannerWords.in(low))
}
