package dsn

import "strings"

// Sun and Oracle Messaging Server (iPlanet, PMDF): labelled lines a recipient, a sentence before
// them that says the outcome. Both are translated per site; the machine part is not.
func detectSun(m *mail) bool {
	return m.opens(markSun) || strings.HasPrefix(m.parts[0].boundary, "Boundary_(ID_") && m.find(isStatusType) != nil
}

var sunLabels = labels{"recipient address:", "original address:", "reason:", "diagnostic code:", "remote system:"}

func readSun(m *mail, r *Report) []found {
	text := m.text()
	action := None
	switch {
	case strings.Contains(text, "has been delayed"), strings.Contains(text, "has not yet been delivered"), strings.Contains(text, "is still trying to deliver"):
		action = Delayed
	case strings.Contains(text, "successfully delivered"), strings.Contains(text, "has been delivered"):
		action = Delivered
	case strings.Contains(text, "successfully relayed"), strings.Contains(text, "successfully forwarded"):
		action = Relayed
	case m.proseAction(phrased(firstBytes(text, 1500))) == Delayed:
		action = Delayed
	}
	var fs []found
	sunLabels.read(text, func(label int, value string) {
		n := len(fs)
		if label == 0 {
			if a := cleanAddress(value); a != "" && n < 10000 {
				fs = append(fs, found{addr: a, action: action})
			}
			return
		}
		if n == 0 {
			return
		}
		f := &fs[n-1]
		switch label {
		case 1:
			f.orig = cleanAddress(value)
		case 2:
			f.text = value
		case 3:
			f.reply = fold(typed(value).Value)
		case 4:
			host := typedHost(fold(value)).Value
			if isHost(host) {
				f.host = host
			}
		}
	})
	return fs
}
