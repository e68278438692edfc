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
	var fs []found
	for s := m.text(); len(fs) < 10000; {
		var ok bool
		if _, s, ok = strings.Cut(s, "The following message to <"); !ok {
			break
		}
		list, rest, ok := strings.Cut(s, "> was ")
		if !ok {
			break
		}
		_, reason, _ := strings.Cut(rest, "The reason for the problem:")
		reason = strings.TrimLeft(reason, " \n")
		if i := strings.Index(reason, "\n\n"); i >= 0 {
			reason = reason[:i]
		}
		if i := strings.Index(reason, "\nThe following message to <"); i >= 0 {
			reason = reason[:i]
		}
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
