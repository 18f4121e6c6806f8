package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	pb "quicchat/chatpb"
)

func (c *client) join(ctx context.Context) error {
	room, err := c.link.openFlow(ctx)
	if err != nil {
		return err
	}
	c.roomFlow = room
	room.send(&pb.ClientFrame{Frame: &pb.ClientFrame_Join{Join: &pb.Join{Room: c.room, After: c.position, Newest: c.newest}}})
	return nil
}

func (c *client) takeRoom(next event) error {
	if next.err != nil {
		return c.roomEnded(next.err)
	}
	c.trafficAt = c.heardAt
	if (next.frame.GetJoined() != nil) == c.joined {
		return violated("Joined must come first, and once")
	}
	switch {
	case next.frame.GetJoined() != nil:
		return c.takeJoined(next.frame.GetJoined())
	case next.frame.GetMessage() != nil:
		message := next.frame.GetMessage()
		if message.Offset != c.position.Offset+1 {
			return violated("message %d follows message %d", message.Offset, c.position.Offset)
		}
		c.position.Offset = message.Offset
		c.say("message", fields{"offset": message.Offset, "sender": message.SenderId, "client": message.ClientId,
			"clientSeq": message.ClientSeq, "body": message.Body})
	case next.frame.GetAck() != nil:
		ack := next.frame.GetAck()
		body, ok := c.outbox.acknowledge(ack.ClientSeq)
		if !ok {
			return violated("an Ack of %d, which has no Publish without an answer", ack.ClientSeq)
		}
		c.say("ack", fields{"clientSeq": ack.ClientSeq, "offset": ack.Offset, "body": body})
	case next.frame.GetReject() != nil:
		return c.takeReject(next.frame.GetReject())
	default:
		return violated("a frame of the control stream, or one that was not asked for, came on a room stream")
	}
	return nil
}

func (c *client) takeJoined(joined *pb.Joined) error {
	if joined.Position == nil || (joined.Recovered && (c.position == nil || joined.Position.Epoch != c.position.Epoch || joined.Position.Offset != c.position.Offset)) {
		return violated("Joined does not go on where Join asked for")
	}
	lost := c.outbox.resume(joined.LastClientSeq)
	c.say("joined", fields{"epoch": joined.Position.Epoch, "offset": joined.Position.Offset, "recovered": joined.Recovered,
		"lastClientSeq": joined.LastClientSeq})
	for _, body := range lost {
		c.say("uncertain", fields{"body": body})
	}
	c.position, c.joined, c.backoff = joined.Position, true, firstBackoff
	return nil
}

func (c *client) takeReject(reject *pb.Reject) error {
	wait := time.Duration(reject.RetryAfterMs) * time.Millisecond
	if !c.outbox.reject(reject.ClientSeq, uint64(reject.Code), reject.Reason, time.Now().Add(wait)) {
		return violated("a Reject of %d, which has no Publish without an answer", reject.ClientSeq)
	}
	return nil
}

// roomEnded is in order after Leave; else the room is joined again, or the client ends.
func (c *client) roomEnded(err error) error {
	if errors.Is(err, io.EOF) {
		if c.leaving {
			c.say("left", nil)
			return finished
		}
		return violated("the gateway ended the room before the client left it")
	}
	if c.link.context.Err() != nil {
		return ended(c.link.context, err)
	}
	end := endingOf(err)
	if end.terminal {
		return fmt.Errorf("the room ended: %w", err)
	}
	c.say("room-lost", fields{"code": end.code, "reason": end.reason})
	c.roomFlow.cancel(codeNoError)
	c.dropRoom()
	c.rejoinAt = time.Now().Add(c.backoff)
	c.backoff = min(2*c.backoff, maxBackoff)
	return nil
}

// publish sends what may be sent, and leaves when all is done.
func (c *client) publish() {
	if !c.joined || c.leaving {
		return
	}
	if first, ok := c.outbox.settle(); ok {
		c.say("rejected", fields{"clientSeq": first.seq, "code": first.code, "reason": first.reason, "body": first.body, "terminal": first.terminal})
	}
	for {
		next, ok := c.outbox.next(time.Now())
		if !ok {
			break
		}
		c.roomFlow.send(&pb.ClientFrame{Frame: &pb.ClientFrame_Publish{Publish: &pb.Publish{ClientSeq: next.seq, Body: next.body}}})
	}
	if c.inputEnded && c.outbox.size() == 0 {
		c.leaving = true
		c.roomFlow.send(&pb.ClientFrame{Frame: &pb.ClientFrame_Leave{Leave: &pb.Leave{}}})
		close(c.roomFlow.frames)
	}
}
