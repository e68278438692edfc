package dsn

import "strings"

// PEC, Italy's certified mail, states in X-Ricevuta what a message is; the sentence names
// sender and recipient in quotes:
//
//	nel messaggio "oggetto" proveniente da "lee@example.net"
//	e destinato all'utente "kim@example.org"
//	è stato rilevato un errore ...
func detectPEC(m *mail) bool { return pecAction(m.header.Get("X-Ricevuta")) != None }

// pecAction says what a kind of receipt means for the recipient.
func pecAction(kind string) Action {
	switch lower(strings.TrimSpace(kind)) {
	case "errore-consegna", "non-accettazione", "rilevazione-virus":
		return Failed
	case "preavviso-errore-consegna":
		return Delayed
	case "avvenuta-consegna":
		return Delivered
	}
	return None
}

func readPEC(m *mail, r *Report) []found {
	action := pecAction(m.header.Get("X-Ricevuta"))
	text := fold(firstBytes(m.text(), 8000))
	var fs []found
	from := strings.Index(text, "proveniente da ")
	if from < 0 {
		return nil
	}
	rest := after(text[from:], "destinat")
	if rest == "" {
		rest = after(text[from:], "indirizzat")
	}
	for len(fs) < 1000 {
		a := addressIn(rest)
		i := strings.Index(rest, a)
		if a == "" || i > 120 { // the list has ended
			break
		}
		fs = append(fs, found{addr: a, action: action})
		rest = strings.TrimLeft(rest[i+len(a):], "\" ")
	}
	if action != Delivered {
		reason := rest
		if i := strings.Index(reason, "Identificativo messaggio"); i >= 0 {
			reason = reason[:i]
		}
		for i := range fs {
			fs[i].text = strings.Trim(firstBytes(reason, 1000), " ,.")
		}
	}
	return fs
}
