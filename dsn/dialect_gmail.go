package dsn

import "strings"

// Gmail to 2016, and what is written like it:
//
//	Delivery to the following recipient failed permanently:
//
//	     kim@example.org
//
//	Technical details of permanent failure:
//	... The error that the other server returned was:
//	550 5.1.1 unknown (state 14).
func detectOldGmail(m *mail) bool {
	return m.opens(markGmail) && strings.Contains(m.text(), "Technical details")
}

var gmailSeparators = []string{"----- Original message -----", "----- Message header follows -----", "-----Original message-----"}

func readOldGmail(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), gmailSeparators...)
	m.setOriginal(r, original)
	head, detail, _ := strings.Cut(text, "Technical details")
	action := Failed
	if strings.Contains(head, "has been delayed") || strings.Contains(head, "THIS IS A WARNING MESSAGE ONLY") {
		action = Delayed
	}
	_, detail = cutLine(firstBytes(detail, proseBytes))
	if i := strings.Index(detail, "\n===="); i >= 0 {
		detail = detail[:i]
	}
	var fs []found
	lines(head, func(line string) bool {
		line = strings.Trim(line, " \t*")
		if a := cleanAddress(line); line != "" && strings.IndexByte(line, ' ') < 0 && isAddress(a) {
			fs = append(fs, found{addr: a, action: action})
		}
		return len(fs) < proseRecipients
	})
	for i := range fs {
		if fs[i].text = detail; len(fs) > 1 {
			fs[i].text = lineNaming(detail, fs[i].addr)
		}
		fs[i].text = fold(fs[i].text)
		gmailReason(&fs[i])
	}
	return fs
}

// lineNaming returns the line of s that names addr; where no line names anyone, all of s.
func lineNaming(s, addr string) (found string) {
	addr = lower(addr)
	lines(s, func(line string) bool {
		if containsFold(line, addr) {
			found = strings.TrimSpace(line)
		}
		return found == ""
	})
	if found == "" && addressIn(s) == "" {
		return fold(s)
	}
	return found
}

// gmailReason takes host, stage and reply out of the technical details. "(state 14)" is the
// stage of Google's client; only 14 is known for sure: RCPT.
func gmailReason(f *found) {
	for _, mark := range [...]string{"The error that the other server returned was:", "The error that we received was:", "The response from the remote server was:", "The response was:"} {
		if s := after(f.text, mark); s != "" {
			f.reply = strings.TrimSpace(s)
			break
		}
	}
	if i := strings.LastIndex(f.reply, " (state "); i >= 0 {
		if strings.HasPrefix(f.reply[i:], " (state 14)") {
			f.command = "RCPT"
		}
		f.reply = f.reply[:i]
	}
	if stage, rest, ok := strings.Cut(f.text, " host "); ok && strings.HasPrefix(stage, "SMTP:") { // "SMTP:RCPT host 192.0.2.8: 553 ..."
		f.command = stage[len("SMTP:"):]
		host, reply, _ := strings.Cut(rest, ": ")
		f.host, f.reply = hostName(host), reply
	}
	if s := after(f.text, " for the recipient domain "); s != "" {
		f.host = hostName(after(s, " by "))
	}
}

// Gmail since 2016 writes a machine part; its words are in the user's language. Google Groups
// and Workspace write without one: X-Failed-Recipients says whom.
func detectGmail(m *mail) bool {
	return containsFold(m.header.Get("From"), "mailer-daemon@google")
}

func detectGoogleGroups(m *mail) bool {
	return m.header.Get("X-Failed-Recipients") != "" && detectGmail(m) && m.find(isStatusType) == nil
}

func readGmail(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), gmailSeparators...)
	m.setOriginal(r, original)
	f := found{text: fold(firstBytes(text, 2000))}
	if strings.Contains(f.text, "** Delivery incomplete **") || strings.Contains(m.header.Get("Subject"), "(Delay)") {
		f.action = Delayed
	}
	gmailReason(&f)
	if f.reply != "" {
		if code, _ := findCode(f.reply); code < 0 && m.find(isStatusType) != nil {
			f.reply = "" // a client's own words: the machine part knows
		}
	}
	var fs []found
	for _, a := range headerAddresses(m.header, "X-Failed-Recipients", m.limits.Recipients) {
		f.addr = a
		fs = append(fs, f)
	}
	if len(fs) > 0 {
		return fs
	}
	for i := range r.Recipients { // "Address not found" stands in the text alone
		if a := r.Recipients[i].FinalRecipient.Value; len(r.Recipients) == 1 || a != "" && containsFold(f.text, lower(a)) {
			f.addr = a
			fs = append(fs, f)
		}
	}
	if m.find(isStatusType) == nil {
		for _, a := range m.candidates(r, text, 0) {
			f.addr = a
			fs = append(fs, f)
		}
	}
	return fs
}
