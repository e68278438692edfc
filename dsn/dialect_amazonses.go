package dsn

import "strings"

// Amazon SES names the recipients one a line below its opening; the reason stands in the
// machine part. WorkMail has no machine part: its fields stand in the text, below "Technical
// report:".
func detectAmazonSES(m *mail) bool { return m.opens(markAmazonSES) }

func detectWorkMail(m *mail) bool {
	return m.has(markAmazonSES) && strings.Contains(m.header.Get("X-Mailer"), "Amazon WorkMail")
}

func readAmazonSES(m *mail, r *Report) []found {
	_, t, ok := strings.Cut(m.text(), "An error occurred while trying to deliver the mail to the following recip")
	if !ok {
		return nil
	}
	_, t = cutLine(t)
	var fs []found
	lines(t, func(line string) bool {
		line = strings.TrimSpace(line)
		a := cleanAddress(line)
		if strings.IndexByte(line, ' ') >= 0 || line != "" && !isAddress(a) {
			return line == ""
		}
		if line != "" {
			fs = append(fs, found{addr: a})
		}
		return len(fs) < 10000
	})
	return fs
}
