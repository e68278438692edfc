package dsn

import "strings"

// readGeneric is the last resort: a mail that has the signs of a bounce and words of failure,
// in no format that has a name. Subject and From alone never suffice.
func (m *mail) readGeneric(r *Report) bool {
	if m.isRobotNews() || m.signs() < 2 {
		return false
	}
	r.Original.Header = m.original()
	fs := m.genericRecipients(r)
	if len(fs) == 0 {
		*r = Report{Header: m.header}
		return false
	}
	r.Kind, r.Dialect = DeliveryStatus, "generic"
	m.merge(r, fs)
	return true
}

// signs counts what speaks for a bounce.
func (m *mail) signs() int {
	if !m.signsDone {
		m.signsDone, m.signCount = true, m.countSigns()
	}
	return m.signCount
}

func (m *mail) countSigns() int {
	n := 0
	h := m.header
	if rp := strings.TrimSpace(h.Get("Return-Path")); rp == "<>" || rp == "<MAILER-DAEMON>" {
		n++
	}
	from := lower(h.Get("From"))
	for _, s := range [...]string{"mailer-daemon", "postmaster", "mdaemon", "mail-daemon", "mailerdaemon", "postoffice", "double-bounce", "mail delivery", "maildelivery", "mail administrator", "system administrator", "mailer daemon", "<>", "internet mail delivery", "bounce"} {
		if strings.Contains(from, s) {
			n++
			break
		}
	}
	subject := lower(decodeWords(h.Get("Subject")))
	for _, s := range bounceSubjects {
		if strings.Contains(subject, s) {
			n++
			break
		}
	}
	if a := lower(h.Get("Auto-Submitted")); strings.HasPrefix(a, "auto-") {
		n++
	}
	if h.Get("X-Failed-Recipients") != "" {
		n += 2
	}
	if m.parts[0].value == "multipart/report" {
		n++
	}
	if strings.HasPrefix(subject, "re:") || strings.HasPrefix(subject, "fwd:") || strings.HasPrefix(subject, "fw:") {
		n -= 2
	}
	return n
}

var bounceSubjects = []string{
	"undeliver", "delivery status", "delivery fail", "delivery report", "delivery notif", "delivery error", "failure notice", "delivery problem", "returned mail", "returned to sender", "returning message", "mail failure",
	"mail system error", "non-delivery", "nondeliver", "not delivered", "could not be delivered", "could not send", "bounce", "failed mail", "delayed", "unable to deliver", "message status", "delivery has failed", "mail error", "rejected", "blocked", "failure delivery", "message failed", "cannot be delivered",
	"unzustellbar", "zustellung", "non remis", "échec de", "non distribu", "no se puede entregar", "no se pudo entregar", "sin entregar", "error de entrega", "mancato recapito", "mancata consegna", "non recapitabile", "não entregue", "não foi possível", "falha na entrega", "onbestelbaar", "niet bezorgd",
	"niedostarcz", "nie można dostarczyć", "недостав", "не доставлено", "не удается доставить", "配信不能", "配信エラー", "送信エラー", "退信", "未送达", "無法傳遞", "배달되지",
}

// failureWords are phrases of the body that say that something was not delivered.
var failureWords = []string{
	"could not be delivered", "was not delivered", "wasn't delivered", "not been delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "could not deliver", "unable to deliver", "undeliverable", "delivery fail", "failed to deliver", "delivery to", "delivery has failed", "permanent error", "permanent failure", "fatal error", "not reach",
	"could not be reached", "not found", "does not exist", "doesn't exist", "user unknown", "unknown user", "no such user", "no such", "mailbox unavailable", "mailbox full", "mailbox is full", "over quota", "rejected", "returned to sender", "blocked", "invalid recipient", "invalid address", "unknown", "bounced", "undelivered", "disabled", "not a valid", "not listed", "not be sent",
	"nicht zugestellt", "konnte nicht", "unzustellbar", "unbekannt", "fehler", "voll", "pas pu être", "n'a pas", "échec", "inconnu", "boîte pleine", "no se pudo", "no se ha podido", "no pudo ser", "no existe", "desconocido", "non è stato", "non è possibile", "impossibile", "sconosciuto", "inesistente",
	"não foi", "não pôde", "não existe", "desconhecido", "niet bezorgd", "niet worden", "onbekend", "nie mogła", "nie można", "nie został", "nieznany", "не может быть", "не доставлено", "не удалось", "не существует", "неизвестн",
	"配信", "送信でき", "届け", "存在しません", "見つかり", "宛先", "退信", "失败", "失敗", "不存在", "无法", "無法", "未能",
}

// genericRecipients finds recipients and reasons in prose.
func (m *mail) genericRecipients(r *Report) []found {
	text := m.text()
	text, original := cutOriginal(text, genericSeparators...)
	if original == "" {
		text, original = headerBlock(text)
	}
	if looksLikeHeader(stripEnvelope(strings.TrimLeft(original, " >\n"))) || original != "" {
		m.setOriginal(r, original)
	}
	low := lower(text)
	fails := false
	for _, w := range failureWords {
		if strings.Contains(low, w) {
			fails = true
			break
		}
	}
	reply, line := firstReply(text)
	if !fails && reply == "" {
		return nil
	}
	action := Failed
	if isDelayText(low) {
		action = Delayed
	}
	addrs := m.candidates(r, text)
	var fs []found
	for _, a := range addrs {
		f := found{addr: a, action: action}
		f.text, f.reply = reasonNear(text, a)
		if f.reply == "" {
			f.reply = reply
		}
		if f.text == "" {
			f.text = line
		}
		fs = append(fs, f)
	}
	return fs
}

func isDelayText(low string) bool {
	for _, s := range [...]string{"warning message only", "this is a warning only", "do not need to resend", "has been delayed", "is delayed", "will continue to be attempted", "not yet been delivered", "hasn't been delivered yet", "will keep trying", "still being retried", "temporarily delayed", "delivery incomplete"} {
		if strings.Contains(low, s) {
			return true
		}
	}
	return false
}

var genericSeparators = []string{
	"----- Original message", "-----Original message", "----- Original Message", "-----Original Message", "------ This is a copy of", "--- Below this line", "--- Original message", "Original message headers:", "Original Message Headers", "Original message follows", "Message headers follow",
	"Below is a copy of the original message", "----- Message header follows", "----- Unsent message follows", "--- The header of the original message", "Your original message", "Possibly truncated original message", "------- Returned Message", "--- Enclosed", "Original Message:", "Returned message follows", "----- Returned message", "The headers of the message sent", "------- Original Message", "Original mail as follows", "-------original message", "--- Message non-deliverable", "--- Undelivered message", "Message header:",
}

// candidates lists the recipients a prose report can mean, the surest source first.
func (m *mail) candidates(r *Report, text string) []string {
	if out := headerAddresses(m.header, "X-Failed-Recipients", m.limits.Recipients); len(out) > 0 {
		return out
	}
	sender := map[string]bool{}
	for _, name := range [...]string{"From", "To", "Reply-To", "Return-Path", "Sender", "Delivered-To"} {
		for _, a := range headerAddresses(m.header, name, 20) {
			sender[lower(a)] = true
		}
	}
	for _, name := range [...]string{"From", "Return-Path", "Sender", "Reply-To"} {
		for _, a := range headerAddresses(r.Original.Header, name, 20) {
			sender[lower(a)] = true
		}
	}
	to := headerAddresses(r.Original.Header, "To", m.limits.Recipients)
	var inText []string
	seen := map[string]bool{}
	lines(text, func(line string) bool {
		for s := line; s != "" && len(inText) < m.limits.Recipients; {
			a := addressIn(s)
			if a == "" {
				break
			}
			i := strings.Index(s, a)
			before := s[:i]
			s = s[i+len(a):]
			l := lower(a)
			if seen[l] || sender[l] || strings.HasPrefix(l, "postmaster@") || strings.HasPrefix(l, "mailer-daemon@") || strings.HasPrefix(l, "abuse@") || strings.HasSuffix(before, "://") || strings.HasSuffix(before, "/") || containsFold(before, "message-id") || containsFold(before, "from:") || containsFold(before, "mail from") || containsFold(before, "sender") {
				continue
			}
			seen[l] = true
			inText = append(inText, a)
		}
		return true
	})
	// Addresses that the returned message was sent to are the surest.
	var both []string
	for _, a := range inText {
		for _, b := range to {
			if strings.EqualFold(a, b) {
				both = append(both, a)
			}
		}
	}
	switch {
	case len(both) > 0:
		return both
	case len(inText) > 0:
		return inText[:1]
	case len(to) == 1:
		return to
	}
	for _, name := range [...]string{"X-Original-To"} {
		if out := headerAddresses(m.header, name, 1); len(out) > 0 {
			return out
		}
	}
	return nil
}

// firstReply finds the first line of text that holds an SMTP reply of a failure.
func firstReply(text string) (reply, line string) {
	lines(text, func(l string) bool {
		t := strings.TrimSpace(l)
		if at, _ := findCode(t); at >= 0 && t[at] >= '4' && (at == 0 || at < 200) {
			reply, line = t[at:], t
			return false
		}
		if st, _, _ := findStatus(t); !st.IsZero() && st.Class >= 4 && line == "" {
			line = t
		}
		return true
	})
	if reply == "" {
		reply = line
	}
	return reply, line
}

// reasonNear returns the paragraph that names the address, or the one behind it, and the
// reply in there.
func reasonNear(text, addr string) (reason, reply string) {
	want := false
	paragraphs(text, func(p string) bool {
		if containsFold(p, lower(addr)) {
			want = true
			rest := p
			if i := indexFold(p, lower(addr)); i >= 0 {
				rest = p[i+len(addr):]
			}
			if reason == "" {
				reason = strings.TrimLeft(rest, " >:)\n\"'")
			}
			if rp, _ := firstReply(strings.TrimLeft(rest, " >:)\n")); rp != "" {
				reply = joinFrom(rest, rp)
				return false
			}
			return true
		}
		if want {
			if strings.TrimSpace(reason) == "" {
				reason = p
			}
			if rp, _ := firstReply(p); rp != "" {
				reply = joinFrom(p, rp)
				return false
			}
		}
		return true
	})
	return reason, reply
}

// joinFrom returns p from where the reply begins, so that its further lines come along.
func joinFrom(p, reply string) string {
	if i := strings.Index(p, reply); i >= 0 {
		return p[i:]
	}
	return reply
}
