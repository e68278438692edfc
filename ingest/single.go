package ingest

import (
	"context"
	"io"
)

// single reads a stream that is one message.
type single struct {
	r     io.Reader
	a     *arena
	max   int
	size  int64 // as the file system or the archive says; -1: unknown
	exact bool  // that is all there is to read
	n     int   // read so far, into the arena
	rest  int64 // counted beyond max
	eof   bool
	done  bool
}

// next returns the message, then io.EOF; errBlockFull as [splitter.next].
func (s *single) next(ctx context.Context, held bool) (extent, error) {
	if s.done {
		return extent{}, io.EOF
	}
	var failed error
	for failed == nil && !s.eof && s.n < s.max {
		// Most messages fit into what is left of the block; one whose size is not known may not.
		want := min(64<<10, s.max)
		if s.size >= 0 {
			want = int(min(s.size+1, int64(s.max)))
		}
		room := len(s.a.buf()) - s.a.used - s.n
		if room == 0 || s.n == 0 && room < want {
			if held {
				return extent{}, errBlockFull
			}
			s.a.renew(s.a.buf()[s.a.used : s.a.used+s.n])
			s.a.used = 0
			continue
		}
		at := s.a.used + s.n
		n, err := s.r.Read(s.a.buf()[at : at+min(room, s.max-s.n)])
		s.n += n
		if s.exact && int64(s.n) >= s.size && err == nil {
			s.eof = true
			break
		}
		if failed = s.check(ctx, n, err); failed != nil && ctx.Err() != nil {
			return extent{}, ctx.Err()
		}
	}
	if s.size <= int64(s.n) && failed == nil {
		var err error
		if failed, err = s.count(ctx); err != nil {
			return extent{}, err
		}
	}
	s.done = true
	from := s.a.used
	s.a.used += s.n
	return extent{
		raw:  s.a.buf()[from:s.a.used:s.a.used],
		size: max(int64(s.n)+s.rest, s.size), last: true, err: failed,
	}, nil
}

func (s *single) check(ctx context.Context, n int, err error) error {
	if err == io.EOF {
		s.eof = true
		return nil
	}
	if err == nil && n == 0 {
		return ctx.Err()
	}
	return err
}

// count reads on to the end of a message whose size nobody stated.
func (s *single) count(ctx context.Context) (failed, err error) {
	if s.eof {
		return nil, nil
	}
	scratch := make([]byte, 64<<10)
	for !s.eof && failed == nil {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := s.r.Read(scratch)
		s.rest += int64(n)
		failed = s.check(ctx, n, err)
	}
	return failed, nil
}
