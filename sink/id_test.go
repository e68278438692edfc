package sink

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var storeField = regexp.MustCompile(`(?i)^(status|x-status|x-uid|x-keywords|x-imap[^:]*|x-mozilla-[^:]*|x-gm-[^:]*|x-gmail-labels|content-length|lines)[ \t]*:`)

// plainID is the definition of an ID, written down without any thought of speed.
func plainID(raw, eventType, recipient string, n int) string {
	s := raw
	for strings.Contains(s, "\r\n") {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	s = strings.ReplaceAll(s, "\r", "\n")
	if strings.HasPrefix(s, "From ") {
		_, s, _ = strings.Cut(s, "\n")
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		if bare := strings.TrimLeft(line, ">"); strings.HasPrefix(bare, "From ") {
			line = bare
		}
		b.WriteString(line)
	}
	s = b.String()
	header, body, _ := strings.Cut("\n"+s, "\n\n")
	header = strings.TrimPrefix(header, "\n")
	var kept []string
	dropping := false
	for line := range strings.Lines(header) {
		if line[0] != ' ' && line[0] != '\t' {
			dropping = storeField.MatchString(line)
		}
		if !dropping {
			kept = append(kept, line)
		}
	}
	header = strings.Join(kept, "")
	if len(header)+1 >= idSearch {
		body = ""
	}
	header = strings.TrimRight(header[:min(len(header), idHeader)], "\n")
	body = strings.TrimRight(body[:min(len(body), idBody)], "\n")
	if body != "" {
		body = "\n\n" + body
	}
	sum := sha256.Sum256([]byte(fmt.Sprintf("%s%s\x00%s\x00%s\x00%d", header, body, eventType, strings.ToLower(recipient), n)))
	return hex.EncodeToString(sum[:16])
}

func idOf(raw string) string { return NewIdentity([]byte(raw)).ID(TypeBounce, "a@example.org") }

// forms returns msg, which is LF only, in the forms that sources hand out.
func forms(msg string) map[string]string {
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	mbox := func(s, quoted string) string { // quoted: which ">" before "From " get another
		b := []byte("From bounces@news.example Mon Mar  9 14:05:06 2026\n")
		for line := range strings.Lines(s) {
			if strings.HasPrefix(strings.TrimLeft(line, quoted), "From ") {
				b = append(b, '>')
			}
			b = append(b, line...)
		}
		return string(append(b, '\n'))
	}
	m := map[string]string{
		"lf":             msg,
		"crlf":           crlf(msg),
		"cr":             strings.ReplaceAll(msg, "\n", "\r"),
		"crcrlf":         strings.ReplaceAll(msg, "\n", "\r\r\n"),
		"newline added":  msg + "\n",
		"newlines added": crlf(msg + "\n\n\n"),
		"mboxo":          mbox(msg, ""),
		"mboxrd":         mbox(msg, ">"),
		"mboxrd crlf":    crlf(mbox(msg, ">")),
	}
	if trimmed := strings.TrimRight(msg, "\n"); trimmed != "" {
		m["no newline"] = trimmed
		m["no newline crlf"] = crlf(trimmed)
	}
	if !strings.HasPrefix(msg, "\n") && msg != "" {
		for name, field := range map[string]string{
			"status": "Status: RO\n", "old syntax": "sTaTuS \t: O\n", "folded": "X-Keywords: one\n\ttwo\n  three\n",
			"x-imapbase": "X-IMAPbase: 1234 5\n", "x-imap": "X-IMAP: 1 2\n", "mozilla": "X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n",
			"gmail": "X-GM-THRID: 17\nX-GM-Labels: a,\n b\nX-Gmail-Labels: Inbox\n", "counts": "Content-Length: 123\nLines: 7\n", "x-uid": "X-UID: 7\nX-Status: A\n",
		} {
			if len(msg) > 20_000 && name != "folded" {
				continue // too slow for all
			}
			m["store first "+name] = field + msg
			m["store first crlf "+name] = crlf(field + msg)
			m["store first cr "+name] = strings.ReplaceAll(field+msg, "\n", "\r")
			if head, body, found := strings.Cut(msg, "\n\n"); found {
				m["store last "+name] = mbox(head+"\n"+field+"\n"+body, ">")
				m["store last crlf "+name] = crlf(head + "\n" + field + "\n" + body)
			}
		}
	}
	return m
}

const idHead = "Received: from mx.example.org (mx.example.org [192.0.2.1])\n\tby mail.news.example; Mon, 9 Mar 2026 14:05:06 +0000\nFrom: MAILER-DAEMON@mx.example.org\nStatusline: kept\nSubject: Undelivered Mail\n"

func TestIDIsTheSameInAllForms(t *testing.T) {
	text := strings.Repeat("This is the mail system at host mx.example.org.\n", 400)
	cases := map[string]string{
		"text":             idHead + "\nI'm sorry to have to inform you.\n\nBye\n",
		"no body":          idHead,
		"empty body":       idHead + "\n",
		"newline body":     idHead + "\n\n\n\n",
		"no header":        "\nonly a body\n",
		"blank body start": idHead + "\n\n\n\nlate start\n",
		"from lines":       idHead + "\nFrom here on\n>From there\n>>>From far\n> From is kept\n>Fromage\nFrom \n",
		"from at the end":  idHead + "\n\nFrom ",
		"field in body":    idHead + "\nStatus: 5.1.1\nLines: 4\n\nX-UID: 5\n",
		"long":             idHead + "\n" + text,
		"not mail":         "no colon here\nnor here\n",
		"long field":       idHead + "X-Long: " + strings.Repeat("x", 300_000) + "\n\nbody\n",
		"long header":      idHead + strings.Repeat("X-Field: some value\n", 5_000) + "\nbody\n",
		"endless header":   idHead + strings.Repeat("X-Field: some value\n", 14_000) + "\nbody\n",
		"short lines":      strings.Repeat("x\n", 70_000),
		"newlines":         idHead + "\n" + strings.Repeat("\n", 300_000),
		"late text":        idHead + "\n" + strings.Repeat("\n", 300_000) + "x",
		"one":              "x",
		"none":             "",
	}
	// Newlines around both edges.
	for d := -6; d <= 6; d++ {
		for nl := range 5 {
			cut := strings.Repeat("y", idBody+d) + strings.Repeat("\n", nl)
			cases[fmt.Sprintf("body edge %d %d end", d, nl)] = idHead + "\n" + cut
			cases[fmt.Sprintf("body edge %d %d", d, nl)] = idHead + "\n" + cut + "more\nmore\n"
		}
		for _, line := range []string{"From x", ">From x", ">>>>>>From x", ">>>>>> x", ">Fro"} {
			cases[fmt.Sprintf("body edge %d %s", d, line)] = idHead + "\n" + strings.Repeat("y", idBody-6+d) + "\n" + line + "\nmore\n"
		}
		cases[fmt.Sprintf("header edge %d", d)] = idHead + "X: " + strings.Repeat("z", idHeader-len(idHead)-4+d) + "\nY: z\n\nbody\n"
		if d < -2 || d > 2 {
			continue
		}
		cases[fmt.Sprintf("search edge %d", d)] = "X: " + strings.Repeat("z", idSearch-4+d) + "\n\nbody\n"
	}
	for name, msg := range cases {
		want := plainID(msg, TypeBounce, "a@example.org", 1)
		for form, raw := range forms(msg) {
			if got := idOf(raw); got != want {
				t.Errorf("%s as %s: %s, want %s", name, form, got, want)
			}
			if head := raw[:min(len(raw), 256<<10)]; idOf(head) != want {
				t.Errorf("%s as %s, head only: differs", name, form)
			}
		}
	}
}

func TestIDTellsApart(t *testing.T) {
	msgs := []string{
		idHead + "\nbody\n",
		idHead + "\nbody \n",
		idHead + "\n\nbody\n",
		idHead + "body\n",
		idHead + " \nbody\n",
		idHead + "\n>body\n",
		idHead + "\n From x\n",
		idHead + "\nFrom: x\n",
		idHead + "X-UIDL: 5\n\nbody\n",
		idHead + "\nStatus: 5.1.1\nbody\n",
		strings.Replace(idHead, "mx.example.org", "mx2.example.org", 1) + "\nbody\n",
		idHead + "\nbo\ndy\n",
		"",
	}
	seen := map[string]string{}
	for _, m := range msgs {
		id := idOf(m)
		if other, dup := seen[id]; dup {
			t.Errorf("%q and %q share an ID", m, other)
		}
		seen[id] = m
	}
}

func TestIDPerEvent(t *testing.T) {
	msg := idHead + "\nbody\n"
	id := NewIdentity([]byte(msg))
	for i, c := range []struct {
		eventType, recipient string
		n                    int
	}{
		{TypeBounce, "a@example.org", 1},
		{TypeBounce, "A@Example.ORG", 2},
		{TypeDelay, "a@example.org", 1},
		{TypeBounce, "", 1},
		{TypeBounce, "b@example.org", 1},
		{TypeBounce, "a@example.org", 3},
		{TypeBounce, "", 2},
		{TypeBounce, strings.Repeat("long", 100) + "@example.org", 1},
	} {
		if got, want := id.ID(c.eventType, c.recipient), plainID(msg, c.eventType, c.recipient, c.n); got != want {
			t.Errorf("%d: %s, want %s", i, got, want)
		}
	}
}

// TestIDStays pins one ID: changing how they are made would make every archive's events new.
func TestIDStays(t *testing.T) {
	if got, want := idOf(idHead+"\nbody\n"), "4d54d9bbc5f6373b2991f772d7d74543"; got != want {
		t.Errorf("the ID of a message has changed: %s, was %s", got, want)
	}
}

func FuzzIdentity(f *testing.F) {
	f.Add([]byte(idHead + "\nFrom x\r\r\n>From y\r\rz\n\n"))
	f.Add([]byte("From a\nStatus: x\n\tfold\nX: y\r\n\r\nbody\r\r\r"))
	f.Add([]byte("\r\r\n\n\r"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		want := plainID(string(raw), TypeBounce, "a@example.org", 1)
		if got := idOf(string(raw)); got != want {
			t.Fatalf("%q: %s, by the definition %s", raw, got, want)
		}
		lf := strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\r", "\n")
		for name, end := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r", "CRCRLF": "\r\r\n"} {
			if got, want := idOf(strings.ReplaceAll(lf, "\n", end)), idOf(lf); got != want {
				t.Fatalf("%q as %s: %s, as LF %s", raw, name, got, want)
			}
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("the message was written to")
		}
	})
}

func BenchmarkIdentity(b *testing.B) {
	body := strings.Repeat("This is the mail system at host mx.example.org.\n", 400)
	lf := []byte(strings.Repeat(idHead, 8) + "\n" + body)
	for name, raw := range map[string][]byte{"LF": lf, "CRLF": bytes.ReplaceAll(lf, []byte("\n"), []byte("\r\n")), "CR": bytes.ReplaceAll(lf, []byte("\n"), []byte("\r"))} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				NewIdentity(raw).ID(TypeBounce, "a@example.org")
			}
		})
	}
	b.Run("many", func(b *testing.B) {
		id := NewIdentity(lf)
		for b.Loop() {
			id.ID(TypeBounce, "a@example.org")
		}
	})
}

// What an Identity was before leaves no trace.
func TestIdentityReset(t *testing.T) {
	var id Identity
	mails := []string{"Subject: a\n\nbody\n", "From x\nSubject: " + strings.Repeat("long ", 900) + "\n>From y\n\n", "", "\n\n\nSubject: a", "Subject: a\n\nbody\n"}
	for i, raw := range mails {
		id.Reset([]byte(raw))
		fresh := NewIdentity([]byte(raw))
		for n := range 70 * (i % 2) {
			id.ID(TypeBounce, strconv.Itoa(n))
		}
		for range 2 {
			if got, want := id.ID(TypeDelay, "A@example.org"), fresh.ID(TypeDelay, "a@example.org"); got != want {
				t.Errorf("%d: %s, and %s where it is new", i, got, want)
			}
		}
	}
}
