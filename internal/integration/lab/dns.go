//go:build integration

package lab

import (
	"net"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// DNS answers on 127.0.0.1:53 for the lab's names. A name that is not in it does not exist.
type DNS struct {
	// Names maps a name in lower case, without the final dot, to what it has. An answer that is nil fails (SERVFAIL).
	Names map[string]*Name
}

// Name is what the DNS holds of one name.
type Name struct {
	A  []string
	MX []string // in order of preference; "." is the null MX of RFC 7505
}

// Start serves until the test ends.
func (d *DNS) Start(tb testing.TB) {
	tb.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if reply := d.answer(buf[:n]); reply != nil {
				conn.WriteTo(reply, from)
			}
		}
	}()
}

func (d *DNS) answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Authoritative = true, true, false
	m.Answers, m.Authorities, m.Additionals = nil, nil, nil
	name, known := d.Names[strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))]
	switch {
	case !known:
		m.RCode = dnsmessage.RCodeNameError
	case name == nil:
		m.RCode = dnsmessage.RCodeServerFailure
	case q.Type == dnsmessage.TypeA:
		for _, a := range name.A {
			m.Answers = append(m.Answers, resource(q, &dnsmessage.AResource{A: [4]byte(net.ParseIP(a).To4())}))
		}
	case q.Type == dnsmessage.TypeMX:
		for i, mx := range name.MX {
			host := dnsmessage.MustNewName(strings.TrimSuffix(mx, ".") + ".")
			pref := uint16(10 * (i + 1))
			if mx == "." {
				pref = 0
			}
			m.Answers = append(m.Answers, resource(q, &dnsmessage.MXResource{Pref: pref, MX: host}))
		}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}

func resource(q dnsmessage.Question, body dnsmessage.ResourceBody) dnsmessage.Resource {
	return dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
		Body:   body,
	}
}
