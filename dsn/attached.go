package dsn

// readAttached reads a report that a program passes on inside a notice of its own that names
// nobody: a list manager's "Uncaught bounce notification", a gateway's wrapper. What a person
// forwards is ordinary mail.
func (m *mail) readAttached(r *Report) bool {
	if m.attached {
		return false
	}
	i := m.attachedReport()
	if i < 0 || !isUncaught(m) && (m.signs() < 2 || addressIn(m.textHead()) != "") {
		return false
	}
	inner := mail{limits: m.limits, work: m.work, headerLines: m.headerLines, attached: true}
	inner.header, inner.body = inner.parseHeader(stripEnvelope(m.parts[i].body))
	inner.walk(inner.header, inner.body, 0, -1, false)
	rep := Report{Header: m.header}
	if !inner.read(&rep) || rep.Kind != DeliveryStatus {
		return false
	}
	*r = rep
	m.problems = append(m.problems, inner.problems...)
	m.problem("attached_report", "")
	return true
}

// attachedReport returns the part that is a message and begins like a report, or -1.
func (m *mail) attachedReport() int {
	for i := range m.parts {
		if p := &m.parts[i]; !p.inside && isMessageType(p.value) && i+1 < len(m.parts) && m.parts[i+1].parent == i {
			inner := &m.parts[i+1]
			if inner.value == "multipart/report" || containsFold(inner.header.Get("From"), "mailer-daemon") || containsFold(inner.header.Get("From"), "postmaster@") {
				return i
			}
		}
	}
	return -1
}

// isUncaught tells the notices of list managers by which they hand a bounce to the owner.
func isUncaught(m *mail) bool {
	return containsFold(m.header.Get("Subject"), "uncaught bounce notification") && isListRobot(m.header.Get("From"))
}
