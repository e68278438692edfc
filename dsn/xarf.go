package dsn

import (
	"encoding/json"
	"strings"
)

// readXARF reads X-ARF (abusix): fields in YAML, in a part of their own or in the body.
func (m *mail) readXARF(r *Report) bool {
	for i := range m.parts {
		p := &m.parts[i]
		if p.inside || strings.HasPrefix(p.value, "multipart/") {
			continue
		}
		s := m.transferDecoded(p)
		if strings.HasSuffix(p.value, "/json") && m.readXARFJSON(r, s) {
			return true
		}
		at := indexFold(s, "report-type:")
		if at < 0 || at > 0 && s[at-1] != '\n' {
			continue
		}
		r.Kind, r.Dialect = FeedbackReport, "x-arf"
		r.Feedback = &Feedback{Type: "other"}
		h, _ := m.parseHeader(strings.TrimPrefix(strings.TrimLeft(s, "\n"), "---\n"))
		for _, f := range h {
			v := strings.Trim(f.Value, "'\" ")
			switch lower(f.Name) {
			case "report-type":
				if containsFold(v, "spam") {
					r.Feedback.Type = "abuse"
				}
			case "source", "source-ip":
				if r.Feedback.SourceIP == "" && strings.IndexByte(v, '@') < 0 {
					r.Feedback.SourceIP = v
				}
			case "user-agent", "version", "reported-domain":
				m.feedbackField(r.Feedback, f.Name, v)
			case "date":
				r.Feedback.ArrivalDate = m.date(f.Name, v)
			}
		}
		r.Original.Header = m.original()
		m.feedbackRecipients(r)
		return true
	}
	return false
}

// readXARFJSON reads X-ARF 3 and 4 (xarf.org): one JSON object.
func (m *mail) readXARFJSON(r *Report, s string) bool {
	var v struct {
		Report struct {
			ReportType, Date, SourceIP             string
			SMTPMailFromAddress, SMTPRcptToAddress string
		}
		Type      string
		Timestamp string
		Source    string `json:"source_identifier"`
		SMTPFrom  string `json:"smtp_from"`
		SMTPTo    string `json:"smtp_to"`
	}
	if json.Unmarshal([]byte(s), &v) != nil || v.Report.ReportType == "" && v.Type == "" {
		return false
	}
	f := &Feedback{Type: "other", SourceIP: v.Report.SourceIP + v.Source, OriginalMailFrom: v.Report.SMTPMailFromAddress + v.SMTPFrom}
	if strings.EqualFold(v.Report.ReportType+v.Type, "spam") {
		f.Type = "abuse"
	}
	if a := cleanAddress(v.Report.SMTPRcptToAddress + v.SMTPTo); isAddress(a) {
		f.OriginalRcptTo = []string{a}
	}
	f.ArrivalDate = m.date("date", v.Report.Date+v.Timestamp)
	r.Kind, r.Dialect, r.Feedback = FeedbackReport, "x-arf", f
	r.Original.Header = m.original()
	m.feedbackRecipients(r)
	return true
}
