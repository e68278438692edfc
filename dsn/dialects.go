package dsn

import "strings"

// dialect is a server's way of writing reports.
type dialect struct {
	name   string
	detect func(m *mail) bool
	// read returns what the human part says of each recipient, and sets in r what else it
	// finds there. The pieces are merged with the machine part where there is one.
	read func(m *mail, r *Report) []found
	sure bool // its mark is so plain that the mail is a report even where no recipient is found
}

// found is what a human part says of one recipient. Empty fields are not known.
type found struct {
	addr    string // the final recipient
	orig    string // what it was expanded or forwarded from
	text    string // the reason, as the report words it
	reply   string // the SMTP reply of the server that refused, codes included; "": it is in text
	command string // the SMTP command that was refused, any case
	host    string // the server that refused
	status  Status // an enhanced status code that stands outside of the reply
	action  Action // None: failed
}

// dialects are tried in order; the first that detects its own mark reads the mail. Marks that
// others imitate (Postfix, Sendmail, Exim) stand behind those of their imitators.
var dialects = []dialect{
	{"courier", detectCourier, readCourier, true},
	{"zonemta", detectZoneMTA, readZoneMTA, true},
	{"haraka", detectHaraka, readHaraka, true},
	{"dma", detectDMA, readDMA, true},
	{"nullmailer", detectNullmailer, readNullmailer, true},
	{"chasquid", detectChasquid, readChasquid, false},
	{"maddy", detectMaddy, readMaddy, false},
	{"mox", detectMox, readMox, false},
	{"powermta", detectPowerMTA, readPowerMTA, true},
	{"kumomta", detectKumoMTA, readKumoMTA, true},
	{"halon", detectHalon, readHalon, false},
	{"amazon-workmail", detectWorkMail, readAmazonSES, false},
	{"amazon-ses", detectAmazonSES, readAmazonSES, true},
	{"sendgrid", detectSendGrid, readSendGrid, true},
	{"old-gmail", detectOldGmail, readOldGmail, false},
	{"google-groups", detectGoogleGroups, readGmail, true},
	{"gmail", detectGmail, readGmail, true},
	{"yahoo", detectYahoo, readYahoo, true},
	{"yahoo-japan", detectYahooJapan, readYahoo, true},
	{"aol", detectAOL, readAOL, false},
	{"nemesis", detectNemesis, readNemesis, true},
	{"zoho", detectZoho, readZoho, false},
	{"mailru", detectMailRu, readMailRu, true},
	{"yandex", detectYandex, readPostfix, true},
	{"chinese-portal", detectChinese, readChinese, false},
	{"messagelabs", detectMessageLabs, readMessageLabs, true},
	{"barracuda", detectBarracuda, readBarracuda, false},
	{"amavis", detectAmavis, readAmavis, true},
	{"mxlogic", detectMXLogic, readMXLogic, false},
	{"trendmicro", detectTrendMicro, readTrendMicro, false},
	{"mailmarshal", detectMailMarshal, readMailMarshal, true},
	{"surfcontrol", detectSurfControl, readSurfControl, true},
	{"activehunter", detectActivehunter, readActivehunter, false},
	{"m-filter", detectMFilter, readMFilter, true},
	{"ironport", detectIronPort, readIronPort, true},
	{"delivery-problems", detectProblems, readProblems, true},
	{"mms", detectMMS, readMMS, false},
	{"pec", detectPEC, readPEC, true},
	{"mailman", detectMailman, readMailman, false},
	{"fml", detectFML, readFML, false},
	{"sympa", detectSympa, readSympa, false},
	{"listserv", detectListserv, readListserv, false},
	{"group-refusal", detectGroupRefusal, readGroupRefusal, false},
	{"opensmtpd", detectOpenSMTPD, readOpenSMTPD, true},
	{"windows-smtp", detectWindowsSMTP, readWindowsSMTP, false},
	{"exchange-5.5", detectExchange55, readExchange55, false},
	{"exchange", detectExchange, readExchange, false},
	{"domino", detectDomino, readDomino, false},
	{"intermail", detectInterMail, readInterMail, false},
	{"mobile-portal", detectMobile, readMobile, false},
	{"ezweb", detectEzweb, readEzweb, true},
	{"imail", detectIMail, readIMail, false},
	{"groupwise", detectGroupWise, readGroupWise, false},
	{"sun", detectSun, readSun, false},
	{"communigate", detectCommuniGate, readCommuniGate, false},
	{"mailenable", detectMailEnable, readMailEnable, false},
	{"mdaemon", detectMDaemon, readMDaemon, false},
	{"hmailserver", detectHMailServer, readHMailServer, false},
	{"smartermail", detectSmarterMail, readSmarterMail, false},
	{"surgemail", detectSurgeMail, readSurgeMail, false},
	{"gromox", detectGromox, readGromox, false},
	{"dovecot", detectDovecot, readDovecot, false},
	{"mercury", detectMercury, readMercury, false},
	{"vm-smtp", detectVMSMTP, readVMSMTP, false},
	{"mmdf", detectMMDF, readMMDF, false},
	{"pp", detectPP, readPP, false},
	{"james", detectJames, readJames, false},
	{"smail", detectSmail, readSmail, false},
	{"postfix", detectPostfix, readPostfix, true},
	{"exim", detectExim, readExim, true},
	{"qmail", detectQmail, readQmail, true},
	{"sendmail-5", detectSendmail5, readSendmail5, true},
	{"sendmail", detectSendmail, readSendmail, true},
}

// dialect returns who wrote the human part, or nil.
func (m *mail) dialect() *dialect {
	for i := range dialects {
		if dialects[i].detect(m) {
			return &dialects[i]
		}
	}
	return nil
}

// merge brings what the human part says together with the machine part: recipients that both
// know are completed, and where there is no machine part the human part makes them.
func (m *mail) merge(r *Report, fs []found) {
	machine := len(r.Recipients)
	for i := range fs {
		f := &fs[i]
		f.text, f.reply = clip(f.text), clip(f.reply)
		if len(r.Recipients) >= m.limits.Recipients {
			m.problem("recipients_limit", "")
			return
		}
		if machine == 0 {
			r.Recipients = append(r.Recipients, f.recipient())
			continue
		}
		if c := match(r.Recipients[:machine], f, len(fs)); c != nil {
			if !isAddress(c.FinalRecipient.Value) && isAddress(f.addr) {
				m.problem("bad_final_recipient", c.FinalRecipient.Value)
				c.FinalRecipient = Typed{"rfc822", f.addr}
			}
			f.complete(c)
		}
	}
}

// match finds the recipient of the machine part that f speaks of.
func match(rs []Recipient, f *found, n int) *Recipient {
	for i := range rs {
		if c := &rs[i]; f.addr != "" && (strings.EqualFold(c.FinalRecipient.Value, f.addr)) {
			return c
		}
	}
	for i := range rs {
		if c := &rs[i]; f.addr != "" && strings.EqualFold(c.OriginalRecipient.Value, f.addr) ||
			f.orig != "" && (strings.EqualFold(c.FinalRecipient.Value, f.orig) || strings.EqualFold(c.OriginalRecipient.Value, f.orig)) {
			return c
		}
	}
	if len(rs) == 1 && n == 1 {
		return &rs[0]
	}
	return nil
}

// recipient makes a recipient of what the text alone says.
func (f *found) recipient() Recipient {
	c := Recipient{Action: f.action, Status: f.status}
	if c.Action == None {
		c.Action = Failed
	}
	if f.addr != "" {
		c.FinalRecipient = Typed{"rfc822", f.addr}
	}
	if f.orig != "" {
		c.OriginalRecipient = Typed{"rfc822", f.orig}
	}
	f.complete(&c)
	return c
}

// complete fills what c lacks.
func (f *found) complete(c *Recipient) {
	if f.host != "" && c.RemoteMTA.Value == "" {
		c.RemoteMTA = Typed{"dns", strings.TrimRight(f.host, ".")}
	}
	if c.FinalRecipient.Value == "" && f.addr != "" {
		c.FinalRecipient = Typed{"rfc822", f.addr}
	}
	if c.Action == None {
		c.Action = f.action
	}
	source := f.reply
	if source == "" {
		source = f.text
	}
	if source == "" {
		return
	}
	folded := ""
	if c.DiagnosticCode.Value == "" {
		folded = fold(source)
		c.DiagnosticCode = Typed{Value: folded}
		c.Reply = parseReply(source)
	} else {
		c.Reply = diagnosticReply(c.DiagnosticCode)
		if c.DiagnosticCode.Type == "x-unix" && f.reply == "" {
			// the output of a program: figures in the command line are no reply
		} else if said, _ := cutInReplyTo(source); c.Reply.Code != 0 && strings.HasSuffix(said, c.DiagnosticCode.Value) {
			// both say the same
		} else if reply := parseReply(source); c.Action == Failed && reply.Code >= 400 && c.Reply.Code < 400 || // a failure whose machine part says "250 OK"
			c.Reply.isCut(c.DiagnosticCode.Value, reply, f.reply != "") {
			c.Reply = reply
		}
	}
	if f.command != "" {
		c.Reply.Command = commandName(f.command)
	} else if c.Reply.Command == "" {
		_, c.Reply.Command = cutInReplyTo(source)
	}
	if f.reply == "" && c.DiagnosticCode.Type == "" && c.Text == "" && c.DiagnosticCode.Value == folded {
		return // the text is the diagnostic
	}
	if text := fold(f.text); text != c.DiagnosticCode.Value && !strings.Contains(c.Text, text) {
		if c.Text != "" {
			text = strings.TrimSpace(c.Text + " " + text)
		}
		c.Text = text
	}
}

// isCut reports whether full says more of the reply than the diagnostic it was read from: that
// has no code, is the first line of several, or ends where a limit or a blank line was. alone:
// full was read from a reply and nothing else.
func (r *Reply) isCut(diagnostic string, full Reply, alone bool) bool {
	if full.Code == 0 || r.Code == 0 || len(full.Text) <= len(r.Text) {
		return full.Code != 0 && r.Code == 0
	}
	return isFirstLine(diagnostic) || alone && full.Code == r.Code && r.Text != "" && strings.HasPrefix(full.Text, r.Text)
}

// isFirstLine says that a diagnostic is the first line of a reply that goes on ("550-..."):
// Sendmail gives no more.
func isFirstLine(s string) bool {
	return len(s) > 3 && s[3] == '-' && nextReplyLine(s[3:], s[:3]) < 0
}
