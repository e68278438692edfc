package ingest

import (
	"io"
	"testing"
	"time"
)

// ScriptedIMAP is the scripted server for tests outside of this package.
type ScriptedIMAP struct{ *fakeIMAP }

// NewScriptedIMAP serves n mails with the UIDs 1 to n. on may answer a command in its own way.
func NewScriptedIMAP(t testing.TB, n int, caps string, on func(c ScriptedConn, tag, verb, args string) bool) ScriptedIMAP {
	f := newFakeIMAP(t, n)
	f.caps += " " + caps
	f.on = func(c *fakeConn, tag, verb, args string) bool { return on(ScriptedConn{c}, tag, verb, args) }
	return ScriptedIMAP{f}
}

// Options waits only so long for the server, and between two attempts of an action.
func (s ScriptedIMAP) Options(timeout, actionDelay time.Duration) IMAPOptions {
	opts := s.options()
	opts.Timeout, opts.actionDelay, opts.Interval = timeout, actionDelay, 50*time.Millisecond
	return opts
}

func (s ScriptedIMAP) Add(uid uint32) { s.add(uid, fakeMail) }

func (s ScriptedIMAP) Commands(verbs ...string) []string { return s.commands(verbs...) }

// SetUIDValidity cuts the connections, too.
func (s ScriptedIMAP) SetUIDValidity(v uint32) {
	s.mu.Lock()
	s.validity = v
	s.mu.Unlock()
	s.cut()
}

func (s ScriptedIMAP) Cut() { s.cut() }

type ScriptedConn struct{ *fakeConn }

func (c ScriptedConn) Say(format string, args ...any) { c.say(format, args...) }

// Silence reads on and answers nothing until the client hangs up.
func (c ScriptedConn) Silence() { io.Copy(io.Discard, c) }
