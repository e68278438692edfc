//go:build integration

package lab

import (
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// Send gives a mail to the server at addr (port 25) by SMTP. Each recipient is an address, perhaps followed by a space and
// parameters of RCPT; so is from.
func Send(tb testing.TB, addr, from string, to []string, mail string) {
	tb.Helper()
	if err := TrySend(addr, from, to, mail); err != nil {
		tb.Fatalf("sending from %s to %v by %s: %v", from, to, addr, err)
	}
}

// TrySend is Send for mail that the server may refuse.
func TrySend(addr, from string, to []string, mail string) error {
	conn, err := net.DialTimeout("tcp", addr+":25", time.Minute)
	if err != nil {
		return err
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	c := textproto.NewConn(conn)
	defer c.Close()
	if _, _, err := c.ReadResponse(220); err != nil {
		return fmt.Errorf("no greeting: %w", err)
	}
	say := func(code int, format string, args ...any) error {
		if err := c.PrintfLine(format, args...); err != nil {
			return err
		}
		if _, _, err := c.ReadResponse(code); err != nil {
			return fmt.Errorf(format+": %w", append(args, err)...)
		}
		return nil
	}
	if err := say(250, "EHLO app.example.com"); err != nil {
		return err
	}
	if err := say(250, "MAIL FROM:%s", bracketed(from)); err != nil {
		return err
	}
	for _, t := range to {
		if err := say(25, "RCPT TO:%s", bracketed(t)); err != nil {
			return err
		}
	}
	if err := say(354, "DATA"); err != nil {
		return err
	}
	w := c.DotWriter()
	if _, err := w.Write([]byte(mail)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if _, _, err := c.ReadResponse(250); err != nil {
		return fmt.Errorf("after the mail: %w", err)
	}
	return say(221, "QUIT")
}

// bracketed encloses the address in arg, which ends at the first space after its last quote.
func bracketed(arg string) string {
	quoted := strings.LastIndex(arg, `"`) + 1
	addr, params, ok := strings.Cut(arg[quoted:], " ")
	if !ok {
		return "<" + arg + ">"
	}
	return "<" + arg[:quoted] + addr + "> " + params
}
