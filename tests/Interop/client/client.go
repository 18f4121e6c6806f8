package main

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	pb "quicchat/chatpb"
)

const (
	firstBackoff = 200 * time.Millisecond
	maxBackoff   = 5 * time.Second

	// Pings without traffic, and soon after it.
	quietPing = 20 * time.Second
	busyPing  = time.Second
	busyTime  = 30 * time.Second

	defaultMigrationTimeout = 30 * time.Second
	handshakePatience       = 10 * time.Second
)

type fields map[string]any

// client is a user in one room, over one connection after the other. One goroutine runs it.
type client struct {
	servers  []string
	trust    *tls.Config
	token    string
	clientID string
	room     string
	newest   uint32
	patience time.Duration
	lines    <-chan string
	output   *json.Encoder

	sessionToken     []byte
	migrationTimeout time.Duration
	position         *pb.Position // of the last message that was shown
	outbox           outbox
	inputEnded       bool

	// Of the connection at hand.
	link        *link
	control     *flow
	roomFlow    *flow
	joined      bool
	leaving     bool
	pingNumber  uint64
	pingSentAt  time.Time // zero: none waits for its answer
	heardAt     time.Time
	spokenAt    time.Time
	trafficAt   time.Time
	rejoinAt    time.Time
	backoff     time.Duration
	alternative []string
}

// finished ends the client in order.
var finished = errors.New("finished")

func (c *client) say(kind string, more fields) {
	if more == nil {
		more = fields{}
	}
	more["type"] = kind
	if err := c.output.Encode(more); err != nil {
		panic(err)
	}
}

func (c *client) run(ctx context.Context) error {
	c.backoff = firstBackoff
	for attempt := 0; ; attempt++ {
		address := c.servers[attempt%len(c.servers)]
		err := c.connectAndChat(ctx, address)
		c.drop()
		if errors.Is(err, finished) || ctx.Err() != nil {
			return nil
		}
		if len(c.alternative) > 0 {
			c.servers, c.alternative = c.alternative, nil
		}
		end := endingOf(err)
		c.say("lost", fields{"code": end.code, "reason": end.reason, "terminal": end.terminal, "server": address})
		if end.terminal {
			return fmt.Errorf("the connection ended with code %d: %s", end.code, end.reason)
		}
		if !sleep(ctx, c.backoff) {
			return nil
		}
		c.backoff = min(2*c.backoff, maxBackoff)
	}
}

// drop forgets the connection at hand.
func (c *client) drop() {
	if c.link == nil {
		return
	}
	c.link.closeWith(codeNoError, "")
	close(c.control.frames)
	c.dropRoom()
	c.link, c.control = nil, nil
}

func (c *client) dropRoom() {
	if c.roomFlow != nil && !c.leaving {
		close(c.roomFlow.frames)
	}
	c.roomFlow, c.joined, c.leaving = nil, false, false
}

func (c *client) limit() time.Duration {
	switch {
	case c.patience > 0:
		return c.patience
	case c.migrationTimeout > 0:
		return c.migrationTimeout
	}
	return defaultMigrationTimeout
}

func (c *client) connectAndChat(ctx context.Context, address string) error {
	link, err := dial(ctx, address, c.trust, min(c.limit(), handshakePatience))
	if err != nil {
		return err
	}
	control, err := link.openFlow(ctx)
	if err != nil {
		link.closeWith(codeNoError, "")
		return err
	}
	c.link, c.control, c.pingSentAt = link, control, time.Time{}
	now := time.Now()
	c.heardAt, c.spokenAt, c.trafficAt, c.rejoinAt = now, now, now, time.Time{}
	control.send(&pb.ClientFrame{Frame: &pb.ClientFrame_Hello{Hello: &pb.Hello{
		Token: c.token, ClientId: c.clientID, SessionToken: c.sessionToken}}})
	err = c.chat(ctx)
	var broken violation
	if errors.As(err, &broken) {
		link.closeWith(broken.code, broken.reason)
	}
	return err
}

func (c *client) chat(ctx context.Context) error {
	welcomed := false
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		lines := c.lines
		if !c.joined || c.outbox.size() >= maxInFlight {
			lines = nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.link.context.Done():
			// What came before the end is read first.
			select {
			case next := <-c.link.events:
				if err := c.take(ctx, next, &welcomed); err != nil {
					return err
				}
			case <-time.After(100 * time.Millisecond):
				return ended(c.link.context, io.ErrUnexpectedEOF)
			}
		case next := <-c.link.events:
			if err := c.take(ctx, next, &welcomed); err != nil {
				return err
			}
		case line, ok := <-lines:
			if ok {
				c.outbox.add(line)
			} else {
				c.inputEnded, c.lines = true, nil
			}
		case now := <-ticker.C:
			if err := c.tick(ctx, now, welcomed); err != nil {
				return err
			}
		}
		c.publish()
	}
}

func (c *client) take(ctx context.Context, next event, welcomed *bool) error {
	c.heardAt = time.Now()
	switch {
	case next.from == c.control:
		if next.err != nil {
			return next.err
		}
		return c.takeControl(ctx, next.frame, welcomed)
	case next.from == c.roomFlow:
		return c.takeRoom(next)
	}
	return nil // of a room stream that is given up
}

// tick sends what is due and notices silence.
func (c *client) tick(ctx context.Context, now time.Time, welcomed bool) error {
	if !c.pingSentAt.IsZero() && now.Sub(c.pingSentAt) > c.limit() {
		return fmt.Errorf("a Ping had no answer for %v", c.limit())
	}
	if !welcomed {
		if now.Sub(c.spokenAt) > c.limit() {
			return fmt.Errorf("Hello had no answer for %v", c.limit())
		}
		return nil
	}
	if !c.rejoinAt.IsZero() && now.After(c.rejoinAt) {
		c.rejoinAt = time.Time{}
		if err := c.join(ctx); err != nil {
			return err
		}
	}
	interval := quietPing
	if now.Sub(c.trafficAt) < busyTime {
		interval = busyPing
	}
	if c.pingSentAt.IsZero() && now.Sub(c.heardAt) >= interval {
		c.pingNumber++
		c.pingSentAt, c.spokenAt = now, now
		c.control.send(&pb.ClientFrame{Frame: &pb.ClientFrame_Ping{Ping: &pb.Ping{Number: c.pingNumber}}})
	}
	return nil
}

func (c *client) takeControl(ctx context.Context, frame *pb.ServerFrame, welcomed *bool) error {
	if welcome := frame.GetWelcome(); (welcome != nil) == *welcomed {
		return violated("Welcome must come first, and once")
	}
	switch {
	case frame.GetWelcome() != nil:
		welcome := frame.GetWelcome()
		*welcomed = true
		c.sessionToken = welcome.SessionToken
		c.migrationTimeout = time.Duration(welcome.MigrationTimeoutMs) * time.Millisecond
		c.say("welcome", fields{"connection": hex.EncodeToString(welcome.ConnectionId), "user": welcome.UserId, "gateway": welcome.GatewayId})
		return c.join(ctx)
	case frame.GetPing() != nil:
		c.control.send(&pb.ClientFrame{Frame: &pb.ClientFrame_Pong{Pong: &pb.Pong{Number: frame.GetPing().Number}}})
	case frame.GetPong() != nil:
		if c.pingSentAt.IsZero() || frame.GetPong().Number != c.pingNumber {
			return violated("a Pong answers no Ping")
		}
		c.pingSentAt = time.Time{}
	case frame.GetSettings() != nil:
		c.migrationTimeout = time.Duration(frame.GetSettings().MigrationTimeoutMs) * time.Millisecond
	case frame.GetMigrationNotice() != nil:
		notice := frame.GetMigrationNotice()
		c.say("migration", fields{"kind": notice.Kind.String(), "outcome": notice.Outcome.String(), "from": notice.From, "to": notice.To})
	case frame.GetGoAway() != nil:
		// A new connection takes the session over; what has no answer is sent there again.
		c.alternative = frame.GetGoAway().Alternatives
		return fmt.Errorf("the gateway is going away: %s", frame.GetGoAway().Reason)
	default:
		return violated("a frame of a room, or one that was not asked for, came on the control stream")
	}
	return nil
}
