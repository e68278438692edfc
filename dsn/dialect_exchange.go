package dsn

import "strings"

// Exchange 2007 to 2019 and Microsoft 365. The sentences come in forty languages and in an
// administrator's own words; the block for administrators keeps its shape:
//
//	Generating server: exch1.example.net
//
//	kim@example.org
//	mx.example.org
//	Remote Server returned '550 5.1.1 unknown'
//
// The diagnostic line is also "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##" and
// "mx.example.org #<mx.example.org #5.1.1 smtp;550 unknown> #SMTP#".
func detectExchange(m *mail) bool {
	h := m.header
	ndr := hasField(h, "X-MS-Exchange-Message-Is-Ndr") || strings.Contains(h.Get("From"), "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e")
	if ndr && m.find(isStatusType) != nil || m.opens(markExchange) {
		return true
	}
	t := m.text()
	if ndr {
		return exchangeDiagnostic(t) >= 0 || longestReply(t) != ""
	}
	return strings.Contains(t, "Remote Server ") && (strings.Contains(t, "Remote Server returned '") || strings.Contains(t, "Remote Server at ") && strings.Contains(t, " returned '")) &&
		(m.find(isStatusType) != nil || m.signs() >= 1)
}

// hasField reports whether h has the field, empty as it may be.
func hasField(h Header, name string) bool {
	for i := range h {
		if h[i].is(name) {
			return true
		}
	}
	return false
}

func readExchange(m *mail, r *Report) []found {
	text := m.text()
	action := exchangeAction(m, text)
	if head, original := exchangeOriginal(text); original != "" {
		m.setOriginal(r, original)
		text = head
	}
	fs := exchangeDiagnostics(text)
	if len(fs) == 0 {
		fs = exchangeDetails(text)
	}
	if len(fs) == 0 && len(r.Recipients) == 0 {
		if reply := longestReply(text); reply != "" {
			fs = exchangePage(m, text, reply)
		} else {
			fs = exchangeNames(text)
		}
	}
	for i := range fs {
		fs[i].action = action
	}
	return fs
}

// exchangeAction tells a delay and a receipt from a failure. The subject says it where the
// sentence does not.
func exchangeAction(m *mail, text string) Action {
	subject := m.subject()
	head := text[:min(len(text), 1500)]
	switch {
	case strings.Contains(head, "Delivery is delayed to these recipients"), strings.Contains(head, "This message hasn't been delivered yet"), strings.HasPrefix(subject, "delivery delayed:"), strings.HasPrefix(subject, "delayed:"):
		return Delayed
	case strings.HasPrefix(subject, "relayed:"), strings.Contains(head, "but no delivery notification was sent by the destination server"):
		return Relayed
	case strings.HasPrefix(subject, "expanded:"):
		return Expanded
	case strings.HasPrefix(subject, "delivered:"), strings.Contains(head, "Your message has been delivered to the following recipients"):
		return Delivered
	}
	return None
}

// exchangeOriginal cuts the headers of the original off. Their title is translated, so the
// block itself is looked for, behind the diagnostics.
func exchangeOriginal(text string) (head, original string) {
	for _, title := range [...]string{"\nOriginal message headers:", "\nOriginal Message Headers"} {
		if i := strings.Index(text, title); i >= 0 {
			_, rest := cutLine(text[i+1:])
			return text[:i], strings.TrimLeft(rest, " \n")
		}
	}
	at := max(exchangeDiagnostic(text), 0)
	head, original = headerBlock(text[at:])
	return text[:at+len(head)], original
}

// exchangeDiagnostic returns where the first diagnostic line is, or -1.
func exchangeDiagnostic(text string) int {
	for at, s := 0, text; s != ""; {
		line, rest := cutLine(s)
		if _, ok := diagnosticStart(line); ok {
			return at
		}
		at += len(s) - len(rest)
		s = rest
	}
	return -1
}

// diagnosticStart finds in a line "#550 5.1.1 ", "#<", "returned '550 " and returns the offset
// of the reply.
func diagnosticStart(line string) (int, bool) {
	if i := strings.IndexByte(line, '#'); i >= 0 && (i == 0 || line[i-1] == ' ') {
		rest := line[i+1:]
		if code, ok := replyCode(rest); ok && code >= 400 {
			return i + 1, true
		}
		if strings.HasPrefix(rest, "<") && strings.IndexByte(rest, '#') > 0 {
			return i + 1, true
		}
	}
	for i := 0; ; {
		n := strings.IndexByte(line[i:], '\'')
		if n < 0 {
			return 0, false
		}
		i += n + 1
		if code, ok := replyCode(line[i:]); ok && code >= 400 && i > 1 && line[i-2] == ' ' {
			return i, true
		}
		if strings.HasSuffix(line[:i], "eturned '") {
			return i, true
		}
	}
}

// isHashDiagnostic reports whether a line is "#550 5.1.1 text", perhaps behind a host: what is
// left of a translated report for a machine to know it by.
func isHashDiagnostic(t string) bool {
	i := strings.IndexByte(t, '#')
	if i < 0 || i > 0 && (t[i-1] != ' ' || !isHost(t[:i-1])) {
		return false
	}
	code, ok := replyCode(t[i+1:])
	if !ok || code < 400 {
		return false
	}
	_, _, ok = statusAt(strings.TrimLeft(t[i+4:], " "))
	return ok
}

// exchangeDiagnostics reads the block for administrators: an address on a line of its own, up
// to two lines of hosts, the diagnostic, which may wrap.
func exchangeDiagnostics(text string) []found {
	var fs []found
	addr, host := "", ""
	for s := text; s != "" && len(fs) < 10000; {
		line, rest := cutLine(s)
		s = rest
		t := strings.TrimSpace(line)
		if t == "" {
			continue
		}
		if at, ok := diagnosticStart(t); ok {
			if addr == "" {
				if n := len(fs); n > 0 && strings.Contains(t, " - Remote Server ") { // the last error before it gave up
					t, s = joinDiagnostic(t, s, at)
					fs[n-1].text = addLine(fs[n-1].text, "; ", t)
				}
				continue
			}
			t, s = joinDiagnostic(t, s, at)
			f := found{addr: addr, host: host}
			exchangeDiagnosticLine(&f, t, at)
			fs = append(fs, f)
			addr, host = "", ""
			continue
		}
		switch a := cleanAddress(t); {
		case isAddress(a) && strings.IndexByte(t, ' ') < 0:
			addr, host = cutMailto(t), ""
		case isHost(t) && addr != "":
			host = t
		default:
			addr, host = "", ""
		}
	}
	return fs
}

// joinDiagnostic appends the lines on which a diagnostic goes on: up to its closing "##" or
// quote, or a blank line.
func joinDiagnostic(t, s string, at int) (string, string) {
	quoted := at > 0 && t[at-1] == '\''
	for s != "" && len(t) < maxReason {
		if quoted && len(t)-strings.LastIndexByte(t, '\'') < 40 && strings.LastIndexByte(t, '\'') > at || !quoted && strings.Contains(t[at:], "##") || strings.HasSuffix(t, "#SMTP#") {
			break
		}
		line, rest := cutLine(s)
		if isBlank(line) || looksLikeField(line) {
			break
		}
		t, s = t+" "+strings.TrimSpace(line), rest
	}
	return t, s
}

// looksLikeField tells a header field from the second half of a wrapped line.
func looksLikeField(line string) bool {
	name, value, ok := splitField(line)
	return ok && strings.HasPrefix(value, " ") && (strings.EqualFold(name, "Received") || strings.EqualFold(name, "From") || strings.EqualFold(name, "Return-Path"))
}

// exchangeDiagnosticLine takes host and reply out of a joined diagnostic line.
func exchangeDiagnosticLine(f *found, t string, at int) {
	if before := strings.TrimSpace(strings.TrimRight(t[:at], "#' ")); before != "" {
		if i := strings.Index(before, "Remote Server at "); i >= 0 {
			before, _, _ = strings.Cut(before[i+len("Remote Server at "):], " ")
		}
		if isHost(before) {
			f.host = before
		}
	}
	d := t[at:]
	if at > 0 && t[at-1] == '\'' {
		if i := strings.LastIndexByte(d, '\''); i > 0 && len(d)-i < 40 { // a verb can follow in other languages
			d = d[:i]
		}
	} else if strings.HasPrefix(d, "<") {
		var host string
		if host, d, f.status = angleDiagnostic(d); host != "" {
			f.host = host
		}
		if d == "" {
			d = f.status.String()
		}
	} else {
		d, _, _ = strings.Cut(d, "##")
	}
	f.text = strings.TrimSpace(d)
	f.reply = f.text
}

// isHost reports whether s is a host name with a dot, alone.
func isHost(s string) bool {
	if strings.IndexByte(s, '.') <= 0 || len(s) > 255 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isAlpha(c) && !isDigit(c) && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

// cutMailto takes the address off "kim@example.org<mailto:kim@example.org>".
func cutMailto(t string) string {
	if i := indexFold(t, "<mailto:"); i > 0 && isAddress(t[:i]) {
		return t[:i]
	}
	return cleanAddress(t)
}

// exchangeDetails reads the page of Microsoft 365: labels and values, on one line or two.
func exchangeDetails(text string) []found {
	var f found
	var addrs []string
	ask := ""
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		if t == "" {
			return true
		}
		label, value := ask, t
		ask = ""
		for _, l := range [...]string{"Recipient Address:", "Reported error:", "Error:", "Status code:", "Remote server:", "Message rejected by:"} {
			if v, ok := strings.CutPrefix(t, l); ok {
				if label, value = l, strings.TrimSpace(v); value == "" {
					ask, label = l, ""
				}
				break
			}
		}
		switch {
		case label == "Recipient Address:":
			addrs = nil
			for s := value; len(addrs) < 1000; {
				a := addressIn(s)
				if a == "" {
					break
				}
				addrs = append(addrs, a)
				s = after(s, a)
			}
		case label != "":
			exchangeDetail(&f, label, value)
		case len(addrs) == 0 && strings.HasPrefix(t, "Your message to "):
			if a := addressIn(t); a != "" {
				addrs = append(addrs, a)
			}
		}
		return true
	})
	if f.reply == "" && len(addrs) > 0 { // labels of two languages
		f.reply = longestReply(text)
		f.text = f.reply
	}
	var fs []found
	for _, a := range addrs {
		f.addr = a
		fs = append(fs, f)
	}
	return fs
}

// exchangePage reads the same page in another language: the longest reply in it, and the first
// address that is not the sender's.
func exchangePage(m *mail, text, reply string) (fs []found) {
	sender := headerAddresses(m.header, "To", 1)
	lines(text, func(line string) bool {
		if a := addressIn(line); a != "" && (len(sender) == 0 || !strings.EqualFold(a, sender[0])) {
			fs = []found{{addr: a, text: reply, reply: reply}}
		}
		return len(fs) == 0
	})
	return fs
}

// longestReply returns the longest "550 5.1.10 text" that ends a line, perhaps behind a label.
func longestReply(text string) (best string) {
	lines(text, func(line string) bool {
		at, _ := findCode(line)
		if at < 0 || len(line)-at <= len(best) || line[at] < '4' {
			return true
		}
		if _, _, ok := statusAt(strings.TrimLeft(line[at+3:], " ")); ok && (at == 0 || strings.HasSuffix(strings.TrimRight(line[:at], " \t"), ":")) {
			best = strings.TrimSpace(line[at:])
		}
		return true
	})
	return best
}

func exchangeDetail(f *found, label, value string) {
	switch label {
	case "Reported error:", "Error:":
		f.text, f.reply = value, value
	case "Status code:":
		if f.reply == "" {
			f.text, f.reply = value, value
		}
	case "Remote server:", "Message rejected by:":
		if isHost(value) {
			f.host = value
		}
	}
}

// exchangeNames reads the list below the opening: "NAME<mailto:addr>" or "NAME (addr)" and the
// sentence behind it.
func exchangeNames(text string) []found {
	var fs []found
	_, text = cutLine(text)
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		a := ""
		if i := indexFold(t, "<mailto:"); i >= 0 {
			a = addressIn(t[i:])
		} else if len(t) < 200 && (strings.HasSuffix(t, ")") || isAddress(t)) {
			a = addressIn(t)
		}
		switch {
		case strings.HasPrefix(t, "____"), strings.HasPrefix(t, "Diagnostic information"):
			return false
		case a != "":
			if n == 0 || !strings.EqualFold(fs[n-1].addr, a) {
				fs = append(fs, found{addr: a})
			}
		case n > 0 && t != "" && fs[n-1].text == "":
			fs[n-1].text = t
		}
		return n < 10000
	})
	return fs
}
