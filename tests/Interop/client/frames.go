package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"
)

const (
	maxFrame       = 65536
	maxLengthBytes = 3
)

// violation is what a client closes the connection with.
type violation struct {
	code   uint64
	reason string
}

func (v violation) Error() string { return v.reason }

func violated(format string, arguments ...any) error {
	return violation{codeProtocolViolation, fmt.Sprintf(format, arguments...)}
}

// encode writes a message behind its length.
func encode(m proto.Message) ([]byte, error) {
	payload, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(payload) > maxFrame {
		return nil, fmt.Errorf("a frame of %d bytes is above %d", len(payload), maxFrame)
	}
	var frame []byte
	length := len(payload)
	for ; length >= 0x80; length >>= 7 {
		frame = append(frame, byte(length)|0x80)
	}
	return append(append(frame, byte(length)), payload...), nil
}

// decode reads one frame; io.EOF where the stream ends before one.
func decode(r *bufio.Reader, m proto.Message) error {
	length, err := decodeLength(r)
	if err != nil {
		return err
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return cut(err)
	}
	if err := proto.Unmarshal(payload, m); err != nil {
		return violated("a frame is not Protobuf: %v", err)
	}
	return nil
}

func decodeLength(r *bufio.Reader) (int, error) {
	length := 0
	for i := 0; i < maxLengthBytes; i++ {
		next, err := r.ReadByte()
		if err != nil {
			if i > 0 {
				err = cut(err)
			}
			return 0, err
		}
		length |= int(next&0x7f) << (7 * i)
		if next&0x80 != 0 {
			continue
		}
		switch {
		case i > 0 && next == 0:
			return 0, violated("a length has more bytes than it needs")
		case length > maxFrame:
			return 0, violation{codeFrameTooLarge, fmt.Sprintf("a frame of %d bytes", length)}
		}
		return length, nil
	}
	return 0, violation{codeFrameTooLarge, "a length of more than three bytes"}
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return violated("a stream ends within a frame")
	}
	return err
}
