package dsn

// MX Logic (later McAfee SaaS) opens like Exim, writes the reply behind the address, and
// "Included is a copy of the message header:" before the returned header.
func detectMXLogic(m *mail) bool { return m.has(markMXLogic) && m.opens(markZoho) }

func readMXLogic(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), "Included is a copy of the message header:")
	if line, rest := cutLine(original); len(line) > 0 && line[0] == '-' {
		original = rest
	}
	m.setOriginal(r, original)
	fs := readEximBlocks(text)
	for i := range fs {
		eximReason(&fs[i])
	}
	return fs
}
