package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/bouncepipe/bouncepipe/sink"
)

// The samples are written in the formats of real servers; all names and addresses are examples.
//
//go:embed samples/*.eml
var samples embed.FS

func loadSamples() ([][]byte, error) {
	names, err := fs.Glob(samples, "samples/*.eml")
	if err != nil {
		return nil, err
	}
	var mails [][]byte
	for _, name := range names {
		raw, err := samples.ReadFile(name)
		if err != nil {
			return nil, err
		}
		mails = append(mails, bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n")))
	}
	return mails, nil
}

const (
	username = "bounces@example.com"
	password = "demo"
)

// mailServer is an IMAP server in memory, behind a TCP socket.
type mailServer struct {
	*imapserver.Server
	address string
}

func startIMAP(mails [][]byte) (*mailServer, error) {
	user := imapmemserver.NewUser(username, password)
	if err := user.Create("INBOX", nil); err != nil {
		return nil, err
	}
	for _, raw := range mails {
		if _, err := user.Append("INBOX", literal{bytes.NewReader(raw)}, &imap.AppendOptions{}); err != nil {
			return nil, err
		}
	}
	mem := imapmemserver.New()
	mem.AddUser(user)
	srv := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapIMAP4rev2: {}},
		InsecureAuth: true,
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go srv.Serve(l)
	return &mailServer{srv, l.Addr().String()}, nil
}

type literal struct{ *bytes.Reader }

// broker speaks Kafka's protocol and keeps records in memory.
type broker struct {
	*kfake.Cluster
	address string
}

func startKafka() (*broker, error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, topic))
	if err != nil {
		return nil, err
	}
	return &broker{c, c.ListenAddrs()[0]}, nil
}

// readBack reads n events from the topic with another client than the one that wrote them, and
// returns them in the order in which they were published.
func readBack(ctx context.Context, address string, n int) ([]*sink.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var events []*sink.Event
	for len(events) < n {
		got := client.PollFetches(ctx)
		if err := got.Err0(); err != nil {
			return nil, fmt.Errorf("read the topic back: %d of %d events: %w", len(events), n, err)
		}
		for _, r := range got.Records() {
			e := new(sink.Event)
			if err := json.Unmarshal(r.Value, e); err != nil {
				return nil, fmt.Errorf("read the topic back: %w", err)
			}
			events = append(events, e)
		}
	}
	return events, nil
}
