package dsn

import (
	"slices"
	"strings"
)

// The portals of China (QQ, NetEase and other users of Coremail) write a page of labels, in
// Chinese or in two languages; the reply stands behind "退信原因" or, better, "英文说明".
func detectChinese(m *mail) bool {
	return m.opens(markChinese)
}

var (
	chineseRecipient = labels{"收件人地址", "收件人", "收信人", "recipient", "邮件接收者", "receiver"}
	chineseReason    = labels{"英文说明", "失败原因", "失敗原因", "退信原因", "错误信息", "錯誤訊息", "出错信息", "退信代码", "error message", "reason"}
	chineseOther     = labels{"建议解决方案", "建议", "解决方案", "原邮件信息", "发件人", "主题", "主 题", "时间", "日期", "邮件主题", "发送时间", "如果您", "此邮件", "温馨提示", "中文说明", "subject", "sender", "date"}
)

func readChinese(m *mail, r *Report) []found {
	text, original := cutOriginal(m.text(), genericSeparators...)
	if original == "" {
		text, original = headerBlock(text)
	}
	m.setOriginal(r, original)
	var addrs []string
	var reasons []string
	state := 0 // 1: a recipient is to come, 2: a reason
	lines(text, func(line string) bool {
		t := strings.TrimSpace(line)
		switch {
		case t == "":
			return true
		case chineseRecipient.open(&t):
			state = 1
		case chineseReason.open(&t):
			state = 2
		case chineseOther.open(&t):
			state = 0
		}
		switch state {
		case 1:
			for s := t; s != "" && len(addrs) < m.limits.Recipients; {
				a := addressIn(s)
				if a == "" {
					break
				}
				if !slices.Contains(addrs, a) { // "is full: a@example.org"
					addrs = append(addrs, a)
				}
				s = after(s, a)
			}
		case 2:
			if t != "" && len(reasons) < 20 {
				reasons = append(reasons, t)
			}
		}
		return true
	})
	if len(addrs) == 0 {
		addrs = m.candidates(r, text, 0)
	}
	f := found{text: strings.Join(reasons, "\n")}
	for _, s := range reasons {
		if reply, _ := firstReply(s); reply != "" {
			f.reply = reply
			break
		}
	}
	if f.reply == "" {
		f.reply, _ = firstReply(text)
	}
	var fs []found
	for _, a := range addrs {
		f.addr = a
		fs = append(fs, f)
	}
	return fs
}

// open reports whether *t begins with one of the labels, and cuts it off.
func (ls labels) open(t *string) bool {
	for _, l := range ls {
		if hasPrefixFold(*t, l) {
			s := strings.TrimLeft((*t)[len(l):], " \t")
			if rest, ok := strings.CutPrefix(s, "："); ok {
				s = rest
			} else if rest, ok := strings.CutPrefix(s, ":"); ok {
				s = rest
			} else if s != "" && isASCII(l) {
				return false
			}
			*t = strings.TrimSpace(s)
			return true
		}
	}
	return false
}
