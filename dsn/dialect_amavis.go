package dsn

import "strings"

// amavisd-new names the recipients below one sentence, the replies indented; behind its own
// words stands what its MTA answered:
//
//	The message WAS NOT relayed to:
//	  <kim@example.org>: [127.0.0.1] said:
//	   550 5.1.1 Failed, id=02022-02, from MTA([127.0.0.1]:10025): 550 5.1.1 unknown
func detectAmavis(m *mail) bool { return m.opens(markAmavis) }

func readAmavis(m *mail, r *Report) []found {
	var fs []found
	in := false
	lines(m.text(), func(line string) bool {
		t := strings.TrimSpace(line)
		n := len(fs)
		switch {
		case strings.HasPrefix(t, "The message WAS NOT ") || strings.HasPrefix(t, "The message HAS NOT BEEN "):
			in = true
		case !in:
		case t == "":
			in = n == 0
		case t[0] == '<':
			addr, rest, ok := strings.Cut(t, ">")
			if a := cleanAddress(addr + ">"); ok && isAddress(a) {
				fs = append(fs, found{addr: a, text: strings.TrimLeft(rest, ": ")})
			}
		case n > 0 && len(fs[n-1].text) < maxReason:
			fs[n-1].text += "\n" + t
		}
		return n < 10000
	})
	for i := range fs {
		f := &fs[i]
		if host, said, ok := strings.Cut(f.text, " said:"); ok && strings.IndexByte(host, ' ') < 0 {
			f.reply = strings.TrimSpace(said)
		}
		if _, s, ok := strings.Cut(f.text, "from MTA("); ok {
			if _, s, ok = strings.Cut(s, "): "); ok {
				f.reply = s
			}
		}
	}
	return fs
}
