package classify

import (
	"bytes"
	"time"
)

// retryCues are the words behind which a time to wait may stand.
var retryCues = []string{"try again", "retry", "wait", "greylist", "graylist", "grey-list", "come back", "again in", "again after", "try after"}

// notWaiting are words that turn a time into something else: how long was tried already, a quota.
var notWaiting = [][]byte{[]byte("tried"), []byte("trying for"), []byte("been"), []byte("retried"), []byte("retry time"), []byte("retrying for"), []byte("per "), []byte("expired"), []byte("timeout"), []byte("within")}

const (
	cueReach = 60             // bytes behind a cue in which the number must begin
	maxRetry = 48 * time.Hour // more is no time to wait, or a joke
)

// retryAfter returns how long the reply asks to wait, or 0.
func (c *Classifier) retryAfter(s *scratch) time.Duration {
	for _, h := range s.hits {
		if !c.literals[h.literal].cue {
			continue
		}
		from, to := h.end, min(h.end+cueReach, s.spans[h.field][1])
		if d := findWait(s.hay[from:to], s.hay[from:s.spans[h.field][1]]); d > 0 {
			return d
		}
	}
	return 0
}

// findWait finds the first number in near that is a time; its unit may reach into far.
func findWait(near, far []byte) time.Duration {
	for i := 0; i < len(near); i++ {
		if near[i] == '.' && i+1 < len(near) && near[i+1] == ' ' && i > 24 {
			return 0 // another sentence
		}
		if near[i] < '0' || near[i] > '9' {
			continue
		}
		for _, w := range notWaiting {
			if bytes.Contains(near[:i], w) {
				return 0
			}
		}
		if i > 0 && (isWord(near[i-1]) || near[i-1] == '.' || near[i-1] == '-' || near[i-1] == '/' || near[i-1] == '=') {
			for i < len(near) && near[i] >= '0' && near[i] <= '9' {
				i++
			}
			continue
		}
		n, j := 0, i
		for j < len(far) && far[j] >= '0' && far[j] <= '9' && j-i < 7 {
			n = n*10 + int(far[j]-'0')
			j++
		}
		if d := clock(far[i:]); d > 0 {
			return d
		}
		k := j
		for k < len(far) && (far[k] == ' ' || far[k] == '-') {
			k++
		}
		e := k
		for e < len(far) && far[e] >= 'a' && far[e] <= 'z' {
			e++
		}
		if d := time.Duration(n) * unit(string(far[k:e])); d > 0 && d <= maxRetry {
			return d
		}
		i = j
	}
	return 0
}

// clock reads "00:04:58".
func clock(b []byte) time.Duration {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0
	}
	var v [3]int
	for i := range v {
		x, y := b[3*i], b[3*i+1]
		if x < '0' || x > '5' || y < '0' || y > '9' {
			return 0
		}
		v[i] = int(x-'0')*10 + int(y-'0')
	}
	return time.Duration(v[0])*time.Hour + time.Duration(v[1])*time.Minute + time.Duration(v[2])*time.Second
}

func unit(s string) time.Duration {
	switch s {
	case "s", "sec", "secs", "second", "seconds", "sekunden", "secondes", "segundos":
		return time.Second
	case "m", "mn", "min", "mins", "minute", "minutes", "minuten", "minutos", "minuti":
		return time.Minute
	case "h", "hr", "hrs", "hour", "hours", "stunde", "stunden", "heures", "horas", "ore":
		return time.Hour
	case "day", "days":
		return 24 * time.Hour
	}
	return 0
}
