package dsn

import "strings"

// chasquid names each recipient in quotes, its error on the next line.
func detectChasquid(m *mail) bool {
	return m.opens(markChasquid) && strings.Contains(m.text(), "Technical details:")
}

func readChasquid(m *mail, r *Report) []found {
	var fs []found
	_, text, _ := strings.Cut(m.text(), "Technical details:")
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		if rest, ok := strings.CutPrefix(t, `- "`); ok {
			addr, how, _ := strings.Cut(rest, `"`)
			f := found{addr: cleanAddress(addr)}
			if strings.Contains(how, "timed out") {
				f.text = fold(how)
			}
			fs = append(fs, f)
		} else if n > 0 {
			fs[n-1].reply = addLine(fs[n-1].reply, "\n", t)
		}
		return n < 10000
	})
	for i := range fs {
		f := &fs[i]
		if strings.HasPrefix(f.reply, "DATA closing ") {
			f.command = "."
		} else if strings.HasPrefix(f.reply, "DATA ") {
			f.command = "DATA"
		}
		if f.reply != "" {
			f.text = strings.TrimLeft(f.text[max(strings.Index(f.text, ")"), 0):]+" "+f.reply, ") ")
			if parseReply(f.reply).Code == 0 {
				f.reply = ""
			}
		}
	}
	return fs
}
