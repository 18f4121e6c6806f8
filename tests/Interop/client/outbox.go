package main

import (
	"slices"
	"time"
)

// The gateway leaves further frames unread while 64 wait for their answer.
const maxInFlight = 32

type message struct {
	seq  uint64
	body string
}

// refusal is a Reject of a message.
type refusal struct {
	message
	code     uint64
	reason   string
	terminal bool
}

// outbox holds what is to be published, in order: what is in flight or was refused meanwhile, then what waits.
type outbox struct {
	inFlight []message
	refused  []refusal // while there are any nothing is sent, until all in flight is answered
	waiting  []string
	newest   uint64 // the newest number in use
	stored   uint64 // the newest number that is stored
	notUntil time.Time
}

func (o *outbox) add(body string) { o.waiting = append(o.waiting, body) }

func (o *outbox) size() int { return len(o.inFlight) + len(o.refused) + len(o.waiting) }

// next is what to send now.
func (o *outbox) next(now time.Time) (message, bool) {
	if len(o.refused) > 0 || len(o.waiting) == 0 || len(o.inFlight) >= maxInFlight || now.Before(o.notUntil) {
		return message{}, false
	}
	o.newest++
	next := message{o.newest, o.waiting[0]}
	o.waiting, o.inFlight = o.waiting[1:], append(o.inFlight, next)
	return next, true
}

// acknowledge takes an Ack; not ok: nothing is in flight under the number.
func (o *outbox) acknowledge(seq uint64) (body string, ok bool) {
	m, ok := o.answered(seq)
	o.stored = max(o.stored, seq)
	return m.body, ok
}

// reject takes a Reject. It may overtake the answers to lower numbers.
func (o *outbox) reject(seq, code uint64, reason string, notUntil time.Time) bool {
	m, ok := o.answered(seq)
	if !ok {
		return false
	}
	if code == codeClientIDTaken {
		// The number holds another message, and those behind it stand.
		o.stored = max(o.stored, seq)
		o.waiting = append([]string{m.body}, o.waiting...)
		return true
	}
	o.refused = append(o.refused, refusal{m, code, reason, terminalCodes[code]})
	if notUntil.After(o.notUntil) {
		o.notUntil = notUntil
	}
	return true
}

// settle tells of the first message that was refused, once all are answered. It has failed where its code is terminal; those behind it,
// which were refused for the gap, and itself where it may be tried again, go out again from the first free number on.
func (o *outbox) settle() (first refusal, ok bool) {
	if len(o.refused) == 0 || len(o.inFlight) > 0 {
		return refusal{}, false
	}
	slices.SortFunc(o.refused, func(a, b refusal) int { return int(int64(a.seq) - int64(b.seq)) })
	first = o.refused[0]
	again := o.refusedBodies()
	if first.terminal {
		again = again[1:]
	}
	o.waiting, o.refused = append(again, o.waiting...), nil
	o.newest = max(first.seq-1, o.stored)
	return first, true
}

func (o *outbox) answered(seq uint64) (message, bool) {
	i := slices.IndexFunc(o.inFlight, func(m message) bool { return m.seq == seq })
	if i < 0 {
		return message{}, false
	}
	m := o.inFlight[i]
	o.inFlight = slices.Delete(o.inFlight, i, i+1)
	return m, true
}

// resume begins anew with another stream: what was in flight is sent again under its numbers, so that it is stored once.
// Where the room has forgotten the client, what was in flight may have been stored or not.
func (o *outbox) resume(stored uint64) (uncertain []string) {
	all := slices.Clone(o.inFlight)
	for _, m := range o.refused {
		all = append(all, m.message)
	}
	slices.SortFunc(all, func(a, b message) int { return int(int64(a.seq) - int64(b.seq)) })
	o.newest, o.stored = stored, stored
	if len(all) > 0 && all[0].seq <= stored+1 {
		o.newest = all[0].seq - 1
		o.waiting = append(bodies(all), o.waiting...)
	} else {
		uncertain = bodies(o.inFlight)
		o.waiting = append(o.refusedBodies(), o.waiting...)
	}
	o.inFlight, o.refused, o.notUntil = nil, nil, time.Time{}
	return uncertain
}

func (o *outbox) refusedBodies() []string {
	messages := make([]message, 0, len(o.refused))
	for _, m := range o.refused {
		messages = append(messages, m.message)
	}
	return bodies(messages)
}

func bodies(messages []message) []string {
	all := make([]string, 0, len(messages))
	for _, m := range messages {
		all = append(all, m.body)
	}
	return all
}
