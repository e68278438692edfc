package classify

import (
	"embed"
	"strings"
)

//go:embed rules/*.rules
var ruleFS embed.FS

//go:embed tables/providers.tsv
var providersTSV string

//go:embed tables/blocklists.tsv
var blocklistsTSV string

//go:embed tables/codes.tsv
var codesTSV string

// rows splits a table into lines of n cells; missing cells are empty. Lines that begin with # are comments.
func rows(tsv string, n int) [][]string {
	var out [][]string
	for line := range strings.Lines(tsv) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		cells := strings.Split(line, "\t")
		for len(cells) < n {
			cells = append(cells, "")
		}
		out = append(out, cells)
	}
	return out
}

// markers splits the wordings of a cell and folds them.
func markers(cell string) []string {
	var out []string
	for m := range strings.SplitSeq(cell, "||") {
		if m = strings.TrimSpace(m); len(m) >= 3 {
			out = append(out, string(appendFolded(nil, m)))
		}
	}
	return out
}
