package dsn

import "strings"

// Several servers (BIGLOBE, McAfee WebShield, OpenMail and Mail2000 relays) list addresses
// with the reason in brackets behind or below, under one title with more or fewer hyphens:
//
//	--- The following addresses had delivery problems ---
//	<kim@example.org>   (User unknown)
func detectProblems(m *mail) bool { return m.opens(markProblems) && problemsTitle(m.text()) >= 0 }

// problemsTitle returns where the line behind the title begins, or -1.
func problemsTitle(t string) int {
	for _, title := range [...]string{"The following addresses had delivery problems", "The following addresses had delivery errors"} {
		for from := 0; ; {
			i := strings.Index(t[from:], title)
			if i < 0 {
				break
			}
			i += from
			start := strings.LastIndexByte(t[:i], '\n') + 1
			line, rest := cutLine(t[i+len(title):])
			if strings.Trim(t[start:i], " \t-") == "" && strings.Trim(line, " \t-") == "" {
				return len(t) - len(rest)
			}
			from = i + len(title)
		}
	}
	return -1
}

func readProblems(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), append(sendmailSeparators, "----- Original message", "--- Original message")...)
	m.setOriginal(r, original)
	i := problemsTitle(text)
	if i < 0 {
		return nil
	}
	var fs []found
	rest := section(text[i:])
	lines(rest, func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		if t == "" {
			return true
		}
		word, reason := t, ""
		if j := strings.IndexAny(t, " \t("); j > 0 {
			word, reason = t[:j], strings.TrimSpace(t[j:])
		}
		a := cleanAddress(word)
		switch {
		case isAddress(a):
			if strings.Contains(a, "**@") { // BIGLOBE masks the local part
				a = unmasked(a, r.Original.Header)
			}
			fs = append(fs, found{addr: a, text: bracketed(reason)})
		case n > 0 && fs[n-1].text == "":
			fs[n-1].text = bracketed(t)
		}
		return n < 10000
	})
	why := ""
	if _, s, ok := strings.Cut(text, "Non-delivered information"); ok {
		why = fold(section(strings.TrimLeft(s, " -")))
	}
	for k := range fs {
		if why != "" {
			fs[k].text = addLine(fs[k].text, "\n", why)
		}
	}
	if j := titleLine(text, sendmailTranscript); j >= 0 {
		fs = sendmailVerdicts(section(text[j+len(sendmailTranscript):]), fs)
	}
	return fs
}

// bracketed takes one pair of brackets off.
func bracketed(s string) string {
	if n := len(s); n > 1 && (s[0] == '(' && s[n-1] == ')' || s[0] == '[' && s[n-1] == ']') {
		s = s[1 : n-1]
	}
	return strings.TrimSpace(s)
}

// unmasked returns the only address that the returned message was sent to, or "".
func unmasked(masked string, original Header) string {
	to := headerAddresses(original, "To", 100)
	for _, a := range to {
		if strings.HasSuffix(lower(a), lower(masked[strings.IndexByte(masked, '@'):])) {
			return a
		}
	}
	if len(to) == 1 {
		return to[0]
	}
	return ""
}
