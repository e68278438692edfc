package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// IMAPActionKind is what can be done with a message.
type IMAPActionKind uint8

// The kinds of actions. IMAPKeep leaves the message as it is.
const (
	IMAPKeep IMAPActionKind = iota
	IMAPSeen
	IMAPKeyword
	IMAPMove
	IMAPDelete
)

var imapActionNames = [...]string{"keep", "seen", "keyword", "move", "delete"}

// IMAPAction is what is done with a message that needs no more work.
type IMAPAction struct {
	Kind IMAPActionKind `json:"kind"`
	// Name is the keyword to add or the folder to move to; the folder is made when it is missing.
	Name string `json:"name,omitempty"`
}

// String writes an action as ParseIMAPAction reads it.
func (a IMAPAction) String() string {
	if int(a.Kind) >= len(imapActionNames) {
		return "unknown"
	}
	return strings.TrimSpace(imapActionNames[a.Kind] + " " + a.Name)
}

// ParseIMAPAction reads "keep", "seen", "keyword NAME", "move FOLDER" and "delete".
func ParseIMAPAction(text string) (IMAPAction, error) {
	word, name, _ := strings.Cut(strings.TrimSpace(text), " ")
	kind := slices.Index(imapActionNames[:], word)
	if kind < 0 {
		return IMAPAction{}, fmt.Errorf("action %q is none of keep, seen, keyword NAME, move FOLDER, delete", text)
	}
	a := IMAPAction{IMAPActionKind(kind), strings.TrimSpace(name)}
	return a, a.check()
}

func (a IMAPAction) check() error {
	named := a.Kind == IMAPKeyword || a.Kind == IMAPMove
	switch {
	case int(a.Kind) >= len(imapActionNames):
		return fmt.Errorf("unknown action %d", a.Kind)
	case named && a.Name == "":
		return fmt.Errorf("%s needs a name", imapActionNames[a.Kind])
	case !named && a.Name != "":
		return fmt.Errorf("%s takes no name, and got %q", imapActionNames[a.Kind], a.Name)
	case a.Kind == IMAPKeyword && strings.ContainsFunc(a.Name, notAtom):
		return fmt.Errorf("keyword %q: letters, digits and $ _ - . only", a.Name)
	}
	return nil
}

func notAtom(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("$_-.", r))
}

// deletable says whether a message of this outcome may ever be deleted: never one that was not understood.
func deletable(o Outcome) bool { return o != Other && o != Unreadable && o != Quarantined }

// action chooses what to do with a message.
func (o *IMAPOptions) action(outcome Outcome) IMAPAction {
	a, ok := o.Actions[outcome]
	if !ok {
		a = o.Action
	}
	if a.Kind == IMAPDelete && !deletable(outcome) {
		return IMAPAction{}
	}
	return a
}

// imapActing is what is known about acting on messages.
type imapActing struct {
	permanent     []imap.Flag // flags that the mailbox keeps; nil where the server does not say
	after         time.Time   // not to be tried again before
	fails         int
	said          string // what failed when a failure was last told
	saidNoExpunge bool
}

// act runs what is pending; with the session held. A failure is told and tried again later.
func (s *IMAP) act(ctx context.Context) {
	rec, gen := s.rec.current()
	if len(rec.Pending) == 0 || s.sess == nil || s.sess.dead() || !s.scan.selected ||
		rec.UIDValidity != s.scan.validity || time.Now().Before(s.acting.after) {
		return
	}
	s.mu.Lock()
	s.acted = time.Now()
	s.mu.Unlock()
	var done []imapPending
	var failure error
	for _, p := range rec.Pending {
		for chunk := range slices.Chunk(p.UIDs, 200) {
			did, err := s.take(ctx, gen, p.Action, chunk)
			if err != nil {
				failure = wrong(doAction+did.String(), err)
				break
			}
			done = append(done, imapPending{did, chunk})
		}
		if s.sess.dead() {
			break
		}
	}
	if err := s.rec.clear(ctx, gen, done); err != nil && failure == nil {
		failure = wrong(doStore, err)
	}
	if failure == nil {
		s.acting.fails, s.acting.said = 0, ""
		return
	}
	if ctx.Err() != nil {
		return
	}
	s.acting.fails++
	s.acting.after = time.Now().Add(min(s.opts.actionDelay<<min(s.acting.fails-1, 6), time.Hour))
	// Told by what fails, not by how: a cut connection has many names.
	failure = s.failed(failure)
	var e *IMAPError
	if errors.As(failure, &e) && e.Doing != s.acting.said {
		s.acting.said = e.Doing
		if s.opts.Notify != nil {
			s.opts.Notify(failure.Error() + "; the messages stay for now, tried again later")
		}
	}
}

// take does one action to messages of the selected mailbox. It returns as what the action is recorded by now.
func (s *IMAP) take(ctx context.Context, gen int, a IMAPAction, uids imap.UIDSet) (IMAPAction, error) {
	switch a.Kind {
	case IMAPSeen:
		return a, s.sess.flag(ctx, uids, imap.FlagSeen)
	case IMAPKeyword:
		if flags := s.acting.permanent; flags != nil && !slices.Contains(flags, imap.FlagWildcard) &&
			!slices.ContainsFunc(flags, func(f imap.Flag) bool { return strings.EqualFold(string(f), a.Name) }) {
			return a, fmt.Errorf("%w: the mailbox takes no keyword %s", ErrMisconfigured, a.Name)
		}
		return a, s.sess.flag(ctx, uids, imap.Flag(a.Name))
	case IMAPMove:
		moved, err := s.transfer(ctx, uids, a.Name)
		if moved || err != nil {
			return a, err
		}
		// Copied: from here on it is a removal, so that a retry makes no second copy.
		removal := IMAPAction{Kind: IMAPDelete}
		if err := s.rec.rename(ctx, gen, uids, a, removal); err != nil {
			return a, wrong(doStore, err)
		}
		return removal, s.remove(ctx, uids)
	case IMAPDelete:
		return a, s.remove(ctx, uids)
	}
	return a, nil
}

func (s *imapSession) flag(ctx context.Context, uids imap.UIDSet, flag imap.Flag) error {
	c := newIMAPCollector(s.conn, nil, 0, 0)
	return s.collected(ctx, c, func() *imapclient.FetchCommand {
		return s.client.Store(uids, &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}, nil)
	})
}

// remove flags the messages and expunges them, and nobody else's: without UIDPLUS they stay flagged.
func (s *IMAP) remove(ctx context.Context, uids imap.UIDSet) error {
	if err := s.sess.flag(ctx, uids, imap.FlagDeleted); err != nil {
		return err
	}
	if !s.sess.caps.Has(imap.CapUIDPlus) {
		if !s.acting.saidNoExpunge {
			s.acting.saidNoExpunge = true
			s.notify("the server has no UIDPLUS: messages are flagged as deleted and not expunged")
		}
		return nil
	}
	return s.sess.do(ctx, func() error { return s.sess.client.UIDExpunge(uids).Close() })
}

// transfer moves with MOVE where there is that, else it copies and moved is false. The library's own
// fallback removes even when COPY has failed.
func (s *IMAP) transfer(ctx context.Context, uids imap.UIDSet, folder string) (moved bool, err error) {
	transfer := func() error {
		// Asked anew each time: the library falls back by what it was told last.
		if moved = s.sess.client.Caps().Has(imap.CapMove); moved {
			_, err := s.sess.client.Move(uids, folder).Wait()
			return err
		}
		_, err := s.sess.client.Copy(uids, folder).Wait()
		return err
	}
	var made bool
	for range 4 {
		err = s.sess.do(ctx, transfer)
		var herr error // of what may help
		switch {
		case isExpunged(err):
			// Another client has removed some of them. Once the server has told so it passes over them.
			herr = s.sess.do(ctx, func() error { return s.sess.client.Noop().Wait() })
		case mayBeMissing(err) && !made:
			made = true
			herr = s.sess.do(ctx, func() error { return s.sess.client.Create(folder, nil).Wait() })
		default:
			return moved, err
		}
		switch {
		case isNo(herr):
			return moved, err
		case herr != nil:
			return moved, herr
		}
	}
	return moved, err
}

// mayBeMissing says whether a folder may have to be made first. Not every server says TRYCREATE.
func mayBeMissing(err error) bool {
	var no *imap.Error
	return errors.As(err, &no) && no.Type == imap.StatusResponseTypeNo &&
		(no.Code == "" || no.Code == imap.ResponseCodeTryCreate || no.Code == imap.ResponseCodeNonExistent)
}

// isExpunged knows the answer of RFC 5530 to a command that names messages which are no more.
func isExpunged(err error) bool {
	var no *imap.Error
	return errors.As(err, &no) && no.Code == "EXPUNGEISSUED"
}
