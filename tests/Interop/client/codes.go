package main

import (
	"context"
	"errors"

	"github.com/quic-go/quic-go"
)

const (
	codeNoError           = 0
	codeProtocolViolation = 1
	codeInternal          = 10
	codeFrameTooLarge     = 11
	codeClientIDTaken     = 13
)

// A code that is not known is taken as INTERNAL, which is reconnectable.
var terminalCodes = map[uint64]bool{
	codeNoError: true, codeProtocolViolation: true, 2: true, 8: true, codeFrameTooLarge: true, 12: true,
}

// ending is why a connection or a stream ended.
type ending struct {
	code     uint64
	reason   string
	terminal bool
	remote   bool
}

func endingOf(err error) ending {
	var application *quic.ApplicationError
	var stream *quic.StreamError
	var broken violation
	switch {
	case errors.As(err, &broken):
		return ending{broken.code, broken.reason, true, false}
	case errors.As(err, &application):
		code := uint64(application.ErrorCode)
		return ending{code, application.ErrorMessage, terminalCodes[code], application.Remote}
	case errors.As(err, &stream):
		code := uint64(stream.ErrorCode)
		return ending{code, "the stream was reset", terminalCodes[code], stream.Remote}
	}
	return ending{codeInternal, err.Error(), false, false}
}

// ended is the reason of a connection that has ended, else the error.
func ended(connection context.Context, err error) error {
	if cause := context.Cause(connection); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}
