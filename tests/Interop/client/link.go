package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"time"

	"github.com/quic-go/quic-go"

	pb "quicchat/chatpb"
)

// Frames that wait to be written to a stream: the publishes in flight, a Join, a Leave, and Pings and Pongs.
const outgoing = 2 * maxInFlight

// event is a frame of the gateway, or the end of what it came by.
type event struct {
	from  *flow
	frame *pb.ServerFrame
	err   error
}

// flow is one bidirectional stream: a queue to it, events from it.
type flow struct {
	frames chan []byte
	cancel func(code uint64)
}

func (f *flow) send(m *pb.ClientFrame) {
	frame, err := encode(m)
	if err != nil {
		panic(err) // What is above a limit was refused when it was read.
	}
	f.frames <- frame
}

// link is one QUIC connection.
type link struct {
	context   context.Context
	openFlow  func(context.Context) (*flow, error)
	closeWith func(code uint64, reason string)
	events    chan event
}

func dial(ctx context.Context, address string, trust *tls.Config, patience time.Duration) (*link, error) {
	connection, err := quic.DialAddr(ctx, address, trust, &quic.Config{HandshakeIdleTimeout: patience, MaxIdleTimeout: time.Minute})
	if err != nil {
		return nil, err
	}
	l := &link{context: connection.Context(), events: make(chan event)}
	l.closeWith = func(code uint64, reason string) {
		_ = connection.CloseWithError(quic.ApplicationErrorCode(code), reason)
	}
	l.openFlow = func(ctx context.Context) (*flow, error) {
		stream, err := connection.OpenStreamSync(ctx)
		if err != nil {
			return nil, err
		}
		f := &flow{frames: make(chan []byte, outgoing), cancel: func(code uint64) {
			stream.CancelRead(quic.StreamErrorCode(code))
			stream.CancelWrite(quic.StreamErrorCode(code))
		}}
		go l.write(f, stream)
		go l.read(f, stream)
		return f, nil
	}
	return l, nil
}

// write ends the stream's side when the queue is closed.
func (l *link) write(f *flow, stream io.WriteCloser) {
	for frame := range f.frames {
		if _, err := stream.Write(frame); err != nil {
			break // The reader tells why.
		}
	}
	_ = stream.Close()
	for range f.frames {
	}
}

func (l *link) read(f *flow, stream io.Reader) {
	reader := bufio.NewReaderSize(stream, maxFrame)
	for {
		frame := new(pb.ServerFrame)
		err := decode(reader, frame)
		if err == nil && frame.Frame == nil {
			err = violated("a frame is empty, or of a type that quicchat/1 does not have")
		}
		if err != nil && !errors.Is(err, io.EOF) {
			var reset *quic.StreamError
			if !errors.As(err, &reset) {
				err = ended(l.context, err)
			}
		}
		next := event{f, frame, err}
		select {
		case l.events <- next:
		case <-l.context.Done():
			// Nobody may listen any more; what arrived before the end still counts where somebody does.
			select {
			case l.events <- next:
			case <-time.After(time.Second):
				return
			}
		}
		if err != nil {
			return
		}
	}
}
