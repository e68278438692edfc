package dsn

import "time"

// ParseDate reads a date of RFC 5322 3.3 and what real mail makes of it: no day name or a wrong
// one, two-digit years, zone names. The zero time says that nobody can tell.
func ParseDate(s string) time.Time { return parseDate(s) }

// DecodeWords decodes the encoded words of a header field (RFC 2047). What cannot be decoded
// stays as it is.
func DecodeWords(s string) string { return decodeWords(s) }
