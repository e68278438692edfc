package dsn

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Not all that prose says is a reason: it quotes the subject of the message, and guesses.

// quotes are the pairs that titles stand in.
var quotes = [...][2]string{{"\"", "\""}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"「", "」"}}

// mostQuotes is how many of them are looked at in a paragraph.
const mostQuotes = 20

// withoutTitle takes out what the sender wrote: quoted text behind "subject" or "your message",
// and lines such as "Subject: user unknown?".
func withoutTitle(s string) string {
	from := 0
	for range mostQuotes {
		start, end := quoted(s[from:])
		if start < 0 {
			break
		}
		start, end = start+from, end+from
		from = end
		before := strings.TrimRight(phrased(s[max(0, start-addressedWindow):start]), " :")
		if hasSuffixOf(before, titleWords) || hasSuffixOf(before, yourMessage) {
			s, from = s[:start]+s[end:], start
		}
	}
	if strings.IndexByte(s, ':') < 0 || !titleLabels.in(lower(s)) {
		return s
	}
	var b strings.Builder
	lines(s, func(line string) bool {
		label, _, ok := strings.Cut(line, ":")
		if !ok || !slices.Contains(titleWords, strings.Trim(lower(label), " \t*>-")) {
			b.WriteString(line)
			b.WriteByte('\n')
		}
		return true
	})
	return strings.TrimSpace(b.String())
}

// quoted finds the first text in quotes, with them; -1, 0 if there is none.
func quoted(s string) (start, end int) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c != '"' && c < utf8.RuneSelf {
			continue
		}
		for _, q := range quotes {
			if !strings.HasPrefix(s[i:], q[0]) {
				continue
			}
			at := i + len(q[0])
			n := strings.Index(s[at:], q[1])
			if n < 0 {
				return -1, 0
			}
			return i, at + n + len(q[1])
		}
	}
	return -1, 0
}

// withoutGuess cuts a reason where it begins to say what may be: "Possible causes are that the
// address does not exist".
func withoutGuess(reason string) string {
	if !guessWords.in(phrased(reason)) {
		return reason
	}
	rest, at := strings.ReplaceAll(reason, "\n", " "), 0
	for {
		end := len(rest)
		for _, stop := range [...]string{". ", "! ", "? ", "。", ": "} {
			if i := strings.Index(rest[:end], stop); i >= 0 {
				end = i + len(stop)
			}
		}
		if end == len(rest) || guessWords.in(phrased(" "+rest[:end])) {
			return strings.TrimSpace(reason[:at])
		}
		at, rest = at+end, rest[end:]
	}
}
