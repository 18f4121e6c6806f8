using Microsoft.AspNetCore.Connections;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Limits;
using QuicChat.Gateway.Routing;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;

namespace QuicChat.Gateway.Sessions;

/// <summary>
/// A client in one room. A reader takes its frames, a writer sends what is owed: answers first, then the room's messages. The writer is the
/// only one that writes, and waits for the stream; what a client does not read stays in the room's log, not here.
/// </summary>
internal sealed partial class RoomStream : IPublisher
{
    private readonly ClientSession _session;
    private readonly ClientSessions _sessions;
    private readonly ClientIdentity _identity;
    private readonly ConnectionContext _stream;
    private readonly CancellationTokenSource _ended;
    private readonly AsyncSignal _due = new();
    private readonly Queue<(ServerFrame Frame, int Bytes)> _answers = [];
    private readonly SemaphoreSlim _unanswered;
    private readonly Outbox _outbox;
    private string _room = "";
    private long _term;
    private long _lastStored;
    private bool _isDraining;
    private Exception? _failure;

    public RoomStream(
        ClientSession session,
        ClientSessions sessions,
        ClientIdentity identity,
        ConnectionContext stream,
        CancellationToken connectionEnded)
    {
        _session = session;
        _sessions = sessions;
        _identity = identity;
        _stream = stream;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(connectionEnded);
        _unanswered = new SemaphoreSlim(sessions.Options.MaxUnanswered);
        _outbox = new Outbox(sessions.Metrics);
    }

    /// <summary>Serves the stream to its end.</summary>
    public async Task RunAsync()
    {
        await using var stream = _stream;
        using var ended = _ended;
        try
        {
            if (await ReadJoinAsync() is { } join)
            {
                await ServeAsync(join);
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }

        Finish();
    }

    private async Task<Join?> ReadJoinAsync()
    {
        var frame = await new FrameSource(_stream.Transport.Input).ReadAsync();
        if (frame is { FrameCase: not ClientFrame.FrameOneofCase.Join })
        {
            throw new ProtocolException(ErrorCode.ProtocolViolation, $"A room stream begins with Join, not {frame.FrameCase}.");
        }

        return frame?.Join;
    }

    private async Task ServeAsync(Join join)
    {
        if ((ProtocolRules.CheckRoom(join.Room) ?? RoomAccess.Refuse(join.Room, _identity)) is { } error)
        {
            throw new RoomStreamException(ErrorCode.NotAllowed, error);
        }

        _room = join.Room;
        if (!_session.JoinBucket.TryTake(out _))
        {
            _sessions.Limits.Refused(Limit.JoinRate);
            throw new RoomStreamException(
                ErrorCode.RateLimited, $"A connection may join {_sessions.Limits.Options.JoinRate} rooms a second; wait.");
        }

        var relay = _sessions.Relays.Enter(_room);
        RoomMember? member = null;
        try
        {
            var grain = _sessions.Cluster.Room(_room);
            member = await JoinAsync(join, relay, grain);
            _sessions.Metrics.Joined(join.After is not null, member.Recovered);
            _sessions.Logger.Joined(_session.Id, _room, member.Epoch, member.Position, member.Recovered);
            await Task.WhenAll(Guarded(ReadAsync(relay, member.Epoch)), Guarded(WriteAsync(member)));
        }
        finally
        {
            if (member is not null)
            {
                relay.Leave(member);
                _sessions.Metrics.Left();
                _sessions.Logger.Left(_session.Id, _room, member.Position);
            }

            _outbox.Close();
            _sessions.Relays.Leave(relay);
        }
    }

    private async Task<RoomMember> JoinAsync(Join join, RoomRelay relay, IRoomGrain grain)
    {
        using var limit = new CancellationTokenSource(_sessions.Relays.Options.CallTimeLimit, _sessions.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _ended.Token);
        try
        {
            var standing = TakeOverAsync(relay, grain, either.Token);
            LogPosition? after = join.After is { } place ? new LogPosition(place.Epoch, ToLong(place.Offset)) : null;
            var newest = (int)Math.Min(join.Newest, ProtocolLimits.MaxNewestMessages);
            var member = await relay.JoinAsync(
                after, newest, new RoomUser(_identity.UserId, _identity.UserName), join.Presence, _due, either.Token);
            try
            {
                (_lastStored, _term) = await standing;
                Answer(new ServerFrame
                {
                    Joined = new Joined
                    {
                        Position = new Position { Epoch = member.Epoch, Offset = (ulong)member.Position },
                        Recovered = member.Recovered,
                        LastClientSeq = (ulong)_lastStored,
                    },
                });
                await _unanswered.WaitAsync(either.Token);
                return member;
            }
            catch
            {
                relay.Leave(member);
                throw;
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !_ended.IsCancellationRequested)
        {
            throw _sessions.Relays.NoAnswer(_room);
        }
    }

    private async Task<ClientStanding> TakeOverAsync(RoomRelay relay, IRoomGrain grain, CancellationToken cancellationToken)
    {
        // An earlier stream of this client may have left a call under way; the client goes by what is stored after it.
        await relay.Publishes.WhenCalledAsync().WaitAsync(cancellationToken);
        for (var backoff = new Backoff(); ; await Task.Delay(backoff.Next(), _sessions.Time, cancellationToken))
        {
            try
            {
                return await grain.TakeOver(_identity.UserId, _identity.ClientId);
            }
            catch (Exception e)
            {
                _sessions.Logger.RoomCallFailed(_room, nameof(IRoomGrain.TakeOver), e);
                _sessions.Metrics.ClusterCallFailed(nameof(IRoomGrain.TakeOver));
            }
        }
    }

    private async Task ReadAsync(RoomRelay relay, string epoch)
    {
        var frames = new FrameSource(_stream.Transport.Input);
        while (await frames.ReadAsync() is { FrameCase: not ClientFrame.FrameOneofCase.Leave } frame)
        {
            // Each frame is owed one answer; while too many are owed, or too much waits for the client to read it, the next ones stay unread.
            await _unanswered.WaitAsync(_ended.Token);
            await _outbox.DrainedAsync(_sessions.Relays.Options.OutboxBytes, _ended.Token);
            switch (frame.FrameCase)
            {
                case ClientFrame.FrameOneofCase.Publish:
                    Publish(frame.Publish, relay.Publishes);
                    break;
                case ClientFrame.FrameOneofCase.ReadHistory:
                    await ReadHistoryAsync(frame.ReadHistory, relay, epoch);
                    break;
                default:
                    throw new ProtocolException(ErrorCode.ProtocolViolation, $"{frame.FrameCase} has no place on a joined room stream.");
            }
        }

        // All places are free once all that was owed is answered.
        for (var places = 0; places < _sessions.Options.MaxUnanswered; places++)
        {
            await _unanswered.WaitAsync(_ended.Token);
        }

        Volatile.Write(ref _isDraining, true);
        _due.Set();
    }

    private async Task ReadHistoryAsync(ReadHistory request, RoomRelay relay, string epoch)
    {
        if (_session.HistoryBucket.Take() is var wait && wait > TimeSpan.Zero)
        {
            // A page has no answer that refuses it. What the client has sent behind it stays unread until then.
            _sessions.Limits.Refused(Limit.HistoryRate);
            await Task.Delay(wait, _sessions.Time, _ended.Token);
        }

        var started = _sessions.Time.GetTimestamp();
        var backoff = new Backoff();
        var from = Math.Max(1, ToLong(request.FromOffset));
        var limit = (int)Math.Min(request.Limit, ProtocolLimits.MaxHistoryMessages);
        while (true)
        {
            if (await relay.TryReadAsync(from, limit) is { } page)
            {
                if (page.Tail.Epoch != epoch)
                {
                    // The answer names no epoch, so the client would take these offsets for those that it knows.
                    relay.RenewNow();
                    throw RoomRelay.NewEpoch(_room);
                }

                Answer(new ServerFrame { History = ToHistory(request.FromOffset, page) });
                return;
            }

            if (_sessions.Time.GetElapsedTime(started) > _sessions.Relays.Options.CallTimeLimit)
            {
                throw _sessions.Relays.NoAnswer(_room);
            }

            await Task.Delay(backoff.Next(), _sessions.Time, _ended.Token);
        }
    }

    private static History ToHistory(ulong from, RoomPage page)
    {
        var history = new History
        {
            FromOffset = from,
            FirstOffset = (ulong)page.Tail.FirstOffset,
            LastOffset = (ulong)page.Tail.LastOffset,
        };
        var bytes = 0;
        foreach (var stored in page.Messages)
        {
            var message = MessageFrames.ToWire(stored);

            // The page may be larger than a frame; the client asks again from where it ends.
            bytes += message.CalculateSize() + 8;
            if (bytes > ProtocolLimits.MaxFrameBytes - 64)
            {
                break;
            }

            history.Messages.Add(message);
        }

        return history;
    }

    private async Task Guarded(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>Ends reader and writer; the first failure decides how the stream ends.</summary>
    private void Fail(Exception failure)
    {
        if (Interlocked.CompareExchange(ref _failure, failure, null) is not null)
        {
            return;
        }

        _ended.Cancel();
        _due.Set();
        _outbox.End();
        _stream.Transport.Input.CancelPendingRead();
        _stream.Transport.Output.CancelPendingFlush();
    }

    private void Finish()
    {
        switch (_failure)
        {
            case null:
                // Ends the stream in order; what the client may still send is not wanted.
                _stream.Transport.Output.Complete();
                _stream.Transport.Input.Complete();
                break;
            case ProtocolException e:
                _session.Close(e.Code, e.Message);
                break;
            case RoomStreamException e:
                Reset(e.Code, e.Message);
                break;
            case QuicStreamAbortedException or QuicConnectionClosedException or OperationCanceledException:
                _stream.Abort(ErrorCode.NoError, "The client left.");
                break;
            case var e:
                _sessions.Logger.RoomStreamFailed(_session.Id, _room, e);
                Reset(ErrorCode.Internal, "An internal error.");
                break;
        }
    }

    private void Reset(ErrorCode code, string reason)
    {
        _sessions.Logger.RoomStreamReset(_session.Id, _room, code, reason);
        _sessions.Metrics.RoomStreamReset(code);
        _stream.Abort(code, reason);
    }

    private static long ToLong(ulong value) => (long)Math.Min(value, long.MaxValue);
}
