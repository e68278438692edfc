package dsn

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// TestCharsets writes a text in its legacy encoding, labelled, mislabelled and not labelled:
// it must read the same. Where bytes alone do not tell, the label must be right.
func TestCharsets(t *testing.T) {
	const (
		ja = "メールを配信できませんでした。宛先のメールアドレスが見つかりません。"
		zh = "您的邮件被退回，收件人不存在，请检查邮件地址后重新发送。"
		tw = "您的郵件無法傳送，收件人不存在。"
		ko = "메일을 전달할 수 없습니다. 사용자를 찾을 수 없습니다."
		ru = "Сообщение не может быть доставлено: пользователь не найден."
		de = "Die Nachricht konnte nicht zugestellt werden: Empfänger für diese Domäne ungültig."
	)
	for _, c := range []struct {
		name   string
		enc    encoding.Encoding
		text   string
		labels []string // each reads it right
	}{
		{"iso-2022-jp", japanese.ISO2022JP, ja, []string{"iso-2022-jp", "", "us-ascii", "utf-8", "iso-8859-1"}},
		{"shift_jis", japanese.ShiftJIS, ja, []string{"shift_jis", "", "us-ascii", "utf-8"}},
		{"euc-jp", japanese.EUCJP, ja, []string{"euc-jp", "", "us-ascii"}},
		{"gbk", simplifiedchinese.GBK, zh, []string{"gbk", "gb2312", "", "utf-8"}},
		{"big5", traditionalchinese.Big5, tw, []string{"big5"}},
		{"euc-kr", korean.EUCKR, ko, []string{"euc-kr"}},
		{"koi8-r", charmap.KOI8R, ru, []string{"koi8-r", "", "us-ascii"}},
		{"windows-1251", charmap.Windows1251, ru, []string{"windows-1251", "", "utf-8"}},
		{"windows-1252", charmap.Windows1252, de, []string{"windows-1252", "iso-8859-1", "", "us-ascii", "utf-8"}},
	} {
		raw, err := c.enc.NewEncoder().String(c.text)
		if err != nil {
			t.Fatal(c.name, err)
		}
		for _, label := range c.labels {
			m := &mail{limits: Limits{}.withDefaults()}
			if got := m.toUTF8(raw, label); got != c.text {
				t.Errorf("%s labelled %q: %q", c.name, label, got)
			}
		}
	}
	m := &mail{limits: Limits{}.withDefaults()}
	if got := m.toUTF8("Empf+AOQ-nger +- A", "unicode-1-1-utf-7"); got != "Empfänger + A" {
		t.Errorf("utf-7: %q", got)
	}
	// A label that nobody knows, and one whose decoder blanks everything, keep the words.
	for _, label := range []string{"iso-2022-kr", "iso-2022-cn", "x-nonsense"} {
		if got := m.toUTF8("550 user unknown \xe9", label); !strings.Contains(got, "user unknown") {
			t.Errorf("%s: %q", label, got)
		}
	}
}
