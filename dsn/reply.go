package dsn

import (
	"strings"
	"unicode/utf8"
)

// ParseReply reads one SMTP reply (RFC 5321 4.2) as logs and diagnostics hold it: several
// lines joined, codes doubled, enhanced status codes (RFC 2034) in brackets, behind "host
// X said:", or with "(in reply to RCPT TO command)" at its end. What is not there stays zero;
// any bytes are fine.
func ParseReply(text []byte) Reply { return parseReply(normalize(text)) }

func parseReply(s string) Reply {
	var r Reply
	s = trimSpace(s)
	s, r.Command = cutInReplyTo(s)
	if hasPrefixFold(s, "smtp;") {
		s = strings.TrimSpace(s[5:])
	}
	for i, at := range saidIn(s) {
		if at >= 0 && at < saidWithin {
			// What a verified sender's own server said (Postfix, reject_unverified_sender) is not the reply.
			said := s[at+len(saidMarks[i]):]
			if _, ok := replyCode(strings.TrimLeft(said, " ")); ok && !containsFold(s[:at], "sender address rejected") {
				s = strings.TrimSpace(said)
				break
			}
		}
	}
	at, end := findCode(s)
	if at < 0 {
		r.Status, _, _ = findStatus(s)
		r.Text = fold(s)
		return r
	}
	code := s[at : at+3]
	r.Code = atoi3(code)
	if strings.HasPrefix(s[end:], "-'") { // IronPort quotes the text: 550-'5.1.1 unknown' (delivery attempts: 0)
		if i := strings.LastIndexByte(s[end+2:], '\''); i > 0 {
			s = s[:end+2+i]
		}
	}
	r.Text, r.Status = joinReplyLines(s[:at], s[end:], code)
	return r
}

// saidMarks stand in front of what another server said.
var saidMarks = [...]string{" said: ", "refused to talk to me: ", "Remote host said: "}

// saidWithin is how far into a reason they are looked for.
const saidWithin = 400

// saidIn returns where the first of each of saidMarks stands in s, or -1. All end in a colon, which
// is rare.
func saidIn(s string) (at [len(saidMarks)]int) {
	s = s[:min(len(s), saidWithin+30)]
	for i := range at {
		at[i] = -1
	}
	for i := 0; ; i++ {
		n := strings.IndexByte(s[i:], ':')
		if n < 0 {
			return at
		}
		if i += n; i < 5 || i+1 == len(s) || s[i+1] != ' ' {
			continue
		}
		for k, mark := range saidMarks {
			if at[k] < 0 && strings.HasSuffix(s[:i+2], mark) {
				at[k] = i + 2 - len(mark)
			}
		}
	}
}

// cutInReplyTo takes Postfix's "(in reply to RCPT TO command)" off.
func cutInReplyTo(s string) (rest, command string) {
	for i := 0; ; i += len("(in") {
		n := strings.Index(s[i:], "(in")
		if n < 0 {
			return s, ""
		}
		i += n
		if rest := strings.TrimLeft(s[i+len("(in"):], " \t\n\r"); !strings.HasPrefix(rest, "reply") { // wrapped anywhere
			continue
		}
		inner := fold(s[i:min(len(s), i+200)])
		if !strings.HasPrefix(inner, "(in reply to ") {
			continue
		}
		inner, _, _ = strings.Cut(inner[len("(in reply to "):], ")")
		return strings.TrimSpace(s[:i]), commandName(inner)
	}
}

// replyCode reports whether s begins with a reply code of a failure or a success.
func replyCode(s string) (int, bool) {
	if len(s) < 3 || s[0] < '2' || s[0] > '5' || s[1] < '0' || s[1] > '7' || !isDigit(s[2]) {
		return 0, false
	}
	if len(s) > 3 {
		switch s[3] {
		case ' ', '-', '\n', '\t', '#', ':', ';', ',', '(', '\'', '"', ')', ']', '<', '[', '/':
		case '.':
			if len(s) > 4 && isDigit(s[4]) {
				return 0, false
			}
		default:
			return 0, false
		}
	}
	return atoi3(s), true
}

func atoi3(s string) int { return int(s[0]-'0')*100 + int(s[1]-'0')*10 + int(s[2]-'0') }

// findCode finds the reply code: at the start, else the first place where three digits can
// be nothing else. end is behind the code and its separator.
func findCode(s string) (at, end int) {
	lead := 0
	for lead < len(s) && strings.IndexByte(" \t\n'\"#<([", s[lead]) >= 0 {
		lead++
	}
	if code, ok := replyCode(s[lead:]); ok && (code >= 400 || len(s) > lead+3) {
		if code < 400 && len(s) > lead+3 && s[lead+3] == '-' { // a greeting that ends in a refusal: "220-mx 421 4.2.1 ..."
			if at, end := laterFailure(s[lead:]); at > 0 {
				return lead + at, lead + end
			}
		}
		return lead, lead + 3
	}
	for i := 1; i+3 <= len(s); i++ {
		c := s[i]
		if c != '4' && c != '5' {
			continue
		}
		if strings.IndexByte(" \t\n'\"#<([;:=>-", s[i-1]) < 0 && !endsWide(s[:i]) {
			continue
		}
		if code, ok := replyCode(s[i:]); !ok || code < 400 || !plausibleAfter(s[:i], s[i+3:]) {
			continue
		}
		return i, i + 3
	}
	return -1, -1
}

// endsWide reports whether s ends in a character of a script without blanks, or in its marks.
func endsWide(s string) bool {
	if s[len(s)-1] < utf8.RuneSelf {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(s)
	return isPunctuation(r) || isIdeographic(r)
}

// laterFailure finds a code of a failure with its enhanced status further on in s.
func laterFailure(s string) (at, end int) {
	for i := 4; i+9 <= len(s); i++ {
		if (s[i] == '4' || s[i] == '5') && (s[i-1] == ' ' || s[i-1] == '\n') {
			if _, ok := replyCode(s[i:]); ok && (s[i+3] == ' ' || s[i+3] == '-') {
				if st, _, ok := statusAt(s[i+4:]); ok && st.Class == s[i]-'0' {
					return i, i + 3
				}
			}
		}
	}
	return -1, -1
}

// plausibleAfter says whether what stands around three digits makes them a reply code and
// not a port, a size or a count.
func plausibleAfter(before, behind string) bool {
	if behind == "" {
		label := strings.TrimRight(before, " \t") // "Code:      550"
		return strings.HasSuffix(label, ":") || strings.HasSuffix(label, ";")
	}
	t := strings.TrimLeft(behind, " -#([<\t\n:;'")
	if t == "" {
		return behind[0] == '\n' || strings.HasSuffix(before, ": ")
	}
	if _, n, ok := statusAt(t); ok && n > 0 {
		return true
	}
	for _, w := range [...]string{"bytes", "byte", "hours", "hour", "ms", "days", "seconds", "second", "minutes", "kb", "mb", "messages", "mails ", "emails ", "e-mails ", "recipients", "times", "more", "of ", "exceeds", "files", "items", "errors", "warnings"} {
		if hasPrefixFold(t, w) {
			return false
		}
	}
	if strings.Trim(t, "\"'.,)]>") == "" && strings.IndexByte(behind, '"') >= 0 && !strings.HasSuffix(before, ": ") {
		return false // the end of a quoted subject
	}
	if behind[0] == '/' || behind[0] == ']' && strings.HasSuffix(before, "[") && len(behind) > 1 && behind[1] != ' ' {
		return false
	}
	for _, w := range [...]string{"port ", "error code ", "line ", "id ", "than ", "for ", "size ", "limit ", "queue ", "within ", "signal "} {
		if w != "error code " && strings.HasSuffix(before, w) {
			return false
		}
	}
	return true
}

// unglue takes the codes out with which OpenSMTPD joins the lines of a reply, without a blank.
// In brackets or behind # the code is part of the text.
func unglue(text, code string) string {
	if !strings.Contains(text, code) {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(text, code)
		if i < 0 {
			break
		}
		if i > 0 && strings.IndexByte("#([<'\"", text[i-1]) >= 0 {
			b.WriteString(text[:i+len(code)])
		} else {
			b.WriteString(text[:i])
			b.WriteByte(' ')
		}
		text = text[i+len(code):]
	}
	b.WriteString(text)
	return fold(b.String())
}

// joinReplyLines takes the codes off every line of a reply and joins the texts. before is
// what stands in front of the first code: the reporter's own words, of use only where the
// reply has none.
func joinReplyLines(before, s, code string) (string, Status) {
	var b strings.Builder
	var st Status
	text := "" // of one line, as most are
	for s != "" {
		var n int
		s = strings.TrimLeft(s, " \t\n-#:;,=')")
		if c, ok := replyCode(s); ok && s[:3] == code && c > 0 && len(s) > 3 { // a doubled code
			s = strings.TrimLeft(s[3:], " \t-#:;")
		}
		t := strings.TrimLeft(s, "([")
		if got, w, ok := statusAt(t); ok {
			if st.IsZero() {
				st = got
			}
			s = strings.TrimLeft(t[w:], ")] \t:;-,")
		}
		n = nextReplyLine(s, code)
		line := s
		if n >= 0 {
			line, s = s[:n], s[n+3:]
		} else {
			s = ""
		}
		if line = fold(line); s == "" && b.Len() == 0 {
			text = line
		} else if line != "" {
			if b.Len() > 0 && !strings.HasSuffix(b.String(), " ") {
				b.WriteByte(' ')
			}
			b.WriteString(line)
		}
	}
	if b.Len() > 0 {
		text = b.String()
	}
	text = strings.TrimRight(text, " '\"")
	if st.IsZero() {
		if st = statusOfClass(withoutQuote(text), code[0]-'0'); st.IsZero() {
			st, _, _ = findStatus(before)
		}
	}
	if !st.IsZero() {
		var buf [16]byte
		text = unglue(text, string(append(st.appendTo(buf[:0]), ' ')))
	}
	if len(text) < 4 { // the words stand in front of the code
		text = strings.TrimSpace(fold(strings.Trim(before, " \t\n'\"#<([;:-")) + " " + text)
	}
	return text, st
}

const calloutResponse = "Response: "

// withoutQuote cuts text where Exim quotes what the sender's own server answered to a callout:
// "Verification failed for <a> Called: 192.0.2.1 Sent: RCPT TO:<a> Response: 550 5.1.1 ...".
func withoutQuote(text string) string {
	called, response, ok := strings.Cut(text, calloutResponse)
	if _, code := replyCode(response); ok && code && strings.Contains(called, "Sent: ") {
		return called
	}
	return text
}

// statusOfClass finds the first enhanced status code of a class in s: a reply can quote another
// one, whose class differs.
func statusOfClass(s string, class uint8) Status {
	for {
		st, _, end := findStatus(s)
		if st.IsZero() || st.Class == class {
			return st
		}
		s = s[end:]
	}
}

// nextReplyLine finds where the next line of the same reply begins: the same code behind
// white space, followed by "-", or by a blank as the last line.
func nextReplyLine(s, code string) int {
	for i := 0; i+4 <= len(s); {
		n := strings.Index(s[i:], code)
		if n < 0 {
			return -1
		}
		n += i
		if n > 0 && (s[n-1] == ' ' || s[n-1] == '\n') && n+3 < len(s) && !strings.HasSuffix(s[:n], calloutResponse) {
			if s[n+3] == '-' {
				return n
			}
			if s[n+3] == ' ' || s[n-1] == '\n' {
				if _, _, ok := statusAt(s[n+4:]); ok || s[n-1] == '\n' {
					return n
				}
			}
		}
		i = n + 3
	}
	return -1
}

// statusAt reads an enhanced status code (RFC 3463 2) at the start of s and returns its
// length. Four dotted numbers are an address, not a status.
func statusAt(s string) (Status, int, bool) {
	if len(s) < 5 || s[0] != '2' && s[0] != '4' && s[0] != '5' || s[1] != '.' {
		return Status{}, 0, false
	}
	subject, n := number(s[2:])
	if n == 0 || 2+n >= len(s) || s[2+n] != '.' {
		return Status{}, 0, false
	}
	at := 3 + n
	detail, k := number(s[at:])
	if k == 0 {
		return Status{}, 0, false
	}
	at += k
	if at < len(s) {
		if s[at] == '.' && at+1 < len(s) && isDigit(s[at+1]) || isDigit(s[at]) || isAlpha(s[at]) {
			return Status{}, 0, false
		}
	}
	return Status{Class: s[0] - '0', Subject: subject, Detail: detail}, at, true
}

// number reads up to three digits.
func number(s string) (uint16, int) {
	n, v := 0, uint16(0)
	for n < len(s) && n < 3 && isDigit(s[n]) {
		v = v*10 + uint16(s[n]-'0')
		n++
	}
	return v, n
}

// findStatus finds the first enhanced status code in s.
func findStatus(s string) (st Status, at, end int) {
	for i := 1; i < len(s); i++ {
		n := strings.IndexByte(s[i:], '.')
		if n < 0 {
			break
		}
		i += n
		if i > 1 {
			if c := s[i-2]; isDigit(c) || isAlpha(c) || c == '.' || c == '-' && i > 2 && isAlpha(s[i-3]) || c == '/' || c == '@' {
				continue
			}
		}
		if st, n, ok := statusAt(s[i-1:]); ok {
			return st, i - 1, i - 1 + n
		}
	}
	return Status{}, -1, -1
}
