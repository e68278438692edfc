package dsn

// The openings of sending platforms, mailbox providers, gateways and list managers.
const (
	markPowerMTA mark = markServices + iota
	markKumoMTA
	markMailSystem // Postfix's first words, which others borrow
	markAmazonSES
	markSendGrid
	markGmail
	markYahoo
	markYahooJapan
	markAOL
	markNemesis
	markZoho
	markMailRu
	markEzweb
	markProblems
	markMessageLabs
	markBarracuda
	markAmavis
	markMXLogic
	markTrendMicro
	markMailMarshal
	markSurfControl
	markMFilter
	markIronPort
	markMailman
	markListManager
	markMMS
	markChinese
)

var serviceOpenings = []opening{
	{"I am sending you this message to inform you on the delivery status of a", markPowerMTA},
	{"While communicating with ", markKumoMTA},
	{"No further attempts will be made to deliver it", markKumoMTA},
	{"This is the mail system at ", markMailSystem},
	{"An error occurred while trying to deliver the mail to the following recip", markAmazonSES},
	{"This is an automatically generated message from SendGrid", markSendGrid},
	{"Delivery to the following recipient", markGmail},
	{"Delevery to the following recipient", markGmail},
	{"Sorry, we were unable to deliver your message to the following address", markYahoo},
	{"Unable to deliver message to the following address(es)", markYahooJapan},
	{"We were unable to deliver your message to the following address", markAOL},
	{"Your mail to the following recipients could not be delivered because", markAOL},
	{"--- The header of the original message is following", markNemesis},
	{"This message was created automatically by mail delivery s", markZoho},
	{"Это письмо создано автоматически сервером Mail.Ru", markMailRu},
	{"The following recipients did not receive this message", markEzweb},
	{"The user(s) account is ", markEzweb},
	{"Each of the following recipients was rejected by a remote mail server", markEzweb},
	{"Your message was not delivered within ", markEzweb},
	{"----- The following addresses had delivery problems", markProblems},
	{"--- The following addresses had delivery problems", markProblems},
	{"---The following addresses had delivery problems", markProblems},
	{"----- The following addresses had delivery errors", markProblems},
	{"--- The following addresses had delivery errors", markProblems},
	{"---The following addresses had delivery errors", markProblems},
	{"----- Non-delivered information", markProblems},
	{"This is the mail delivery agent at ", markMessageLabs},
	{"was blocked by our Spam Firewall", markBarracuda},
	{"The message WAS NOT ", markAmavis},
	{"The message HAS NOT BEEN ", markAmavis},
	{"Included is a copy of the message header:", markMXLogic},
	{"Unable to deliver message to <", markTrendMicro},
	{"Reason: Unable to deliver message to <", markTrendMicro},
	{"Reason:  Unable to deliver message to <", markTrendMicro},
	{"Sent >>> ", markTrendMicro},
	{"Could not be delivered because of", markMailMarshal},
	{"The following recipients were affected", markMailMarshal},
	{"A transcript of the attempts to send the message follows", markSurfControl},
	{"-------server message", markMFilter},
	{"The following message to <", markIronPort},
	{"You are not allowed to post to this mailing list", markMailman},
	{"Non-members are not allowed to post messages to this list", markMailman},
	{"Your request to the ", markMailman},
	{"The original message as received by Mailman is attached", markMailman}, // Mailman 3
	{"You are not a member of this mailing list <", markListManager},
	{"We are unable to deliver the message from ", markListManager},
	{"Message could not be delivered to mobile", markMMS},
	{"Error: No valid recipients for this MM", markMMS},
	{"退信原因", markChinese},
	{"失败原因", markChinese},
	{"失敗原因", markChinese},
	{"抱歉，您的邮件被退回来了", markChinese},
	{"很抱歉，您的邮件被退回", markChinese},
	{"英文说明", markChinese},
}

// textHead returns the first lines of the human part.
func (m *mail) textHead() string {
	t := m.text()
	return t[:min(len(t), 600)]
}
