package dsn

import "strings"

// Haraka greets like qmail. Recipients are "Intended Recipients: <a>, <b>", reasons "<a>: reply"
// below "Failure Reason:"; old versions give none. The line with the original's subject can hold
// any words and is not read.
func detectHaraka(m *mail) bool { return m.opens(markHaraka) }

func readHaraka(m *mail, r *Report) []found {
	text := m.text()
	i := strings.LastIndex(text, "\nIntended Recipients:")
	if i < 0 {
		return nil
	}
	intended, rest := cutLine(text[i+1:])
	var fs []found
	index := map[string]int{}
	for _, w := range strings.Split(strings.TrimPrefix(intended, "Intended Recipients:"), ",") {
		if a := cleanAddress(w); isAddress(a) {
			index[lower(a)] = len(fs)
			fs = append(fs, found{addr: a})
		}
	}
	general, cur := "", -1
	lines(rest, func(line string) bool {
		t := strings.TrimSpace(line)
		if t == "" {
			return true
		}
		if v, ok := strings.CutPrefix(t, "Failure Reason:"); ok {
			general = strings.TrimSpace(v)
			return true
		}
		if v, ok := strings.CutPrefix(t, "Error:"); ok && general == "" {
			general = strings.TrimSpace(v)
			return true
		}
		if word, reason, ok := strings.Cut(t, ">: "); ok && t[0] == '<' {
			var ok bool
			if cur, ok = index[lower(cleanAddress(word+">"))]; ok {
				fs[cur].text = clip(reason)
			} else {
				cur = -1
			}
			return true
		}
		if cur >= 0 {
			fs[cur].text = addLine(fs[cur].text, "\n", t)
		}
		return true
	})
	return harakaRest(fs, general)
}

// harakaRest gives the general reason to those without one of their own; "Some recipients
// failed: <a>" is none, but says whom it did not reach.
func harakaRest(fs []found, general string) []found {
	list, some := strings.CutPrefix(general, "Some recipients failed:")
	if !some {
		for i := range fs {
			if fs[i].text == "" {
				fs[i].text = general
			}
		}
		return fs
	}
	failed := map[string]bool{}
	for _, w := range strings.Split(list, ",") {
		if a := cleanAddress(w); isAddress(a) {
			failed[lower(a)] = true
		}
	}
	out := fs[:0]
	for _, f := range fs {
		if f.text != "" || failed[lower(f.addr)] || len(failed) == 0 {
			out = append(out, f)
		}
	}
	return out
}
