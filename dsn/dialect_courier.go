package dsn

import "strings"

// Courier, courier/module.dsn: a dash rule and a centred title per kind of outcome, then "<addr>:"
// with the session below it.
//
//	<ann@example.org>:
//	     mx.example.org [192.0.2.9]:
//	 >>> RCPT TO:<ann@example.org>
//	 <<< 550 5.1.1 User unknown
//
// Version 0 had no blank before ">>>". " *** text" is an error of the connection or of a local program.
func detectCourier(m *mail) bool {
	return m.opens(markCourier) && strings.Contains(m.text(), "running the Courier mail server")
}

func readCourier(m *mail, r *Report) []found {
	var fs []found
	action := None
	var replies []string
	command := ""
	done := func() {
		if n := len(fs); n > 0 && len(replies) > 0 {
			f := &fs[n-1]
			if f.reply = lastFailure(replies, f.addr); f.reply == "" {
				f.reply = replies[len(replies)-1]
			}
		}
		replies, command = nil, ""
	}
	lines(m.text(), func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		switch {
		case t == "":
		case n > 0 && strings.HasPrefix(t, ">>> "):
			command = strings.Trim(t[4:], "()") // "(initial greeting)"
		case n > 0 && strings.HasPrefix(t, "<<< "):
			if t[4:] != "<command failed>" {
				replies, fs[n-1].command = addReplyLine(replies, t[4:]), command
			}
		case n > 0 && strings.HasPrefix(t, "*** "):
			fs[n-1].text = addLine(fs[n-1].text, " ", t[4:])
		case line[0] == '<' && isAddress(cleanAddress(strings.TrimSuffix(t, ":"))):
			done()
			fs = append(fs, found{addr: cleanAddress(strings.TrimSuffix(t, ":")), action: action})
		case n > 0 && line[0] == '<' && strings.HasSuffix(t, ">:"): // malformed, and yet the next recipient
			done()
			fs = append(fs, found{addr: t[1 : len(t)-2], action: action})
		case strings.HasPrefix(t, "----------"):
			done()
		case t == "UNDELIVERABLE MAIL":
			action = Failed
		case t == "DELAYS IN DELIVERING YOUR MESSAGE":
			action = Delayed
		case t == "MESSAGE DELIVERED SUCCESSFULLY":
			action = Delivered
		case t == "MESSAGE DELIVERED TO A MAIL GATEWAY":
			action = Relayed
		case n == 0 || line[0] != ' ' && line[0] != '\t':
		case strings.HasSuffix(t, "]:"):
			host, _, _ := strings.Cut(t, " ")
			fs[n-1].host = host
		default:
			fs[n-1].text = addLine(fs[n-1].text, " ", t)
		}
		return n < 10000
	})
	done()
	return fs
}
