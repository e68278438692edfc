package dsn

import "strings"

// Exchange 4.0 to 5.5 (Internet Mail Service) and the form that Exchange 2000 and 2003 give a
// report for a mailbox of their own:
//
//	kim@example.org on Mon, 17 Jan 2000 16:49:22 -0500
//	    The recipient name is not recognized
//	        <mx.example.org #5.1.1 smtp;550 5.1.1 no such user>
//	    MSEXCH:IMS:Example:SITE:SRV1 3553 (000B09B6) 550 5.1.1 no such user
//
// The sentences are translated, the last line never is: the block around it is found by it.
func detectExchange55(m *mail) bool {
	if !m.opens(markExchange55) {
		return false
	}
	return !m.has(markHMailServer) // borrows the first sentence
}

var exchange55Separators = []string{"Original message headers:", "-----Original Message-----", "----- Original Message -----"}

func readExchange55(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), exchange55Separators...)
	m.setOriginal(r, original)
	to := ""
	for _, start := range [...]string{"did not reach the following recipient(s):", "The following recipient(s) could not be reached:", "The following recipients could not be reached:"} {
		if i := strings.Index(text, start); i >= 0 {
			to = exchangeTo(text[:i])
			text = text[i+len(start):]
			break
		}
	}
	fs := readExchangeBlocks(text, to)
	for i := range fs {
		if r.ReportingMTA.Value == "" && fs[i].host != "" {
			r.ReportingMTA = Typed{"dns", fs[i].host}
		}
		fs[i].host = "" // it wrote the report
	}
	return fs
}

// exchangeTo returns the one address of the line "To:" of the paragraph that names the
// original.
func exchangeTo(s string) (to string) {
	labels{"to:", "subject:", "sent:"}.read(s, func(label int, value string) {
		if label == 0 && strings.Count(value, "@") == 1 {
			to = addressIn(value)
		}
	})
	return to
}

// readExchangeBlocks reads "NAME on DATE" and the lines behind it up to the one with the code.
// A NAME without an address is the one recipient the original had.
func readExchangeBlocks(text, to string) []found {
	var fs []found
	var reason gathered
	done := func() {
		if n := len(fs); n > 0 {
			fs[n-1].text = reason.take()
		}
	}
	head := func(name string) {
		done()
		f := found{addr: exchangeAddress(name)}
		if f.addr == "" {
			f.addr = to
		}
		fs = append(fs, f)
	}
	paragraphs(text, func(p string) bool {
		if name, rest, ok := wrappedHead(p); ok {
			head(name)
			p = rest
		}
		lines(p, func(line string) bool {
			if name, ok := exchangeHead(line); ok {
				head(name)
			} else if len(fs) > 0 {
				reason.add("\n", strings.TrimSpace(line))
			}
			return true
		})
		return len(fs) < 10000
	})
	done()
	for i := range fs {
		exchangeReason(&fs[i])
	}
	return fs
}

// wrappedHead reads a head that was broken into two or three lines at the start of p.
func wrappedHead(p string) (name, rest string, ok bool) {
	first, rest := cutLine(p)
	if name, ok := exchangeHead(first); ok {
		return name, rest, true
	}
	for n := 0; n < 2 && rest != ""; n++ {
		var line string
		line, rest = cutLine(rest)
		if line == "" || line[0] == ' ' || line[0] == '\t' {
			break
		}
		first += " " + line
		if name, ok := exchangeHead(first); ok {
			return name, rest, true
		}
	}
	return "", "", false
}

// exchangeHead reads "NAME on DATE", in the languages whose word for "on" is known; an address
// alone or with a date will do as well.
func exchangeHead(line string) (name string, ok bool) {
	t := strings.TrimSpace(line)
	if strings.HasPrefix(t, "<") && strings.IndexByte(t, '#') > 0 || strings.HasPrefix(t, "MSEXCH:") {
		return "", false
	}
	for _, on := range [...]string{" on ", " am ", " le ", " el ", " il ", " op ", " den ", " em ", " at "} {
		i := strings.LastIndex(t, on)
		if i <= 0 {
			continue
		}
		date := t[i+len(on):]
		if strings.IndexByte(date, ':') > 0 && (!parseDate(date).IsZero() || digits(date) >= 6) {
			return t[:i], true
		}
	}
	word, rest, _ := strings.Cut(t, " ")
	return word, isAddress(cleanAddress(word)) && (rest == "" || digits(rest) >= 6 && len(rest) < 40 && strings.IndexByte(rest, ':') > 0)
}

func digits(s string) (n int) {
	for i := 0; i < len(s); i++ {
		if isDigit(s[i]) {
			n++
		}
	}
	return n
}

// exchangeAddress takes the address out of a display name or an X.400 one
// ("c=US;a= ;p=Example;dda:SMTP=kim(a)example.org;").
func exchangeAddress(name string) string {
	if i := indexFold(name, "dda:smtp="); i >= 0 {
		v, _, _ := strings.Cut(name[i+len("dda:smtp="):], ";")
		return cleanAddress(strings.Replace(v, "(a)", "@", 1))
	}
	return addressIn(strings.Trim(name, " '\""))
}

// exchangeReason takes host and reply out of the last line of a block.
func exchangeReason(f *found) {
	if i := strings.Index(f.text, "The MTS-ID of the original message is:"); i >= 0 {
		tail := f.text[i:]
		if j := strings.Index(tail, "\nMSEXCH:"); j >= 0 {
			f.text = f.text[:i] + tail[j+1:]
		} else {
			_, tail = cutLine(tail)
			f.text = f.text[:i] + tail
		}
	}
	f.text = strings.TrimSpace(f.text)
	if i := strings.Index(f.text, "MSEXCH:"); i >= 0 {
		// MSEXCH:IMS:ORG:SITE:SERVER 3553 (000B09B6) REPLY
		tail := f.text[i:]
		if _, reason, ok := strings.Cut(tail, ") "); ok || strings.Contains(tail, ")\n") {
			if !ok {
				_, reason, _ = strings.Cut(tail, ")\n")
			}
			if _, ok := replyCode(reason); ok {
				f.reply = reason
			}
		}
		return
	}
	f.host, f.reply, f.status = angleDiagnostic(f.text)
}

// isAngleDiagnostic reports whether a line begins with "<HOST #5.1.1".
func isAngleDiagnostic(t string) bool {
	i := strings.Index(t, " #")
	if i < 0 || !isHost(t[1:i]) {
		return false
	}
	_, _, ok := statusAt(t[i+2:])
	return ok
}

// angleDiagnostic reads "<HOST #5.1.1>" and "<HOST #5.5.0 smtp;554 text>", the diagnostic line
// of Exchange 2000 to 2007.
func angleDiagnostic(s string) (host, reply string, status Status) {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '<')
		if i < 0 {
			return "", "", Status{}
		}
		from += i + 1
		t := s[from:]
		end := strings.LastIndexByte(t, '>')
		hash := strings.IndexByte(t, '#')
		if end < 0 || hash < 0 || hash > end {
			return "", "", Status{}
		}
		host = strings.TrimSpace(t[:hash])
		rest := strings.TrimSpace(t[hash+1 : end])
		st, n, ok := statusAt(rest)
		if !ok || host != "" && !isHost(host) {
			continue
		}
		reply = strings.TrimSpace(rest[n:])
		if j := indexFold(reply, "smtp;"); j >= 0 {
			reply = strings.TrimSpace(reply[j+5:])
		}
		return host, reply, st
	}
}
