package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// IMAPMailboxes gives the names of an account's mailboxes that match any of the patterns, sorted: a name, a
// name with the wildcards * and % of RFC 3501 6.3.8, or a role such as \Junk (RFC 6154). Names
// without wildcards are given back as they are; no match for one of the others is an error.
func IMAPMailboxes(ctx context.Context, opts IMAPOptions, patterns ...string) ([]string, error) {
	if err := opts.normalize(); err != nil {
		return nil, err
	}
	var names []string
	var ask []string
	for _, p := range patterns {
		if strings.ContainsAny(p, "*%") || strings.HasPrefix(p, `\`) {
			ask = append(ask, p)
		} else {
			names = append(names, p)
		}
	}
	if len(ask) > 0 {
		found, err := askMailboxes(ctx, &opts, ask)
		if err != nil {
			err = opts.placed(err)
			return nil, err
		}
		names = append(names, found...)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func askMailboxes(ctx context.Context, o *IMAPOptions, patterns []string) ([]string, error) {
	sess, err := dialIMAP(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	defer sess.logout()
	var names []string
	for _, p := range patterns {
		found, err := sess.list(ctx, p)
		if err != nil {
			return nil, wrong(doList, err)
		}
		if len(found) == 0 {
			return nil, wrong(doList, fmt.Errorf("%w: none matches %q", ErrMisconfigured, p))
		}
		names = append(names, found...)
	}
	return names, nil
}

func (s *imapSession) list(ctx context.Context, pattern string) ([]string, error) {
	role, byRole := imap.MailboxAttr(""), strings.HasPrefix(pattern, `\`)
	var options *imap.ListOptions
	if byRole {
		role, pattern = imap.MailboxAttr(pattern), "*"
		if s.caps.Has(imap.CapSpecialUse) && s.caps.Has(imap.CapListExtended) {
			options = &imap.ListOptions{ReturnSpecialUse: true}
		}
	}
	var names []string
	err := s.do(ctx, func() error {
		all, err := s.client.List("", pattern, options).Collect()
		for _, m := range all {
			has := func(attr imap.MailboxAttr) bool {
				return slices.ContainsFunc(m.Attrs, func(a imap.MailboxAttr) bool { return strings.EqualFold(string(a), string(attr)) })
			}
			if has(imap.MailboxAttrNoSelect) || has(imap.MailboxAttrNonExistent) || byRole && !has(role) {
				continue
			}
			names = append(names, m.Mailbox)
		}
		return err
	})
	return names, err
}

// NewIMAPMailboxes gives a source for each mailbox that IMAPMailboxes finds, with the same options.
func NewIMAPMailboxes(ctx context.Context, opts IMAPOptions, pos Positions, patterns ...string) ([]*IMAP, error) {
	names, err := IMAPMailboxes(ctx, opts, patterns...)
	if err != nil {
		return nil, err
	}
	sources := make([]*IMAP, len(names))
	for i, name := range names {
		opts.Mailbox = name
		if sources[i], err = NewIMAP(opts, pos); err != nil {
			return nil, err
		}
	}
	return sources, nil
}
