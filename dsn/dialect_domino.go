package dsn

import "strings"

// Domino and Notes: a list of recipients between two titles and the reasons behind the second.
//
//	was not delivered to:
//
//	  kim@example.org
//
//	because:
//
//	  User kim (kim@example.org) not listed in Domino Directory
//
// The titles are translated; the machine part marks itself by Diagnostic-Code: X-Notes.
func detectDomino(m *mail) bool {
	for i := range m.parts {
		if p := &m.parts[i]; !p.inside && isStatusType(p.value) {
			if containsFold(p.body, "diagnostic-code: x-notes") {
				return true
			}
			break
		}
	}
	if m.opens(markDomino) && (strings.Contains(m.text(), "because:") || hasPrefixFold(m.header.Get("Subject"), "delivery failure:")) {
		return true
	}
	return m.opens(markLotusGateway) && strings.Contains(m.text(), "------- Returned Message ")
}

func readDomino(m *mail, r *Report) []found {
	text := m.text()
	if m.has(markLotusGateway) {
		return readLotusGateway(m, r, text)
	}
	m.notesReplies(r)
	_, rest, ok := strings.Cut(text, "was not delivered to")
	if !ok {
		return dominoByIndent(text)
	}
	var fs []found
	for ok && len(fs) < 10000 {
		_, rest = cutLine(rest)
		var list, reason string
		list, rest, _ = strings.Cut(rest, "because:")
		reason = firstParagraph(rest)
		lines(list, func(line string) bool {
			if a := addressIn(line); a != "" {
				fs = append(fs, found{addr: a, text: reason})
			}
			return len(fs) < 10000
		})
		_, rest, ok = strings.Cut(rest, "\nwas not delivered to")
	}
	return fs
}

// firstParagraph returns the first paragraph of s: an administrator's own words follow.
func firstParagraph(s string) (first string) {
	paragraphs(s, func(p string) bool {
		first = fold(clip(p))
		return false
	})
	return first
}

// dominoByIndent reads a translated report: the first indented line that is an address alone,
// and the first indented paragraph behind it.
func dominoByIndent(text string) []found {
	var fs []found
	reason := ""
	paragraphs(text, func(p string) bool {
		if p[0] != ' ' && p[0] != '\t' {
			return true
		}
		t := strings.TrimSpace(p)
		if a := cleanAddress(t); isAddress(a) && !strings.ContainsAny(t, " \n") {
			fs = append(fs, found{addr: a})
		} else if len(fs) > 0 {
			reason = fold(clip(p))
			return false
		}
		return true
	})
	for i := range fs {
		fs[i].text = reason
	}
	return fs
}

// notesReplies takes the remote's reply out of X-Notes diagnostics ("Error transferring to
// HOST; SMTP Protocol Returned a Permanent Error 550 5.1.1 no such user").
func (m *mail) notesReplies(r *Report) {
	for i := range r.Recipients {
		c := &r.Recipients[i]
		if c.DiagnosticCode.Type != "x-notes" || c.Reply.Code != 0 {
			continue
		}
		for _, mark := range [...]string{" Permanent Error ", " Transient Error ", " Returned a Permanent Error: "} {
			if s := after(c.DiagnosticCode.Value, mark); s != "" {
				if _, ok := replyCode(s); ok {
					c.Reply = parseReply(s)
				}
				break
			}
		}
		if c.RemoteMTA.Value == "" {
			if host := between(c.DiagnosticCode.Value, "Error transferring to ", ";"); isHost(strings.ToLower(host)) {
				c.RemoteMTA = Typed{"dns", lower(host)}
			}
		}
	}
}

// readLotusGateway reads the SMTP gateway of Notes R4: reasons and addresses in turn between
// two frames.
func readLotusGateway(m *mail, r *Report, text string) []found {
	text, original := cutOriginal(text, "------- Returned Message ")
	m.setOriginal(r, original)
	_, text, _ = strings.Cut(text, "------- Failure Reasons ")
	_, text = cutLine(text)
	var fs []found
	reason := ""
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		a := cleanAddress(t)
		switch {
		case t == "":
		case isAddress(a) && strings.IndexByte(t, ' ') < 0:
			fs = append(fs, found{addr: a, text: reason})
		default:
			if len(fs) > 0 && fs[len(fs)-1].text == reason {
				reason = ""
			}
			reason = addLine(reason, " ", t)
		}
		return len(fs) < 10000
	})
	for i := range fs {
		if fs[i].text == "" {
			fs[i].text = reason
		}
	}
	return fs
}
