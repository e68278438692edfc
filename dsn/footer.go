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
	// A notice says that the mail is secret, and of those it is for and those it is not for what they may do.
	secretWords = newWordSet("confidential", "privileged", "vertraulich", "confidentiel", "confidencial", "riservat", "vertrouwelijk")
	partyWords  = newWordSet("intended", "addressee", "recipient", "disclos", "notify", "individual", "entity", "legally", "may contain",
		"empfänger", "empfaenger", "adressat", "bestimmt", "absender", "unbefugt", "destin", "expéditeur", "dirigid", "remitente", "mittente", "remetente", "bestemd", "geadresseerde", "ontvanger", "afzender")
	// What a report could say as well, but for the words of trouble.
	weakFooterWords = newWordSet("intended solely", "intended only", "intended exclusively", "intended for the", "named addressee", "the environment", "been scanned", "been checked", "scanned by", "no virus found", "virus-free")
	// A refusal of what is secret or scanned is no notice.
	noFooterWords = newWordSet("blocked", "rejected", "refused", "denied", "policy", "quarantin", "was not sent", "not be sent", "has been returned", "discarded", "not encrypted",
		"not exist", "no such", "unknown", "no longer", "unavailable", "not available", "try again", "exceed", "too large", "too big", "size limit", "quota", "is full", "mailbox", "disabled", "inactive", "and contained", "was found", "were found", "was detected", "is infected", "was infected", "virus found",
		"existiert nicht", "unbekannt", "überschr", "zu groß", "postfach", "inconnu", "dépass", "n'existe", "no existe", "desconocid", "buzón", "non esiste", "sconosciut", "casella", "não existe", "desconhecid", "bestaat niet", "onbekend", "postvak")
	// These open nothing but a notice.
	onlyNotices = []string{"if you are not the intended", "please consider the environment", "no virus found", "virus-free"}
)

const (
	footerLength     = 4000 // how far from the end a notice begins at most
	footerParagraphs = 4    // and how many it has
)

// cutFooter cuts such a notice off the end of s. What stands in front of it stays: a notice
// alone is no footer.
func cutFooter(s string) string {
	cut, end := len(s), len(strings.TrimRight(s, "\n"))
	blanks, n := lastBlankLines(s[:end], len(s)-footerLength)
	for n--; n >= 0; n-- {
		at := blanks[n]
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

// lastBlankLines returns where the last blank lines of s[start:] are, and how many: of several that
// follow each other the last.
func lastBlankLines(s string, start int) (at [footerParagraphs]int, n int) {
	for i := max(0, start); i < len(s); {
		next := strings.Index(s[i:], "\n\n")
		if next < 0 {
			break
		}
		for i += next + 2; i < len(s) && s[i] == '\n'; i++ {
		}
		if n == len(at) {
			copy(at[:], at[1:])
			n--
		}
		at[n] = i - 2
		n++
	}
	return at, n
}

func isFooter(p string) bool {
	begins := func(o string) bool { return hasPrefixFold(p, o) }
	if !slices.ContainsFunc(footerOpenings, begins) {
		return false
	}
	low := phrased(p)
	if failurePhrases.in(low) || noFooterWords.in(strings.ReplaceAll(low, "no virus found", "")) {
		return false
	}
	return slices.ContainsFunc(onlyNotices, begins) || secretWords.in(low) && partyWords.in(low) || strings.Contains(low, "received this") && strings.Contains(low, "in error") ||
		weakFooterWords.in(low) && strings.IndexByte(low, '@') < 0 && !noBannerWords.in(low)
}
