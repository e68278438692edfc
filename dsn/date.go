package dsn

import (
	"strconv"
	"strings"
	"time"
)

// parseDate reads a date of RFC 5322 3.3 and what real reports make of it: no day name or a
// wrong one, two-digit years, zone names, "2012-08-21 19-39-02". The zero time says that
// nobody can tell.
func parseDate(s string) time.Time {
	if t, ok := usualDate(s); ok {
		return t
	}
	return anyDate(s)
}

// usualDate reads what nearly all mail has, "Tue, 24 Nov 2026 10:00:05 +0100 (CET)", for speed alone:
// the rest is left to anyDate.
func usualDate(s string) (t time.Time, ok bool) {
	if len(s) > 5 && s[0] == ' ' {
		s = s[1:]
	}
	if len(s) > 5 && s[3] == ',' && s[4] == ' ' {
		switch s[:3] {
		case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun":
			s = s[5:]
		}
	}
	n := 1 // digits of the day
	if len(s) > 1 && isDigit(s[1]) {
		n = 2
	}
	const rest = " Nov 2026 10:00:05 +0100"
	if len(s) < n+len(rest) || !isDigit(s[0]) {
		return t, false
	}
	d := int(s[0] - '0')
	if n == 2 {
		d = two(s)
	}
	if s = s[n:]; len(s) > len(rest) && strings.IndexByte(" \t,(", s[len(rest)]) < 0 {
		return t, false
	}
	if s[0] != ' ' || s[4] != ' ' || s[9] != ' ' || s[12] != ':' || s[15] != ':' || s[18] != ' ' || s[19] != '+' && s[19] != '-' {
		return t, false
	}
	mo, century, year := monthOf(s[1:4]), two(s[5:]), two(s[7:])
	h, mi, sec, zh, zm := two(s[10:]), two(s[13:]), two(s[16:]), two(s[20:]), two(s[22:])
	if mo == 0 || century < 10 || year|h|mi|sec|zh|zm < 0 || d < 1 || d > 31 || h > 24 || mi > 59 || sec > 60 || zh*100+zm > 1400 {
		return t, false
	}
	offset := time.Duration(zh*60+zm) * time.Minute
	if s[19] == '+' {
		offset = -offset
	}
	return time.Date(century*100+year, mo, d, h, mi, sec, 0, time.UTC).Add(offset), true
}

// two reads two digits; -1 if there are none.
func two(s string) int {
	if !isDigit(s[0]) || !isDigit(s[1]) {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

// anyDate is parseDate without a form in mind.
func anyDate(s string) time.Time {
	var f [8]string
	n := 0
	for i := 0; i < len(s) && n < len(f); {
		c := s[i]
		if c == ' ' || c == ',' || c == '\t' {
			i++
			continue
		}
		if c == '(' {
			break
		}
		j := i
		for j < len(s) && s[j] != ' ' && s[j] != ',' && s[j] != '\t' && s[j] != '(' {
			j++
		}
		f[n] = s[i:j]
		n++
		i = j
	}
	w := f[:n]
	if len(w) > 0 && (isAlpha(w[0][0]) || w[0][0] >= 0x80) && !(len(w) > 1 && monthOf(w[0]) != 0 && !looksLikeMonth(w[1])) {
		w = w[1:] // the day's name
	}
	switch {
	case len(w) >= 2 && len(w[0]) >= 8 && isDigit(w[0][0]) && strings.IndexByte(w[0], '-') == 4 && strings.Count(w[0], "-") == 2:
		return isoDate(w)
	case len(w) == 1 && len(w[0]) >= 19 && w[0][10] == 'T':
		t, _ := time.Parse(time.RFC3339, w[0])
		return t
	case len(w) >= 4 && monthOf(w[0]) != 0 && isDigit(w[1][0]):
		return monthFirst(w)
	case len(w) >= 3 && strings.Count(w[0], "-") == 2: // 21-Aug-2012
		p := strings.Split(w[0], "-")
		return date(p[0], p[1], p[2], w[1], w[2:])
	case len(w) >= 4:
		return date(w[0], w[1], w[2], w[3], w[4:])
	}
	return time.Time{}
}

func looksLikeMonth(s string) bool { return monthOf(s) != 0 }

// isoDate reads "2012-08-21 19:39:02 [zone]"; hyphens in the time are forgiven.
func isoDate(w []string) time.Time {
	p := strings.Split(w[0], "-")
	month, err := strconv.Atoi(p[1])
	if err != nil || month < 1 || month > 12 {
		return time.Time{}
	}
	return date(p[2], months[month-1], p[0], strings.ReplaceAll(w[1], "-", ":"), w[2:])
}

// monthFirst reads "Aug 21 2012 19:39:02" and "Aug 21 19:39:02 2012" (asctime).
func monthFirst(w []string) time.Time {
	if strings.IndexByte(w[2], ':') > 0 {
		year, zone := w[3], w[4:]
		if len(w) > 4 && isDigit(w[4][0]) && len(w[4]) == 4 { // "19:39:02 JST 2012"
			year, zone = w[4], w[3:4]
		}
		return date(w[1], w[0], year, w[2], zone)
	}
	return date(w[1], w[0], w[2], w[3], w[4:])
}

var months = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

func monthOf(s string) time.Month {
	if len(s) < 3 {
		return 0
	}
	switch uint32(s[0]|0x20)<<16 | uint32(s[1]|0x20)<<8 | uint32(s[2]|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return time.January
	case 'f'<<16 | 'e'<<8 | 'b':
		return time.February
	case 'm'<<16 | 'a'<<8 | 'r':
		return time.March
	case 'a'<<16 | 'p'<<8 | 'r':
		return time.April
	case 'm'<<16 | 'a'<<8 | 'y':
		return time.May
	case 'j'<<16 | 'u'<<8 | 'n':
		return time.June
	case 'j'<<16 | 'u'<<8 | 'l':
		return time.July
	case 'a'<<16 | 'u'<<8 | 'g':
		return time.August
	case 's'<<16 | 'e'<<8 | 'p':
		return time.September
	case 'o'<<16 | 'c'<<8 | 't':
		return time.October
	case 'n'<<16 | 'o'<<8 | 'v':
		return time.November
	case 'd'<<16 | 'e'<<8 | 'c':
		return time.December
	}
	return 0
}

func date(day, month, year, clock string, zone []string) time.Time {
	d, err1 := strconv.Atoi(day)
	y, err2 := strconv.Atoi(year)
	mo := monthOf(month)
	if err1 != nil || err2 != nil || mo == 0 || d < 1 || d > 31 {
		return time.Time{}
	}
	switch { // RFC 5322 4.3
	case y < 50:
		y += 2000
	case y < 1000:
		y += 1900
	}
	hh, rest, _ := strings.Cut(clock, ":")
	mm, ss, _ := strings.Cut(rest, ":")
	if i := strings.IndexByte(ss, '.'); i >= 0 {
		ss = ss[:i]
	}
	h, err1 := strconv.Atoi(hh)
	mi, err2 := strconv.Atoi(mm)
	sec := 0
	if ss != "" {
		sec, _ = strconv.Atoi(ss)
	}
	if err1 != nil || err2 != nil || h > 24 || mi > 59 || sec > 60 {
		return time.Time{}
	}
	if len(zone) > 0 && strings.EqualFold(zone[0], "PM") && h < 12 {
		h += 12
		zone = zone[1:]
	} else if len(zone) > 0 && strings.EqualFold(zone[0], "AM") {
		zone = zone[1:]
	}
	offset := 0
	if len(zone) > 0 {
		offset = zoneOffset(zone[0])
	}
	return time.Unix(time.Date(y, mo, d, h, mi, sec, 0, time.UTC).Unix()-int64(offset), 0).UTC()
}

// zoneOffset returns the seconds east of UTC that a zone stands for; unknown names count as UTC.
func zoneOffset(z string) int {
	z = strings.TrimPrefix(strings.TrimPrefix(z, "GMT"), "UTC")
	if len(z) >= 5 && (z[0] == '+' || z[0] == '-') {
		z = strings.Replace(z, ":", "", 1)
		v, err := strconv.Atoi(z[1:min(5, len(z))])
		if err != nil || v < 0 || v > 1400 {
			return 0
		}
		s := v/100*3600 + v%100*60
		if z[0] == '-' {
			return -s
		}
		return s
	}
	switch strings.ToUpper(z) { // RFC 5322 4.3, and the two that reports from Japan and Europe have
	case "EDT":
		return -4 * 3600
	case "EST", "CDT":
		return -5 * 3600
	case "CST", "MDT":
		return -6 * 3600
	case "MST", "PDT":
		return -7 * 3600
	case "PST":
		return -8 * 3600
	case "JST":
		return 9 * 3600
	case "CET", "MEZ", "BST":
		return 3600
	case "CEST", "MESZ":
		return 2 * 3600
	}
	return 0
}
