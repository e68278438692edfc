package dsn

// commandName normalizes how reports name the SMTP command that was answered.
func commandName(s string) string {
	s = trimSpace(s)
	if hasPrefixFold(s, "pipelined ") {
		s = s[len("pipelined "):]
	}
	if s == "." {
		return "."
	}
	for _, c := range commandNames {
		if hasPrefixFold(s, c.said) {
			return c.name
		}
	}
	return ""
}

// commandNames are what a command's name begins with, in lower case.
var commandNames = [...]struct{ said, name string }{
	{"rcpt", "RCPT"}, {"mail", "MAIL"}, {"data", "DATA"}, {"end of data", "."}, {"body", "."}, {"dot", "."}, {"text", "."}, {"bdat", "BDAT"},
	{"ehlo", "EHLO"}, {"lhlo", "LHLO"}, {"helo", "HELO"}, {"starttls", "STARTTLS"}, {"auth", "AUTH"},
	{"initial ", "CONNECT"}, {"connect", "CONNECT"}, {"greeting", "CONNECT"}, {"server greeting", "CONNECT"}, {"quit", "QUIT"},
}
