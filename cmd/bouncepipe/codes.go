package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/bouncepipe/bouncepipe/classify"
)

func codesCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "codes [CODE...]",
		Short: "Say what a reply code or an enhanced status code means, and what to do about it",
		Long: `codes tells what a code means, what else it is used for, whether it is hard or soft, what to do and
when to try again. Without a code it lists all of them. It takes what logs and bounces show: 550, 5.7.1,
"421 4.7.28", or a whole reply.`,
		Example: `  bouncepipe codes 550
  bouncepipe codes 5.7.1
  bouncepipe codes 421 4.7.28
  bouncepipe codes | less`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return codes(cmd.OutOrStdout(), args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func codes(out io.Writer, args []string, asJSON bool) error {
	found := classify.Codes()
	if len(args) > 0 {
		found = classify.LookupCode(strings.Join(args, " "))
	}
	if len(found) == 0 {
		return usage(fmt.Errorf("no code in %q is known; a reply code is 550, an enhanced status code 5.7.1", strings.Join(args, " ")))
	}
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		for _, c := range found {
			if err := enc.Encode(toCode(c)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(args) == 0 {
		w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
		for _, c := range found {
			fmt.Fprintf(w, "%s\t%s\t%s\n", c.Code, c.Verdict, c.Name)
		}
		return w.Flush()
	}
	w := &columns{w: out}
	for i, c := range found {
		if i > 0 {
			w.gap()
		}
		w.line("code", join(", ", c.Code, c.Name))
		w.line("means", c.Meaning)
		w.line("misused", c.Misused)
		w.line("verdict", c.Verdict)
		w.line("do", c.Do)
		w.line("retry", c.Retry)
		w.line("source", c.Source)
	}
	return w.err
}

type codeJSON struct {
	Code    string `json:"code"`
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	Misused string `json:"misused,omitempty"`
	Verdict string `json:"verdict"`
	Do      string `json:"do,omitempty"`
	Retry   string `json:"retry,omitempty"`
	Source  string `json:"source"`
}

func toCode(c classify.Code) codeJSON {
	return codeJSON{c.Code, c.Name, c.Meaning, c.Misused, c.Verdict, c.Do, c.Retry, c.Source}
}
