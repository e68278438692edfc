package ingest

import "bytes"

// A separator of an mbox is a line "From sender date" after a blank line (RFC 4155 and,
// older and looser, what mail programs write). The date has many forms:
//
//	From a@b.example Thu Jan  1 00:00:00 1970
//	From a@b.example Thu Jan  1 00:00 MET 1970 remote from host
//	From 1234567@xxx Thu Jan 01 00:00:00 +0000 1970
//	From - Thu, 1 Jan 1970 00:00:00 +0000

const (
	weekdays = "MonTueWedThuFriSatSun"
	months   = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// isPostmark reports whether line, which begins with "From ", carries a date as mail
// programs write it, so that it separates even without a blank line before it.
func isPostmark(line []byte) bool {
	for i := len("From "); i+len("Thu Jan 1 00:00") <= len(line); i++ {
		if line[i-1] == ' ' && name3(line[i:], weekdays) && isDate(line[i+3:]) {
			return true
		}
	}
	return false
}

// isDate reports whether b goes on after the weekday with day, month and time of day, or
// month, day and time of day.
func isDate(b []byte) bool {
	b = bytes.TrimLeft(b, ", ")
	b, day := cutNumber(b, 2)
	if len(b) < 4 || !name3(b, months) {
		return false
	}
	b = bytes.TrimLeft(b[3:], " ")
	if day {
		b, day = cutNumber(b, 4) // the year
	} else {
		b, day = cutNumber(b, 2)
	}
	if !day {
		return false
	}
	hour, digits := cutNumber(b, 2)
	if !digits || len(hour) < 3 || hour[0] != ':' {
		return false
	}
	return isDigit(hour[1]) && isDigit(hour[2])
}

// cutNumber cuts a number of at most n digits and the spaces after it off b.
func cutNumber(b []byte, n int) ([]byte, bool) {
	i := 0
	for i < len(b) && i < n && isDigit(b[i]) {
		i++
	}
	return bytes.TrimLeft(b[i:], " "), i > 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func name3(b []byte, names string) bool {
	for i := 0; i < len(names); i += 3 {
		if len(b) >= 3 && b[0] == names[i] && b[1] == names[i+1] && b[2] == names[i+2] {
			return true
		}
	}
	return false
}

type answer uint8

const (
	no answer = iota
	yes
	more // the bytes at hand do not tell
)

// maxFieldName is the longest header field name believed after a separator.
const maxFieldName = 76

// fieldFollows reports whether b begins with a header field, or with the quoted From line
// that some programs put first.
func fieldFollows(b []byte, all bool) answer {
	const quoted = ">From "
	if bytes.HasPrefix(b, []byte(quoted)) {
		return yes
	}
	for i, c := range b {
		switch {
		case i > maxFieldName:
			return no
		case c == ':' && i > 0:
			return yes
		case c <= ' ' || c >= 0x7f || c == ':':
			return no
		}
	}
	if all {
		return no
	}
	return more
}
