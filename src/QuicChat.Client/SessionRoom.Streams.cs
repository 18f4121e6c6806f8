using QuicChat.Protocol.V1;

namespace QuicChat.Client;

// From stream to stream, one at a time.
public sealed partial class SessionRoom
{
    RoomPublisher IRoomOwner.Publisher => _publisher;

    async ValueTask IRoomOwner.OnJoinedAsync(RoomStream stream, long lastClientSeq, CancellationToken cancellationToken)
    {
        var at = stream.JoinedAt;
        var wasCut = _options.ReceiveMessages && !stream.IsRecovered && _received is { } received && received.Epoch == at.Epoch && received.Offset < at.Offset;

        // First, for what follows may wait until the application reads.
        _publisher.Attach(stream.Send, at.Epoch, lastClientSeq, wasCut);
        lock (_gate)
        {
            if (_end is null)
            {
                _stream.TrySetResult(stream);
            }
        }

        if (_received is null || !_options.ReceiveMessages)
        {
            _taken = at;
        }
        // An empty room that is still empty lacks nothing, whatever its epoch: all that it has follows.
        else if (!stream.IsRecovered && (_received.Offset > 0 || at.Offset > 0))
        {
            _session.OnGap(Name, _received, at);
            await _buffer.AddAsync(new RoomGap(_received, at), cancellationToken).ConfigureAwait(false);
        }
        else if (_taken.Epoch != at.Epoch && _taken.Offset == _received.Offset)
        {
            _taken = at;
        }

        _received = at;
        _joined.TrySetResult();
    }

    async ValueTask IRoomOwner.OnMessageAsync(ChatMessage message, CancellationToken cancellationToken)
    {
        var received = _received! with { Offset = message.Offset };
        if (!_options.ReceiveMessages)
        {
            _taken = received;
        }
        else
        {
            // Only then it has arrived: where the stream ends while there is no room for it, it comes again on the next one.
            var isRepeat = _seen.IsRepeat(message);
            await _buffer.AddAsync(isRepeat ? new RoomRepeat(received) : message, cancellationToken).ConfigureAwait(false);
            _seen.Add(message);
        }

        _received = received;
    }

    void IRoomOwner.OnPresence(Presence presence)
    {
        if (_members.Apply(presence) is { } change)
        {
            _session.Raise(MembersChanged, change);
        }
    }

    void IRoomOwner.OnEnd(Exception end, bool isWanted)
    {
        lock (_gate)
        {
            if (_stream.Task.IsCompletedSuccessfully)
            {
                _stream = new TaskCompletionSource<RoomStream>(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        _publisher.Detach();
    }

    private async Task RunAsync()
    {
        var backoff = _session.NewBackoff();
        ChatClient? ended = null;
        try
        {
            while (true)
            {
                var client = await _session.NextAsync(ended, _stop.Token).ConfigureAwait(false);
                var end = await StayAsync(client, backoff).ConfigureAwait(false);
                ended = end is ChatClosedException || (end.Code == ErrorCode.GoingAway && client.IsGoingAway) ? client : null;
                if (ended is null)
                {
                    if (!end.IsReconnectable)
                    {
                        End(end);
                        return;
                    }

                    await _session.WaitToRejoinAsync(Name, backoff.Next(), end, _stop.Token).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The room has been left, or the session is over.
        }
        catch (Exception e)
        {
            End(new RoomClosedException(Name, ErrorCode.Internal, $"Room '{Name}' failed: {e.Message}", e));
        }
    }

    /// <summary>Joins on a connection, and stays until the stream ends.</summary>
    /// <returns>Why it ended.</returns>
    private async Task<ChatException> StayAsync(ChatClient client, Backoff backoff)
    {
        var options = new JoinOptions
        {
            After = _options.ReceiveMessages ? _received : null,
            Newest = _options.Newest,
            ReceiveMessages = _options.ReceiveMessages,
            Presence = _options.Presence,
        };
        try
        {
            var stream = await client.EnterAsync(Name, options, this, _stop.Token).ConfigureAwait(false);
            backoff.Succeeded();
            try
            {
                var end = await stream.Ended.WaitAsync(_stop.Token).ConfigureAwait(false);
                await stream.Running.ConfigureAwait(false);
                return end;
            }
            catch (OperationCanceledException)
            {
                await stream.AbortAsync("The room was left at once.").ConfigureAwait(false);
                throw;
            }
        }
        catch (ChatException e)
        {
            return e;
        }
    }
}
