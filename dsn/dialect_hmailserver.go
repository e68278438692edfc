package dsn

import "strings"

// hMailServer borrows Exchange's first sentence; a block a recipient, labels inside.
//
//	kim@example.org
//	   Error Type: SMTP
//	   Remote server (192.0.2.25) issued an error.
//	   hMailServer sent: RCPT TO:<kim@example.org>
//	   Remote server replied: 550 5.1.1 unknown
func detectHMailServer(m *mail) bool { return m.opens(markHMailServer) }

var hMailLabels = labels{"error type:", "hmailserver sent:", "remote server replied:", "error description:", "additional information:", "error:"}

func readHMailServer(m *mail, r *Report) []found {
	text, original := headerBlock(m.text())
	m.setOriginal(r, original)
	var fs []found
	block := ""
	done := func() {
		if n := len(fs); n > 0 {
			hMailBlock(&fs[n-1], block)
		}
		block = ""
	}
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		if a := cleanAddress(t); isAddress(a) && strings.IndexByte(t, ' ') < 0 && line[0] != ' ' {
			done()
			fs = append(fs, found{addr: a})
		} else if len(fs) > 0 && len(block) < maxReason && t != "hMailServer" {
			block += line + "\n"
		}
		return len(fs) < 10000
	})
	done()
	return fs
}

func hMailBlock(f *found, block string) {
	var words []string
	hMailLabels.read(block, func(label int, value string) {
		switch label {
		case 1:
			f.command = value
		case 2:
			f.reply = value
		case 3, 4, 5:
			words = append(words, value)
		}
	})
	f.text = strings.Join(words, " ")
	if strings.Contains(block, "Connection to recipients server failed") {
		f.text = strings.TrimSpace("Connection to recipients server failed. " + f.text)
		f.command = "CONNECT"
	}
	if f.text == "" && f.reply == "" {
		f.text = fold(block)
	}
}
