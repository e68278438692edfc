package main

import "github.com/spf13/cobra"

func commands() []*cobra.Command {
	return []*cobra.Command{
		runCommand(),
		replayCommand(),
		explainCommand(),
		checkCommand(),
		codesCommand(),
		rulesCommand(),
		topicsCommand(),
		mailboxesCommand(),
		versionCommand(),
	}
}
