package dsn

import "testing"

func TestParseReply(t *testing.T) {
	for _, c := range []struct {
		in      string
		code    int
		status  string
		text    string
		command string
	}{
		{"550 5.1.1 <kim@example.org>: no such user", 550, "5.1.1", "<kim@example.org>: no such user", ""},
		{"550-5.1.1 The email account that you tried to reach\n550-5.1.1 does not exist.\n550 5.1.1 Learn more", 550, "5.1.1", "The email account that you tried to reach does not exist. Learn more", ""},
		{"550-5.1.1 The email account 550-5.1.1 does not exist. 550 5.1.1 Learn more", 550, "5.1.1", "The email account does not exist. Learn more", ""},
		{"550-first line\r\n550-second line\r\n550 last line", 550, "", "first line second line last line", ""},
		{"host mx.example.org[192.0.2.1] said: 451 4.7.1 Greylisted, try again in 300 seconds (in reply to RCPT TO command)", 451, "4.7.1", "Greylisted, try again in 300 seconds", "RCPT"},
		{"550 5.1.7 <a@example.net>: Sender address rejected: undeliverable address: host mx.example.net[192.0.2.1] said: 550 no such user", 550, "5.1.7", "<a@example.net>: Sender address rejected: undeliverable address: host mx.example.net[192.0.2.1] said: 550 no such user", ""},
		{"host mx.example.org[192.0.2.1] refused to talk to me: 554 5.7.1 go away", 554, "5.7.1", "go away", ""},
		{"550 550 5.1.1 unknown", 550, "5.1.1", "unknown", ""},
		{"550 #5.1.0 Address rejected.", 550, "5.1.0", "Address rejected.", ""},
		{"smtp;550 5.7.1 no thanks", 550, "5.7.1", "no thanks", ""},
		{"sorry, no mailbox here by that name (#5.1.1 - chkusr)", 0, "5.1.1", "sorry, no mailbox here by that name (#5.1.1 - chkusr)", ""},
		{"5.1.0 - Unknown address error 550-'5.7.1 <a@example.net>... Access denied' (delivery attempts: 0)", 550, "5.7.1", "<a@example.net>... Access denied", ""},
		{"connect to mx.example.org[192.0.2.7]:25: Connection refused", 0, "", "connect to mx.example.org[192.0.2.7]:25: Connection refused", ""},
		{"message size 500 bytes exceeds", 0, "", "message size 500 bytes exceeds", ""},
		{"552 size limit", 552, "", "size limit", ""},
		{"421", 421, "", "", ""},
		{"255", 0, "", "255", ""},
		{"unable to reach 10.5.1.1 at port 550", 0, "", "unable to reach 10.5.1.1 at port 550", ""},
		{"554 delivery error: dd This user doesn't have an account (kim@example.org) [0] - mta1.example.com", 554, "", "delivery error: dd This user doesn't have an account (kim@example.org) [0] - mta1.example.com", ""},
		{"", 0, "", "", ""},
	} {
		r := ParseReply([]byte(c.in))
		if r.Code != c.code || r.Status.String() != c.status || r.Text != c.text || r.Command != c.command {
			t.Errorf("%q\n got %d %q %q %q\nwant %d %q %q %q", c.in, r.Code, r.Status, r.Text, r.Command, c.code, c.status, c.text, c.command)
		}
	}
}

// The quick way gives what the general one does, or leaves the date to it.
func TestUsualDate(t *testing.T) {
	usual := 0
	for _, day := range []string{"", " ", "Tue, ", "Mar, ", "tue, ", "Tue,"} {
		for _, dm := range []string{"1 Jan", "31 Feb", "29 feb", "09 DEC", "24 Nov", "0 May", "32 May", "7 Nox", "1  Jun", "x Jul"} {
			for _, year := range []string{"2026", "2024", "2000", "1900", "1969", "9999", "0012", "99", "20x6"} {
				for _, rest := range []string{"10:00:05 +0100", "00:00:00 -0830 (PDT)", "24:59:60 +1400", "23:59:59 +1401", "25:00:00 +0000", "10:00 +0000", "1:02:03 +0000", "10:00:05 GMT", "10:00:05 +0100(CET)", "10:00:05 +01000", "10:00:05\t+0100", "10:00:05 +0100,", "10:00:05 +0160", "1x:00:05 +0100", ""} {
					s := day + dm + " " + year + " " + rest
					got, ok := usualDate(s)
					if want := anyDate(s); ok && got != want {
						t.Errorf("%q: %v, want %v", s, got, want)
					}
					if ok {
						usual++
					}
				}
			}
		}
	}
	if usual < 500 {
		t.Error(usual)
	}
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]string{
		"Tue, 24 Nov 2026 10:00:05 +0100 (CET)": "2026-11-24T09:00:05Z",
		"24 Nov 2026 10:00:05 +0100":            "2026-11-24T09:00:05Z",
		"Thu,29 Apr 2006 23:34:45 +0000":        "2006-04-29T23:34:45Z",
		"Wed, 1 Jan 97 00:00:00 EST":            "1997-01-01T05:00:00Z",
		"2012-08-21 19-39-02":                   "2012-08-21T19:39:02Z",
		"2012-08-21T19:39:02Z":                  "2012-08-21T19:39:02Z",
		"Tue Nov 24 10:00:05 2026":              "2026-11-24T10:00:05Z",
		"Thu Apr 29 23:34:45 JST 2010":          "2010-04-29T14:34:45Z",
		"21-Aug-2012 19:39:02 GMT":              "2012-08-21T19:39:02Z",
		"Fri, 31 Dec 1999 23:59:60 +0000":       "2000-01-01T00:00:00Z",
		"Mon, 1 Mar 2021 08:00 -0500":           "2021-03-01T13:00:00Z",
		"yesterday":                             "",
		"":                                      "",
		"99 Nov 2026 10:00:00":                  "",
		"Tue, 24 Foo 2026 10:00:05 +0100 (CET)": "",
	} {
		got := ""
		if d := parseDate(in); !d.IsZero() {
			got = d.Format("2006-01-02T15:04:05Z07:00")
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestCleanAddress(t *testing.T) {
	for in, want := range map[string]string{
		"<kim@example.org>":            "kim@example.org",
		"Kim <kim@example.org>":        "kim@example.org",
		"kim@example.org:":             "kim@example.org",
		"rfc822;kim@example.org":       "kim@example.org",
		"'kim@example.org'":            "kim@example.org",
		"mailto:kim@example.org":       "kim@example.org",
		"kim..lee.@example.org":        "kim..lee.@example.org",
		`"kim lee"@example.org`:        `"kim lee"@example.org`,
		`\x{66f8}\x{5b57}@example.org`: "書字@example.org",
		"kim@example.org.":             "kim@example.org",
		"[SMTP:kim@example.org]":       "kim@example.org",
	} {
		if got := cleanAddress(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
