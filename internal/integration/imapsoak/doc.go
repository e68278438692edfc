// Package imapsoak drains mailboxes of 100,000 and of a million bounces in Dovecot while bouncepipe is killed, Dovecot is
// restarted and a second worker reads along. It takes some minutes: `make soak-imap`. Its figures are those of
// docs/reliability.md and docs/benchmarks.md.
package imapsoak
