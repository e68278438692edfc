package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/bouncepipe/bouncepipe/classify"
)

func rulesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rules [FILE...]",
		Short: "Check rule files: every rule wins its own examples and leaves the others alone",
		Long: `rules loads the files in the order given, then the built-in rules behind them, and runs every example
of every rule. What is wrong is said with file and line: a rule that never wins because one before it takes
its replies, one that takes what it should not, one without examples.

It prints how many examples there are and how many of them rest on practice alone: on no page and no
captured reply.`,
		Example: `  bouncepipe rules
  bouncepipe rules /etc/bouncepipe/my.rules`,
		RunE: func(cmd *cobra.Command, files []string) error {
			c, err := classify.New(classify.Options{RuleFiles: files})
			if err != nil {
				return err
			}
			all, practice := c.Examples()
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d examples hold; %d of them rest on practice alone\n", all, practice)
			return err
		},
	}
}
