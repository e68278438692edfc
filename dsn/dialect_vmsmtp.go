package dsn

import "strings"

// IBM VM SMTP, whose reports have neither return path nor a sender that says what it is:
//
//	VM.EXAMPLE.EDU unable to deliver following mail to recipient(s):
//	    <kim@example.org>
//	VM.EXAMPLE.EDU received negative reply from host:
//	    MX.EXAMPLE.ORG
//	    550 <kim@example.org>... User unknown
//
//	           ** Text of Mail follows **
const vmOpening = " unable to deliver following mail to recipient(s):"

func detectVMSMTP(m *mail) bool {
	head := m.textHead()
	i := strings.Index(head, "(s):") // rarer than the phrase's first byte
	if i < 0 {
		return false
	}
	host, ok := strings.CutSuffix(head[:i+len("(s):")], vmOpening)
	return ok && isHost(strings.TrimSpace(host))
}

func readVMSMTP(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "** Text of Mail follows **", "** Text of Mail Follows **")
	m.setOriginal(r, original)
	host, rest, _ := strings.Cut(text, vmOpening)
	host = strings.TrimSpace(host)
	r.ReportingMTA = Typed{"dns", host}
	list, reason := rest, ""
	if i := strings.Index(rest, "\n"+host); i >= 0 {
		list, reason = rest[:i], rest[i+1:]
	}
	reply, _ := firstReply(reason)
	var fs []found
	lines(list, func(line string) bool {
		if a := cleanAddress(line); isAddress(a) {
			fs = append(fs, found{addr: a, text: fold(reason), reply: reply})
		}
		return len(fs) < proseRecipients
	})
	return fs
}
