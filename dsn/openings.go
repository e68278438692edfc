package dsn

import "strings"

// mark is one server's opening: a line that its reports have near their start and that
// nothing else begins with.
type mark uint8

const (
	markCourier mark = iota
	markDMA
	markOpenSMTPD
	markNullmailer
	markHaraka
	markChasquid
	markMaddy
	markMox
	markJames
	markJamesNotice
	markWindowsSMTP
	markExchange55
	markExchange
	markDomino
	markLotusGateway
	markGroupWise
	markSun
	markInterMail
	markMobile
	markCommuniGate
	markIMail
	markMailEnable
	markMDaemon
	markHMailServer
	markSmarterMail
	markSmail
	markMMDF
	markPP
	markDovecot
	markGromox
	markSurgeMail
	markMercury

	markServices // the first of services.go
)

// openings holds each phrase with what it marks. A phrase stands at the start of a line,
// behind white space; quoted lines ("> ...") are someone speaking about a report.
var openings = newOpenings(serviceOpenings, []opening{
	{"This is a delivery status notification from ", markCourier},
	{"This is the DragonFly Mail Agent", markDMA},
	{"This is the MAILER-DAEMON, please DO NOT REPLY to this e", markOpenSMTPD},
	{"This is the nullmailer delivery system", markNullmailer},
	{"Hi. This is the Haraka Mailer program at ", markHaraka},
	{"Delivery of your message to the following recipient(s) failed permanently", markChasquid},
	{"This is the mail delivery system at ", markMaddy},
	{"Delivery has failed permanently for your email to:", markMox},
	{"Delivery has been delayed of your email to:", markMox},
	{"Hi. This is the James mail server at ", markJames},
	{"Failed recipient(s):", markJames},
	{"Delayed recipient(s):", markJames},
	{"Error message below:", markJamesNotice},
	{"Delivery to the following recipients failed.", markWindowsSMTP},
	{"Delivery to the following recipients has been delayed.", markWindowsSMTP},
	{"Unable to deliver message to the following recipients, ", markWindowsSMTP},
	{"Your message has been successfully relayed to the following recipients, but ", markWindowsSMTP},
	{"Your message has been successfully delivered to the following recipients.", markWindowsSMTP},
	{"did not reach the following recipient(s):", markExchange55},
	{"Your message did not reach some or all of the intended recipients.", markExchange55},
	{"MSEXCH:", markExchange55},
	{"Delivery has failed to these recipients or ", markExchange},
	{"Delivery is delayed to these recipients or ", markExchange},
	{"Delivery to these recipients or ", markExchange},
	{"Your message has been delivered to the following recipients:", markExchange},
	{"Delivery to these recipients or groups is complete", markExchange},
	{"Diagnostic information for administrators:", markExchange},
	{"Original Message Details", markExchange},
	{"was not delivered to:", markDomino},
	{"was not delivered to the following", markDomino},
	{"------- Failure Reasons ", markLotusGateway},
	{"The message that you sent was undeliverable to the following:", markGroupWise},
	{"This report relates to a message you sent with the following header fields:", markSun},
	{"Recipient address: ", markSun},
	{"This Message was undeliverable due to the following reason", markInterMail},
	{"This message was undeliverable due to the following reason", markInterMail},
	{"Could not be delivered to: <", markMobile},
	{"Failed to deliver to '", markCommuniGate},
	{"Delayed delivery to '", markCommuniGate},
	{"Unknown user: ", markIMail},
	{"Unknown host: ", markIMail},
	{"Invalid final delivery userid: ", markIMail},
	{"User mailbox exceeds allowed size: ", markIMail},
	{"undeliverable to ", markIMail},
	{"Delivery failed ", markIMail},
	{"MailEnable: Message ", markMailEnable},
	{"Recipient: [SMTP:", markMailEnable},
	{"The attached message had PERMANENT fatal delivery errors", markMDaemon},
	{"The attached message had TRANSIENT non-fatal delivery errors", markMDaemon},
	{"YOUR MESSAGE WAS NOT DELIVERED TO ONE OR MORE RECIPIENTS", markMDaemon},
	{"Error Type: ", markHMailServer},
	{"hMailServer sent: ", markHMailServer},
	{"Could not deliver message to the following recipient(s):", markSmarterMail},
	{"|------------------------- Message log follows: ", markSmail},
	{"|------------------------- Failed addresses follow: ", markSmail},
	{"Your message could not be delivered to", markMMDF},
	{"This report relates to your message:", markPP},
	{"Your message to <", markDovecot},
	{"Your message was automatically rejected by Sieve", markDovecot},
	{"Below is the original mail information:", markGromox},
	{"Your message cannot be delivered to the following recipients:", markSurgeMail},
	{"The attached mail failed to reach the following addresses:", markMercury},
	{"The local mail transport system has reported the following problems", markMercury},
})

type opening struct {
	phrase string
	mark   mark
}

const openingKey = 6 // bytes of a phrase that pick its bucket

// openingTable holds the phrases by their first bytes, spread so that most lines meet none.
type openingTable struct {
	taken   [1 << openingBits / 64]uint64
	buckets [1 << openingBits][]opening
}

const openingBits = 10

func openingBucket(t string) uint32 {
	_ = t[openingKey-1]
	head := uint32(t[0]) | uint32(t[1])<<8 | uint32(t[2])<<16 | uint32(t[3])<<24
	return (head ^ uint32(t[4])<<13 ^ uint32(t[5])<<5) * 0x9e3779b1 >> (32 - openingBits)
}

func newOpenings(lists ...[]opening) *openingTable {
	t := new(openingTable)
	for _, list := range lists {
		for _, o := range list {
			k := openingBucket(o.phrase)
			t.taken[k/64] |= 1 << (k % 64)
			t.buckets[k] = append(t.buckets[k], o)
		}
	}
	return t
}

// with returns the phrases that t may begin with.
func (o *openingTable) with(t string) []opening {
	k := openingBucket(t)
	if o.taken[k/64]&(1<<(k%64)) == 0 {
		return nil
	}
	return o.buckets[k]
}

// marks are the openings that a mail has.
type marks struct {
	done     bool
	any, top markSet // top: on the first lines
	absent   markSet // once done, those not in any: nearly all, so that the question costs no call
}

// markSet is a set of marks.
type markSet [2]uint64

func (s *markSet) add(k mark) { s[k/64] |= 1 << (k % 64) }

func (s markSet) without(t markSet) markSet { return markSet{s[0] &^ t[0], s[1] &^ t[1]} }

func (s *markSet) has(k mark) bool { return s[k/64]&(1<<(k%64)) != 0 }

const (
	openingLines = 80
	openingTop   = 2
)

// readMarks looks at the first lines of the human part, once.
func (m *mail) readMarks() {
	m.marks.done = true
	text := m.text()
	sign := indexByteFrom(text, '#', 0) // the next one: most texts have none
	n := 0
	ends := m.lineEnds
	for at := 0; at < len(text) && n < openingLines; {
		end := 0
		if len(ends) > 0 {
			end, ends = int(ends[0]), ends[1:]
		} else {
			end = indexByteFrom(text, '\n', at)
		}
		line := text[at:end]
		at = end + 1
		signed := sign < at
		if signed {
			sign = indexByteFrom(text, '#', at)
		}
		t := trimIndent(line)
		if t == "" {
			continue
		}
		if n++; len(t) < openingKey {
			continue
		}
		if t[0] == '<' && isAngleDiagnostic(t) {
			m.marks.any.add(markExchange55)
		} else if signed && isHashDiagnostic(t) {
			m.marks.any.add(markExchange)
		}
		for _, o := range openings.with(t) {
			if strings.HasPrefix(t, o.phrase) {
				m.marks.any.add(o.mark)
				if n <= openingTop {
					m.marks.top.add(o.mark)
				}
			}
		}
	}
}

// has reports whether the human part has the opening, wherever it came from.
func (m *mail) has(k mark) bool { return !m.marks.absent.has(k) && m.hasMark(k) }

func (m *mail) hasMark(k mark) bool {
	if !m.marks.done {
		m.readMarks()
		m.marks.absent = markSet{^uint64(0), ^uint64(0)}.without(m.marks.any)
	}
	return m.marks.any.has(k)
}

// opens reports whether the mail itself opens like that server's reports. A phrase alone may
// be a report that a person passes on: it counts with a machine part, with another sign of a
// bounce, or on the first lines of what is no answer.
func (m *mail) opens(k mark) bool { return !m.marks.absent.has(k) && m.opensItself(k) }

func (m *mail) opensItself(k mark) bool {
	if !m.hasMark(k) {
		return false
	}
	if m.find(isStatusType) != nil {
		return true
	}
	signs := m.signs()
	return signs >= 1 || signs == 0 && m.marks.top.has(k)
}

// labels is a table of the labels ("Reason:") that open a value, in lower case.
type labels []string

// read calls f with each labelled value of s in turn, and with the index of its label; further
// lines of a value, up to a blank one, are joined by \n. Lines in front of the first label
// are left out.
func (ls labels) read(s string, f func(label int, value string)) {
	cur, value := -1, ""
	flush := func() {
		if cur >= 0 {
			f(cur, strings.TrimSpace(value))
		}
		cur, value = -1, ""
	}
	lines(s, func(line string) bool {
		t := strings.TrimSpace(line)
		if t == "" {
			if value != "" {
				flush()
			}
			return true
		}
		for i, l := range ls {
			if hasPrefixFold(t, l) {
				flush()
				cur, value = i, strings.TrimSpace(t[len(l):])
				return true
			}
		}
		if cur >= 0 {
			value = addLine(value, "\n", t)
		}
		return true
	})
	flush()
}
