package dsn

import "strings"

var robots = newWordSet("mailer-daemon", "postmaster", "mdaemon", "mail-daemon", "mailerdaemon", "postoffice", "double-bounce", "mail delivery", "mail.delivery", "maildelivery", "mail deliver", "mail administrator", "system administrator", "mailer daemon", "bounce", "mailer@", "post_master", "mailsystem", "mail system", "mail-system", "mta@", "delivery subsystem", "delivery-subsystem", "daemon@", "microsoftexchange329e")

// isRobot reports whether an address is one that reports are sent from.
func isRobot(from string) bool {
	return robots.inFold(from) && !containsFold(from, "bugzilla-daemon@") || strings.Contains(from, "<>")
}

// mailSystems are what mail servers call themselves where the name of a robot is none of the usual:
// they count in mail that has the return path of reports.
var mailSystems = newWordSet("mailserver", "mail server", "mail-server", "mail router", "message router", "mail relay", "mail gateway", "mail transfer", "mail transport", "mail robot", "outbound queue", "mail queue", "mailsystem", "mailsysteem", "sistema di posta", "sistema de correo", "system pocztowy", "passerelle de messagerie", "郵件系統", "邮件系统", "serveur de messagerie", "serveur mail", "serveur de courrier", "servidor de correo", "servidor de e-mail", "servidor de email", "server di posta", "serwer poczty", "postovni server", "poštovní server", "почтовый сервер", "пощенски сървър", "posta sunucusu", "メールサーバ", "邮件服务器", "郵件伺服器", "메일 서버")

// fromRobot is isRobot of who the mail is from.
func (m *mail) fromRobot() bool {
	if !m.robotDone {
		from := m.header.Get("From")
		m.robotDone, m.robot = true, isRobot(from) || m.nullPath() && mailSystems.in(lower(decodeWords(from)))
	}
	return m.robot
}

// subject returns the decoded subject in lower case.
func (m *mail) subject() string {
	if !m.subjectDone {
		m.subjectDone, m.lowSubject = true, m.lower(decodeWords(m.header.Get("Subject")))
	}
	return m.lowSubject
}

// withoutTags takes off what filters and lists put before a subject: "[SPAM] ", "***SPAM*** ",
// "{Spam?} ", "[EXTERNAL] ".
func withoutTags(s string) string {
	for {
		t := strings.TrimLeft(s, " ")
		end := -1
		switch {
		case t == "":
		case t[0] == '[':
			end = strings.IndexByte(t, ']')
		case t[0] == '{':
			end = strings.IndexByte(t, '}')
		case strings.HasPrefix(t, "***"):
			if i := strings.Index(t[3:], "***"); i > 0 {
				end = i + 5
			}
		}
		if end < 0 || end > 30 {
			return t
		}
		s = t[end+1:]
	}
}

// isAnswer knows the prefixes that people's programs put before the subject of what they
// answer or pass on. s is in lower case.
func isAnswer(s string) bool { return startsAnswer(s) || startsAnswer(withoutTags(s)) }

func startsAnswer(s string) bool {
	s = strings.TrimLeft(s, " [")
	i := strings.IndexByte(s, ':')
	if j := strings.Index(s, "："); j >= 0 && (i < 0 || j < i) {
		i = j
	}
	if i < 0 || i > 16 {
		return false
	}
	p := strings.TrimSpace(s[:i])
	if j := strings.IndexAny(p, "[(^"); j > 0 { // "Re[2]:"
		p = p[:j]
	}
	switch p {
	case "re", "fw", "fwd", "aw", "wg", "tr", "ref", "rv", "r", "i", "rif", "sv", "vs", "vb", "vl", "antw", "doorst", "odp", "pd", "res", "enc", "ynt", "ilt", "отв", "на", "回复", "回覆", "答复", "转发", "轉寄", "返信", "転送", "회신", "전달":
		return true
	}
	return false
}

// isConversation tells mail that speaks of a report from a report: what people answer and
// pass on, automatic answers that quote one, lists, and list managers that warn their members.
func (m *mail) isConversation() bool {
	t := m.text()
	if strings.HasPrefix(t, "Hi! This is the ezmlm program.") || strings.HasPrefix(t, "Hi, this is the mlmmj program") || strings.HasPrefix(t, "Hi, this is the Mlmmj program") {
		return true
	}
	h := m.header
	if m.fromRobot() || h.Get("X-Failed-Recipients") != "" || h.Get("From") == "" {
		return false
	}
	if subject := m.subject(); isAnswer(subject) || autoReplySubject(subject) {
		return true
	}
	return h.Get("List-Id") != "" || h.Get("List-Unsubscribe") != "" || h.Get("List-Post") != "" || h.Get("X-Cron-Env") != ""
}
