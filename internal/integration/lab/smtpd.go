//go:build integration

package lab

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// SMTPD is a receiving mail server that refuses as it is told.
type SMTPD struct {
	Hostname string // default mx.example.net
	// Replies maps a stage to the reply given there, lines separated by "\n", its end without. A stage is a command
	// in lower case ("connect", "ehlo", "mail", "data", "eod"), or "rcpt" or "eod" followed by a space and the local part
	// of a recipient. "close" closes the connection instead, "silent" never answers. Everything else is accepted.
	Replies map[string]string
	Size    int  // announced by SIZE; 0: SIZE is not announced
	DSN     bool // announces DSN
	// Accepted is given each accepted mail: its envelope and its lines with CRLF, as they came.
	Accepted func(m Mail)
	NoTrace  bool // Accepted gets no Return-Path and Received added
}

// Mail is a mail that an SMTPD accepted.
type Mail struct {
	From string
	To   []string
	Raw  []byte
}

// Start listens on addr until the test ends.
func (s *SMTPD) Start(tb testing.TB, addr string) {
	tb.Helper()
	if s.Hostname == "" {
		s.Hostname = "mx.example.net"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	var open sync.WaitGroup
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { s.session(c) })
		}
	}()
}

type session struct {
	s    *SMTPD
	c    net.Conn
	r    *bufio.Reader
	helo string
	mail Mail
}

func (s *SMTPD) session(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Minute))
	ss := &session{s: s, c: c, r: bufio.NewReader(c)}
	if !ss.say("220 "+s.Hostname+" ESMTP", "connect") {
		return
	}
	for {
		line, err := ss.r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToLower(verb)
		if !ss.command(verb, rest) {
			return
		}
	}
}

// command answers one command; false ends the session.
func (ss *session) command(verb, rest string) bool {
	switch verb {
	case "ehlo":
		ss.helo = rest
		lines := []string{"250-" + ss.s.Hostname}
		if ss.s.Size > 0 {
			lines = append(lines, fmt.Sprintf("250-SIZE %d", ss.s.Size))
		}
		if ss.s.DSN {
			lines = append(lines, "250-DSN")
		}
		return ss.say(strings.Join(append(lines, "250-8BITMIME", "250 ENHANCEDSTATUSCODES"), "\n"), "ehlo")
	case "helo":
		ss.helo = rest
		return ss.say("250 "+ss.s.Hostname, "helo")
	case "mail":
		ss.mail = Mail{From: path(rest)}
		return ss.say("250 2.1.0 Ok", "mail")
	case "rcpt":
		to := path(rest)
		reply, ok := ss.reply("rcpt "+local(to), "rcpt")
		if !ok {
			ss.mail.To = append(ss.mail.To, to)
			reply = "250 2.1.5 Ok"
		}
		return ss.write(reply)
	case "data":
		if len(ss.mail.To) == 0 {
			return ss.write("554 5.5.1 Error: no valid recipients")
		}
		if reply, ok := ss.reply("data"); ok {
			return ss.write(reply)
		}
		return ss.write("354 End data with <CR><LF>.<CR><LF>") && ss.data()
	case "rset":
		ss.mail = Mail{}
		return ss.say("250 2.0.0 Ok", "rset")
	case "quit":
		ss.write("221 2.0.0 Bye")
		return false
	case "noop":
		return ss.write("250 2.0.0 Ok")
	}
	return ss.write("502 5.5.2 Error: command not recognized")
}

func (ss *session) data() bool {
	var raw bytes.Buffer
	if !ss.s.NoTrace {
		fmt.Fprintf(&raw, "Return-Path: <%s>\r\nDelivered-To: %s\r\n", ss.mail.From, ss.mail.To[0])
		host, _, _ := net.SplitHostPort(ss.c.RemoteAddr().String())
		fmt.Fprintf(&raw, "Received: from %s (%s [%s])\r\n\tby %s with ESMTP\r\n\tfor <%s>; %s\r\n", ss.helo, ss.helo, host,
			ss.s.Hostname, ss.mail.To[0], time.Now().UTC().Format(time.RFC1123Z))
	}
	for {
		line, err := ss.r.ReadBytes('\n')
		if err != nil {
			return false
		}
		if string(line) == ".\r\n" {
			break
		}
		raw.Write(bytes.TrimPrefix(line, []byte(".")))
	}
	stages := []string{"eod"}
	for _, to := range ss.mail.To {
		stages = append([]string{"eod " + local(to)}, stages...)
	}
	if reply, ok := ss.reply(stages...); ok {
		return ss.write(reply)
	}
	ss.mail.Raw = raw.Bytes()
	if ss.s.Accepted != nil {
		ss.s.Accepted(ss.mail)
	}
	ss.mail = Mail{}
	return ss.write("250 2.0.0 Ok: queued as 4XyZ0a1b2c3d")
}

// reply is what the first of the stages that has a reply says.
func (ss *session) reply(stages ...string) (string, bool) {
	for _, stage := range stages {
		if r, ok := ss.s.Replies[stage]; ok {
			return r, true
		}
	}
	return "", false
}

func (ss *session) say(reply, stage string) bool {
	if r, ok := ss.reply(stage); ok {
		reply = r
	}
	return ss.write(reply)
}

func (ss *session) write(reply string) bool {
	switch reply {
	case "close":
		return false
	case "silent":
		time.Sleep(10 * time.Minute)
		return false
	}
	_, err := ss.c.Write([]byte(strings.ReplaceAll(reply, "\n", "\r\n") + "\r\n"))
	return err == nil && !strings.HasPrefix(reply, "421")
}

// path is the address in the argument of MAIL or RCPT.
func path(arg string) string {
	_, arg, _ = strings.Cut(arg, "<")
	arg, _, _ = strings.Cut(arg, ">")
	return arg
}

func local(addr string) string {
	l, _, _ := strings.Cut(addr, "@")
	return l
}
