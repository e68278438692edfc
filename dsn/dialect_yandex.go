package dsn

import "strings"

// Yandex runs a Postfix that names its own queue, below a greeting in Russian.
func detectYandex(m *mail) bool {
	if !m.has(markMailSystem) {
		return false
	}
	if p := m.find(isStatusType); p != nil && strings.Contains(p.body, "\nX-Yandex-") {
		return true
	}
	return strings.Contains(m.textHead(), "отправлено почтовым сервером yandex")
}
