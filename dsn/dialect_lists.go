package dsn

import "strings"

// List managers that refuse a post say so to its sender: the list is the recipient that was
// not reached. What waits for a moderator has not failed.
func detectMailman(m *mail) bool {
	if m.header.Get("X-Mailman-Version") == "" && !m.has(markMailman) || !isListRobot(m.header.Get("From")) {
		return false
	}
	subject := lower(withoutTags(m.header.Get("Subject")))
	return strings.HasPrefix(subject, "request to mailing list") && strings.Contains(subject, "rejected") || subject == "message rejected" ||
		subject == "uncaught bounce notification" || m.has(markMailman) && !strings.Contains(subject, "awaits moderator")
}

// isListRobot tells the list manager from its members, whose mail bears the same fields.
func isListRobot(from string) bool {
	a := lower(addressIn(from))
	for _, s := range [...]string{"-bounces@", "-owner@", "-request@", "-admin@", "fml-", "fml@", "mailman@", "mailman-", "listserv@", "sympa@"} {
		if strings.Contains(a, s) {
			return true
		}
	}
	return false
}

func readMailman(m *mail, r *Report) []found {
	subject := lower(m.header.Get("Subject"))
	if strings.Contains(subject, "uncaught bounce notification") {
		return nil // the bounce is attached: see descend
	}
	list := addressIn(m.header.Get("X-BeenThere"))
	if list == "" {
		list = addressIn(m.header.Get("List-Post"))
	}
	if list == "" {
		list = addressIn(m.header.Get("From"))
		for _, suffix := range [...]string{"-bounces@", "-owner@", "-request@"} {
			list = strings.Replace(list, suffix, "@", 1)
		}
	}
	if list == "" {
		return nil
	}
	text, _ := headerBlock(m.text())
	reason := fold(firstBytes(text, 2000))
	if i := strings.Index(text, "\n\""); i >= 0 { // the moderator's words
		if j := strings.Index(text[i+2:], "\"\n"); j >= 0 {
			reason = fold(text[i+2 : i+2+j])
		}
	}
	return []found{{addr: list, text: reason}}
}

// fml: "You a@example.net are not member (LIST ML)"; the list stands in the text.
func detectFML(m *mail) bool {
	if !hasPrefixFold(m.header.Get("X-MLServer"), "fml") && m.header.Get("X-ML-Name") == "" || !isListRobot(m.header.Get("From")) {
		return false
	}
	s := lower(m.header.Get("Subject"))
	return strings.Contains(s, "not member") || strings.Contains(s, "fml failed") || strings.Contains(s, "rejected") || m.has(markListManager)
}

func readFML(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "Original mail as follows")
	if original == "" {
		text, original = headerBlock(text)
	}
	m.setOriginal(r, strings.TrimLeft(original, "\n"))
	list := ""
	for _, mark := range [...]string{"mailing list <", "for the ML <", "the ML <", "List <", "ML <"} {
		if a := cleanAddress("<" + between(text, mark, ">") + ">"); isAddress(a) {
			list = a
			break
		}
	}
	if list == "" {
		a := addressIn(m.header.Get("From"))
		list = strings.Replace(strings.Replace(a, "-admin@", "@", 1), "fml-", "", 1)
	}
	if !isAddress(list) {
		return nil
	}
	reason := ""
	paragraphs(text, func(p string) bool {
		reason = fold(p)
		return strings.HasPrefix(reason, "Hi, I am the fml")
	})
	return []found{{addr: list, text: reason}}
}

// Sympa: "Your message for list 'LIST' (attached below) was rejected.", in the language of the
// list. Results of commands name none of these.
var sympaLists = []string{"message for list ", "message to list ", "message for the list ", "message pour la liste ", "nachricht für die liste ", "nachricht an die liste ", "mensaje para la lista ", "messaggio per la lista ", "mensagem para a lista ", "bericht voor lijst "}

func detectSympa(m *mail) bool {
	from := m.header.Get("From")
	return containsFold(from, "sympa") && isListRobot(from) && failurePhrases.in(phrased(m.textHead()))
}

func readSympa(m *mail, r *Report) []found {
	text, original := headerBlock(m.text())
	m.setOriginal(r, original)
	text = fold(text)
	for _, s := range sympaLists {
		i := indexFold(text, s)
		if i < 0 {
			continue
		}
		list, _, _ := strings.Cut(text[i+len(s):], " ")
		list = strings.Trim(list, "'\"<>«».,:")
		if !isAddress(list) {
			_, domain, _ := strings.Cut(addressIn(m.header.Get("From")), "@")
			list += "@" + domain
		}
		if isAddress(list) {
			return []found{{addr: list, text: firstBytes(text[i:], 1000)}}
		}
	}
	return nil
}

// LISTSERV: "Rejected posting to LIST@HOST".
func detectListserv(m *mail) bool {
	subject := withoutTags(m.header.Get("Subject"))
	return hasPrefixFold(subject, "rejected posting to ") && addressIn(subject) != "" && isListRobot(m.header.Get("From"))
}

func readListserv(m *mail, r *Report) []found {
	text, original := headerBlock(m.text())
	m.setOriginal(r, original)
	reason := ""
	paragraphs(text, func(p string) bool {
		reason = fold(p)
		return false
	})
	return []found{{addr: addressIn(m.header.Get("Subject")), text: reason}}
}

// Yahoo Groups and kin: "We are unable to deliver the message from <a> to <group>."
func detectGroupRefusal(m *mail) bool { return m.has(markListManager) && m.signs() >= 1 }

func readGroupRefusal(m *mail, r *Report) []found {
	t := fold(m.text())
	_, s, ok := strings.Cut(t, "unable to deliver the message from ")
	if !ok {
		return nil
	}
	a := cleanAddress("<" + between(s, " to <", ">") + ">")
	if !isAddress(a) {
		return nil
	}
	return []found{{addr: a, text: strings.TrimLeft(firstBytes(after(s, a), 1000), ">. ")}}
}
