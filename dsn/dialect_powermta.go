package dsn

import "strings"

// PowerMTA: a greeting, then "  <addr>  delivery failed; will not continue trying" for each
// recipient. The reason stands in the machine part alone.
func detectPowerMTA(m *mail) bool { return m.opens(markPowerMTA) }

func readPowerMTA(m *mail, r *Report) []found {
	var fs []found
	lines(m.text(), func(line string) bool {
		t := strings.TrimSpace(line)
		if !strings.HasPrefix(t, "<") {
			return true
		}
		addr, verdict, ok := strings.Cut(t, ">")
		f := found{addr: cleanAddress(addr + ">")}
		if verdict = strings.TrimSpace(verdict); !ok || verdict == "" || !isAddress(f.addr) {
			return true
		}
		switch {
		case hasPrefixFold(verdict, "delivery delayed"):
			f.action = Delayed
		case hasPrefixFold(verdict, "relayed"):
			f.action = Relayed
		case hasPrefixFold(verdict, "delivery success"), hasPrefixFold(verdict, "delivered"):
			f.action = Delivered
		case hasPrefixFold(verdict, "expanded"):
			f.action = Expanded
		}
		if f.action == None && m.find(isStatusType) == nil {
			f.text = verdict
		}
		fs = append(fs, f)
		return len(fs) < 10000
	})
	return fs
}
