package dsn

import "strings"

// mox, one recipient a report: values on lines that begin with a tab.
func detectMox(m *mail) bool { return m.opens(markMox) }

func readMox(m *mail, r *Report) []found {
	var f found
	title, value := "", ""
	set := func() {
		switch value = strings.TrimSpace(value); {
		case value == "":
		case strings.HasPrefix(title, "Delivery has "):
			f.addr = cleanAddress(value)
			if strings.HasPrefix(title, "Delivery has been delayed") {
				f.action = Delayed
			}
		case strings.HasPrefix(title, "Error during the last delivery attempt"):
			f.text = value
		case strings.HasPrefix(title, "Full SMTP response"):
			f.reply = value
		}
		value = ""
	}
	lines(m.text(), func(line string) bool {
		if strings.HasPrefix(line, "\t") && len(value) < maxReason {
			value += line[1:] + "\n"
		} else if !isBlank(line) {
			set()
			title = line
		}
		return true
	})
	set()
	if f.addr == "" {
		return nil
	}
	return []found{f}
}
