package classify

import (
	"regexp"
	"slices"
	"testing"
)

func TestWithPlain(t *testing.T) {
	for _, test := range []struct {
		literal string
		want    []string
	}{
		{"mailbox full", []string{"mailbox full"}},
		{"não existe", []string{"não existe", "nao existe"}},
		{"empfänger unbekannt", []string{"empfänger unbekannt", "empfaenger unbekannt", "empfanger unbekannt"}},
		{"skrzynka pełna", []string{"skrzynka pełna", "skrzynka pelna"}},
		{"пользователь не найден", []string{"пользователь не найден"}},
	} {
		if got := withPlain(test.literal); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.literal, got, test.want)
		}
	}
}

func TestSpellings(t *testing.T) {
	for _, test := range []struct {
		literal string
		want    []string
	}{
		{"mailbox full", []string{"mailbox full"}},
		{"this notice", []string{"this notice"}},
		{"user doesn't exist", []string{"user doesn't exist", "user does not exist", "user doesnt exist"}},
		{"is not authorized", []string{"is not authorized", "isn't authorized", "isnt authorized", "is not authorised", "isn't authorised", "isnt authorised"}},
		{"not allowed", []string{"not allowed", "n't allowed"}},
		{"não existe", []string{"não existe", "nao existe"}},
	} {
		if got := spellings(test.literal); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.literal, got, test.want)
		}
	}
}

func TestPlainMatch(t *testing.T) {
	re := regexp.MustCompile(plainMatch(`^empfänger( [a-zéü]+)? ungültige?r?$`))
	for _, s := range []string{"empfänger ungültig", "empfaenger ungueltiger", "empfanger cafe ungultig"} {
		if !re.MatchString(s) {
			t.Errorf("%q does not match %s", s, re)
		}
	}
}
