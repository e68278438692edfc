package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func mailboxesCommand() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "mailboxes -c bouncepipe.yaml",
		Short: "List the configured mailboxes and what waits in each",
		Long: `mailboxes polls every configured mailbox once and prints how many messages are still to be read
and how long the oldest has been waiting. It changes nothing.`,
		Example: `  bouncepipe mailboxes -c bouncepipe.yaml`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(config)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "MAILBOX\tTO READ\tOLDEST\tSTATE")
			failed := 0
			for i := range c.Sources {
				m := c.Sources[i].IMAP
				if m == nil {
					continue
				}
				states, err := c.pollMailboxes(cmd.Context(), m)
				if err != nil {
					failed++
					fmt.Fprintf(w, "%s\t\t\t%v\n", c.Sources[i].Name, err)
				}
				for _, st := range states {
					backlog, oldest, state := fmt.Sprint(st.Backlog), "", "ok"
					if !st.Exact && st.Backlog > 0 {
						backlog = "at most " + backlog
					}
					if !st.Oldest.IsZero() {
						oldest = time.Since(st.Oldest).Round(time.Second).String()
					}
					if st.err != nil {
						failed++
						backlog, state = "", st.err.Error()
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", st.Mailbox, backlog, oldest, state)
				}
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if failed > 0 {
				return fmt.Errorf("%d of the mailboxes could not be read", failed)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&config, "config", "c", "bouncepipe.yaml", "the configuration")
	return cmd
}
