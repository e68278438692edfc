package dsn

import "strings"

// Cisco IronPort (AsyncOS) puts the remote's reply in quotes behind its own words:
//
//	The following message to <kim@example.org> was undeliverable.
//	The reason for the problem:
//	5.1.0 - Unknown address error 550-'5.1.1 unknown'
func detectIronPort(m *mail) bool {
	return m.opens(markIronPort) && strings.Contains(m.text(), "The reason for the problem")
}

func readIronPort(m *mail, r *Report) []found {
	const head = "The following message to <"
	var fs []found
	_, s, ok := strings.Cut(m.text(), head)
	for ok && len(fs) < 10000 {
		var block string
		block, s, ok = strings.Cut(s, "\n"+head)
		list, rest, closed := strings.Cut(block, "> was ")
		if !closed {
			continue
		}
		_, reason, _ := strings.Cut(rest, "The reason for the problem:")
		reason, _, _ = strings.Cut(strings.TrimLeft(reason, " \n"), "\n\n")
		f := found{text: fold(reason)}
		if strings.HasPrefix(rest, "delayed") {
			f.action = Delayed
		}
		for _, a := range strings.Split(list, ",") {
			if f.addr = cleanAddress(a); isAddress(f.addr) {
				fs = append(fs, f)
			}
		}
	}
	return fs
}
