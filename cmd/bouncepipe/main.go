// Command bouncepipe turns bounce mail into a stream of normalized events.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2   // flags, arguments or configuration are wrong
	exitInterrupted = 130 // by SIGINT or SIGTERM before all was done
)

func main() {
	os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Main runs one command and returns its exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// With somebody listening a closed standard output is an error of the write, not the end of the process: what
	// was read is accounted for, files are closed. Ignore would have child processes inherit that.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(stderr, "bouncepipe: interrupted")
		return exitInterrupted
	case closed(err):
		return exitOK
	}
	fmt.Fprintf(stderr, "bouncepipe: %v\n", err)
	var bad *errUsage
	var conf *errConfig
	if errors.As(err, &bad) || errors.As(err, &conf) {
		return exitUsage
	}
	return exitFailed
}

// closed reports whether err is that the reader of standard output had enough, as head does.
func closed(err error) bool {
	var path *os.PathError
	return errors.As(err, &path) && path.Path == os.Stdout.Name() && errors.Is(err, syscall.EPIPE)
}

// errUsage is a mistake of the caller.
type errUsage struct{ error }

func (e *errUsage) Unwrap() error { return e.error }

func usage(err error) error { return &errUsage{err} }

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "bouncepipe",
		Short: "Turn bounce mail into a stream of normalized events",
		Long: `bouncepipe reads bounce mail from IMAP mailboxes or archives, says why each recipient
failed and which rule said so, and publishes one event per recipient to Kafka or as JSON lines.

It delivers at least once: a message counts as done only after its events are acknowledged,
and an event that is published twice has the same id both times.`,
		Example: `  bouncepipe explain bounce.eml                 why did this bounce?
  bouncepipe explain "550 5.7.1 blocked"        what does this reply mean?
  bouncepipe replay bounces.mbox > events.ndjson
  bouncepipe run -c bouncepipe.yaml`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	})
	root.AddCommand(commands()...)
	usageOfArgs(root)
	return root
}

// usageOfArgs makes wrong arguments of cmd and of all below it mistakes of the caller.
func usageOfArgs(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		usageOfArgs(c)
	}
	check := cmd.Args
	if check == nil {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
		}
		return nil
	}
}
