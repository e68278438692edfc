package ingest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// errIMAPNoBody is the fate of a message that the server lists and whose body it never gives.
var errIMAPNoBody = errors.New("the server lists this message and gives no body for it")

// imapBody is what FETCH gave for one UID.
type imapBody struct {
	raw     []byte
	literal int64 // bytes that the server sent
	size    int64 // RFC822.SIZE; an estimate on some servers
	date    time.Time
	got     bool
	dropped bool // read and thrown away: the batch was full
	vanish  bool // no longer listed
}

// imapCollector takes the FETCH data of one command, in whatever order and pieces it comes.
// The bytes it keeps are bounded; one body it keeps always.
type imapCollector struct {
	conn     *watchedConn
	maxBytes int64 // of one message
	maxAll   int64
	rest     [4 << 10]byte // for what is not kept; there is one literal at a time

	mu     sync.Mutex
	idle   sync.Cond
	active int
	kept   int64
	bodies map[imap.UID]*imapBody // the UIDs asked for
}

func newIMAPCollector(conn *watchedConn, uids []imap.UID, maxBytes, maxAll int64) *imapCollector {
	c := &imapCollector{conn: conn, maxBytes: maxBytes, maxAll: maxAll, bodies: make(map[imap.UID]*imapBody, len(uids))}
	c.idle.L = &c.mu
	for _, uid := range uids {
		c.bodies[uid] = &imapBody{}
	}
	return c
}

// errIMAPShort is a literal that ended before its length: the connection was cut, which the
// library does not tell.
var errIMAPShort = errors.New("the connection was cut within a message")

// take consumes one message's data to its end: the library's reader waits for that. After an
// error neither msg nor its command may be touched again, for the reader has gone on.
func (c *imapCollector) take(msg *imapclient.FetchMessageData) error {
	c.mu.Lock()
	c.active++
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.active--
		c.idle.Broadcast()
		c.mu.Unlock()
	}()
	var uid imap.UID
	var body imapBody
	for item := msg.Next(); item != nil; item = msg.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			uid = item.UID
		case imapclient.FetchItemDataRFC822Size:
			body.size = item.Size
		case imapclient.FetchItemDataInternalDate:
			body.date = item.Time
		case imapclient.FetchItemDataBodySection:
			sec := item.Section
			if item.Literal == nil || body.got || sec.Specifier != imap.PartSpecifierNone || len(sec.Part) > 0 {
				continue
			}
			if !c.read(item.Literal, &body) {
				c.conn.kill(errIMAPShort)
				return errIMAPShort
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if have := c.bodies[uid]; have != nil {
		have.size = max(have.size, body.size)
		if have.date.IsZero() {
			have.date = body.date
		}
		if !have.got && (body.got || body.dropped) {
			have.raw, have.literal, have.got, have.dropped = body.raw, body.literal, body.got, body.dropped
			return nil
		}
	}
	c.kept -= int64(len(body.raw))
	return nil
}

// read takes a body into memory: the connection must not wait for what is done with it. It
// returns false when bytes are missing. A literal that has returned an error, io.EOF too, must not be read again:
// its connection is back in the hands of the library's reader.
func (c *imapCollector) read(lit imap.LiteralReader, body *imapBody) bool {
	size := lit.Size()
	c.conn.allow(size)
	var raw []byte
	if keep := min(size, c.maxBytes); c.reserve(keep) {
		raw, body.got = make([]byte, keep), true
	} else {
		body.dropped = true
	}
	var total int64
	for {
		into := c.rest[:]
		if total < int64(len(raw)) {
			into = raw[total:]
		}
		n, err := lit.Read(into)
		total += int64(n)
		if err != nil {
			break
		}
	}
	body.raw, body.literal = raw, size
	return total == size
}

func (c *imapCollector) reserve(n int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept > 0 && c.kept+n > c.maxAll {
		return false
	}
	c.kept += n
	return true
}

// settle waits for data that is still being read; after it nothing changes.
func (c *imapCollector) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.active > 0 {
		c.idle.Wait()
	}
}

// fetch gets the heads of messages. What it returns is complete for each UID: a body, or
// dropped, or vanished, or none of these when the server lists the message without giving a body.
func (s *imapSession) fetch(ctx context.Context, uids []imap.UID, maxBytes int, maxAll int64) (map[imap.UID]*imapBody, error) {
	c := newIMAPCollector(s.conn, uids, int64(maxBytes), maxAll)
	// An answer of OK can lack bodies, and that a message is gone does not follow from it.
	missing := uids
	for range 2 {
		if err := s.fetchOnce(ctx, c, missing, 0, int64(maxBytes)); err != nil {
			return nil, err
		}
		missing = slices.DeleteFunc(slices.Clone(uids), func(uid imap.UID) bool {
			return c.bodies[uid].got || c.bodies[uid].dropped
		})
		if len(missing) == 0 {
			break
		}
	}
	if len(missing) > 0 {
		var set imap.UIDSet
		set.AddNum(missing...)
		listed, err := s.search(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{set}})
		if err != nil {
			return nil, err
		}
		for _, uid := range missing {
			c.bodies[uid].vanish = !listed.Contains(uid)
		}
	}
	for _, uid := range uids {
		if err := s.complete(ctx, uid, c.bodies[uid], int64(maxBytes)); err != nil {
			return nil, err
		}
	}
	return c.bodies, nil
}

// fetchOnce gets one range of bytes of messages.
func (s *imapSession) fetchOnce(ctx context.Context, c *imapCollector, uids []imap.UID, offset, n int64) error {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Offset: offset, Size: n}}
	return s.collected(ctx, c, func() *imapclient.FetchCommand {
		return s.client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{section}})
	})
}

// collected runs a command that is answered by FETCH data; nothing of it may be used unless it returns
// nil. The library's own Collect and Close read on in a literal that was cut.
func (s *imapSession) collected(ctx context.Context, c *imapCollector, send func() *imapclient.FetchCommand) error {
	s.collect.Store(c)
	defer s.collect.Store(nil)
	err := s.do(ctx, func() error {
		cmd := send()
		for msg := cmd.Next(); msg != nil; msg = cmd.Next() {
			if err := c.take(msg); err != nil {
				return err
			}
		}
		return cmd.Close()
	})
	c.settle()
	return err
}

// trustSizes is after how many checks a server's RFC822.SIZE is taken for an estimate.
const trustSizes = 3

// complete makes sure that a body which is shorter than RFC822.SIZE is all there is. Exchange
// estimates sizes; a server that gives less than asked for would make a mail look complete.
func (s *imapSession) complete(ctx context.Context, uid imap.UID, b *imapBody, maxBytes int64) error {
	for b.got && b.literal == int64(len(b.raw)) && b.literal < maxBytes && b.size > b.literal {
		if s.estimates >= trustSizes {
			b.size = b.literal
			return nil
		}
		c := newIMAPCollector(s.conn, []imap.UID{uid}, maxBytes-b.literal, maxBytes)
		if err := s.fetchOnce(ctx, c, []imap.UID{uid}, b.literal, maxBytes-b.literal); err != nil {
			return err
		}
		tail := c.bodies[uid]
		if !tail.got {
			return nil // it stays marked as a head
		}
		if len(tail.raw) == 0 {
			s.estimates++
			b.size = b.literal
			return nil
		}
		b.raw = append(b.raw, tail.raw...)
		b.literal += int64(len(tail.raw))
	}
	return nil
}

// search gives the UIDs that match.
func (s *imapSession) search(ctx context.Context, criteria *imap.SearchCriteria) (imap.UIDSet, error) {
	var found imap.UIDSet
	err := s.do(ctx, func() error {
		data, err := s.client.UIDSearch(criteria, nil).Wait()
		if err != nil {
			return err
		}
		found, _ = data.All.(imap.UIDSet)
		return nil
	})
	if err == nil && found.Dynamic() {
		found = nil
	}
	return found, err
}
