using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Connections;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Limits;
using QuicChat.Gateway.Migrations;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Sessions;

/// <summary>One client connection: authenticates it, registers it, and serves its streams until it ends.</summary>
internal sealed partial class ClientSession : IPathListener
{
    private const string ControlEnded = "The client ended its control stream.";

    private readonly ClientSessions _sessions;
    private readonly MultiplexedConnectionContext _connection;
    private readonly IConnectionPathFeature _path;
    private readonly IConnectionCloseFeature _close;
    private readonly CancellationTokenSource _ended = new();
    private readonly List<Task> _rooms = [];
    private Task _control = Task.CompletedTask;
    private ControlStream? _out;
    private ClientIdentity? _identity;
    private PathReporter? _reporter;
    private ulong _pings;
    private long _expiresAt = long.MaxValue;
    private bool _isToldToGo;
    private bool _isClosing;

    public ClientSession(ClientSessions sessions, MultiplexedConnectionContext connection)
    {
        _sessions = sessions;
        _connection = connection;
        _path = connection.Features.GetRequiredFeature<IConnectionPathFeature>();
        _close = connection.Features.GetRequiredFeature<IConnectionCloseFeature>();
        PublishBucket = sessions.Limits.NewPublishBucket();
        JoinBucket = sessions.Limits.NewJoinBucket();
        HistoryBucket = sessions.Limits.NewHistoryBucket();
    }

    /// <summary>The connection's ID.</summary>
    public ConnectionId Id => _path.ConnectionId;

    /// <summary>What it may publish.</summary>
    public TokenBucket PublishBucket { get; }

    /// <summary>How often it may join a room.</summary>
    public TokenBucket JoinBucket { get; }

    /// <summary>How much history it may read.</summary>
    public TokenBucket HistoryBucket { get; }

    /// <summary>Its serving, to the end.</summary>
    public Task Running { get; set; } = Task.CompletedTask;

    /// <summary>How long a migration attempt of this connection may stay unresolved.</summary>
    public TimeSpan MigrationTimeout
    {
        set
        {
            if (_path.MigrationTimeout != value)
            {
                _path.MigrationTimeout = value;

                // The client gives a dead path up by the same time; where it is dead already, this comes too late for it.
                TellSettings();
            }
        }
    }

    /// <summary>Serves the connection to its end.</summary>
    public async Task RunAsync()
    {
        _sessions.Logger.Accepted(Id, _path.CurrentPath.Remote);
        using var helloLimit = new CancellationTokenSource(_sessions.Options.HelloTimeLimit, _sessions.Time);
        using (helloLimit.Token.Register(() => OnHelloTimeLimit()))
        {
            try
            {
                while (await _connection.AcceptAsync() is { } stream)
                {
                    await AcceptAsync(stream, helloLimit);
                }
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }

        await EndAsync();
    }

    /// <summary>Says once that the gateway is going away, if the client has been welcomed.</summary>
    public void TellToGo(GoAway goAway)
    {
        if (Volatile.Read(ref _out) is { } control && !Interlocked.Exchange(ref _isToldToGo, true))
        {
            // In another order for each, so that not all try the same gateway first.
            var alternatives = goAway.Alternatives.ToArray();
            Random.Shared.Shuffle(alternatives);
            control.Notify(new ServerFrame { GoAway = new GoAway { Reason = goAway.Reason, Alternatives = { alternatives } } });
        }
    }

    /// <summary>Ends the connection if its token has expired.</summary>
    public void EndIfExpired(DateTimeOffset now)
    {
        if (Volatile.Read(ref _expiresAt) <= now.UtcTicks)
        {
            Close(ErrorCode.AuthExpired, "The token has expired; connect with a new one.");
        }
    }

    /// <summary>Registers the connection again, if it ever was.</summary>
    public void RegisterAgain() => Volatile.Read(ref _reporter)?.RegisterAgain();

    /// <summary>Says how its attempt stands, if it was ever registered.</summary>
    public void Check() => Volatile.Read(ref _reporter)?.Check();

    /// <inheritdoc />
    public void Close(ErrorCode code, string reason)
    {
        if (Interlocked.Exchange(ref _isClosing, true))
        {
            return;
        }

        _sessions.Logger.Closing(code is ErrorCode.NoError or ErrorCode.GoingAway ? LogLevel.Debug : LogLevel.Information, Id, code, reason);
        _sessions.Metrics.ConnectionClosed(code);

        // Both ends quote it within a sentence.
        _close.Close((ulong)code, reason.TrimEnd('.'));
    }

    void IPathListener.Notify(MigrationNotice notice) => _out?.Notify(new ServerFrame { MigrationNotice = notice });

    void IPathListener.ProbePath() => _out?.Notify(new ServerFrame { Ping = new Ping { Number = ++_pings } });

    private async Task AcceptAsync(ConnectionContext stream, CancellationTokenSource helloLimit)
    {
        var id = stream.Features.GetRequiredFeature<IStreamIdFeature>().StreamId;
        if (id == 0)
        {
            _control = RunControlAsync(stream, helloLimit);
            return;
        }

        _rooms.RemoveAll(room => room.IsCompleted);
        if (Volatile.Read(ref _identity) is not { } identity)
        {
            Close(ErrorCode.ProtocolViolation, "A room stream came before Welcome.");
        }
        else if (_rooms.Count >= _sessions.Options.MaxRooms)
        {
            _sessions.Logger.RoomRefused(Id, _sessions.Options.MaxRooms);
            _sessions.Limits.Refused(Limit.Rooms);
            _sessions.Metrics.RoomStreamReset(ErrorCode.NotAllowed);
            stream.Abort(ErrorCode.NotAllowed, "Too many rooms.");
        }
        else
        {
            _rooms.Add(new RoomStream(this, _sessions, identity, stream, _ended.Token).RunAsync());
            return;
        }

        await stream.DisposeAsync();
    }

    private static uint Milliseconds(TimeSpan time) => (uint)time.TotalMilliseconds;

    private void TellSettings()
        => Volatile.Read(ref _out)?.Notify(new ServerFrame { Settings = new Settings { MigrationTimeoutMs = Milliseconds(_path.MigrationTimeout) } });

    private async Task RunControlAsync(ConnectionContext stream, CancellationTokenSource helloLimit)
    {
        await using (stream)
        {
            try
            {
                var frames = new FrameSource(stream.Transport.Input);
                var control = new ControlStream(stream, _sessions.Metrics);
                var writing = Task.CompletedTask;
                try
                {
                    var welcome = await AuthenticateAsync(await frames.ReadAsync(), helloLimit.Token);
                    helloLimit.CancelAfter(Timeout.InfiniteTimeSpan);
                    await control.AnswerAsync(new ServerFrame { Welcome = welcome }, _ended.Token);
                    Volatile.Write(ref _out, control);
                    if (Milliseconds(_path.MigrationTimeout) != welcome.MigrationTimeoutMs)
                    {
                        // It was changed meanwhile.
                        TellSettings();
                    }

                    if (_sessions.GoAway is { } goAway)
                    {
                        TellToGo(goAway);
                    }

                    writing = WriteControlAsync(control);
                    while (await frames.ReadAsync() is { } frame)
                    {
                        await HandleAsync(frame, control);
                    }

                    Close(ErrorCode.NoError, ControlEnded);
                }
                finally
                {
                    control.Complete();
                    await writing;
                }
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }
    }

    private async Task WriteControlAsync(ControlStream control)
    {
        try
        {
            await control.WriteAsync();
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private async Task<Welcome> AuthenticateAsync(ClientFrame? first, CancellationToken timeLimit)
    {
        if (first is not { FrameCase: ClientFrame.FrameOneofCase.Hello, Hello: var hello })
        {
            throw new ProtocolException(
                ErrorCode.ProtocolViolation, $"The first frame must be Hello, not {first?.FrameCase.ToString() ?? "the end"}.");
        }

        if (ProtocolRules.CheckClientId(hello.ClientId) is { } error)
        {
            throw new ProtocolException(ErrorCode.ProtocolViolation, error);
        }

        var claims = await _sessions.Tokens.ValidateAsync(hello.Token);
        var former = hello.SessionToken.IsEmpty ? null : await ReadSessionTokenAsync(hello, claims.UserId);
        TakePlace(claims.UserId, former);
        var path = _path.CurrentPath;
        var registration = new ConnectionRegistration(
            _sessions.GatewayId,
            claims.UserId,
            claims.UserName,
            hello.ClientId,
            path.Remote.ToString(),
            path.Local.ToString(),
            _sessions.Engine,
            _sessions.Time.GetUtcNow());
        var reporter = new PathReporter(Id, _path, registration, this, _sessions, _sessions.Abandoned);
        Volatile.Write(ref _reporter, reporter);
        await reporter.StartAsync(timeLimit);
        Volatile.Write(ref _identity, new ClientIdentity(claims.UserId, claims.UserName, hello.ClientId) { Rooms = claims.Rooms });
        if (former is { } ended)
        {
            // Not before: a connection that does not come about must not cost the client the one that it has.
            _sessions.EndFormer(ended, Id);
            _placeGiver = null;
        }

        var expiresInMs = Accept(claims);
        _sessions.Metrics.ConnectionOpened();
        _sessions.Logger.Authenticated(Id, claims.UserId, hello.ClientId, path.Remote);

        var id = new byte[ConnectionId.Length];
        Id.Write(id);
        return new Welcome
        {
            ConnectionId = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(id),
            UserId = claims.UserId,
            UserName = claims.UserName,
            SessionToken = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(_sessions.SessionTokens.Seal(Id, claims.UserId, hello.ClientId)),
            IdleTimeoutMs = (uint)_sessions.IdleTimeout.TotalMilliseconds,
            MigrationTimeoutMs = Milliseconds(_path.MigrationTimeout),
            GatewayId = _sessions.GatewayId,
            TokenExpiresInMs = expiresInMs,
        };
    }

    private async Task<ConnectionId?> ReadSessionTokenAsync(Hello hello, string userId)
    {
        await _sessions.SessionTokens.PrepareAsync(hello.SessionToken.Memory);
        var state = _sessions.SessionTokens.Open(hello.SessionToken.Span, userId, hello.ClientId, out var former);
        _sessions.Metrics.SessionTokenRead(state);
        _sessions.Logger.SessionTokenRead(Id, state);
        return state switch
        {
            SessionTokenState.Valid => former,
            SessionTokenState.Foreign => throw new ProtocolException(
                ErrorCode.AuthFailed, "The session token is another user's, or another client's."),
            // A client that comes back after long must get in with its token.
            _ => null,
        };
    }

    /// <summary>Lets the connection live for as long as a token of its user does.</summary>
    /// <returns>The milliseconds until then.</returns>
    private uint Accept(TokenClaims claims)
    {
        // Added in ticks: the furthest expiry that a token can have is the last moment that there is.
        var expiresAt = claims.ExpiresAt.UtcTicks + _sessions.Tokens.ClockSkew.Ticks;
        Volatile.Write(ref _expiresAt, expiresAt);
        var left = TimeSpan.FromTicks(expiresAt - _sessions.Time.GetUtcNow().UtcTicks);

        // 0 would be "not told".
        return (uint)Math.Clamp(left.TotalMilliseconds, 1, uint.MaxValue);
    }

    private async Task HandleAsync(ClientFrame frame, ControlStream control)
    {
        switch (frame.FrameCase)
        {
            case ClientFrame.FrameOneofCase.Ping:
                await control.AnswerAsync(new ServerFrame { Pong = new Pong { Number = frame.Ping.Number } }, _ended.Token);
                break;
            case ClientFrame.FrameOneofCase.Pong:
                if (frame.Pong.Number - 1 >= Volatile.Read(ref _pings))
                {
                    throw new ProtocolException(ErrorCode.ProtocolViolation, $"Pong {frame.Pong.Number} answers no Ping.");
                }

                if (frame.Pong.Number == Volatile.Read(ref _pings))
                {
                    _path.Confirm();
                }

                break;
            case ClientFrame.FrameOneofCase.Refresh:
                var claims = await _sessions.Tokens.ValidateAsync(frame.Refresh.Token);
                if (claims.UserId != _identity!.UserId)
                {
                    throw new ProtocolException(ErrorCode.AuthFailed, "The new token is another user's.");
                }

                Volatile.Write(ref _identity, _identity with { Rooms = claims.Rooms });
                var refreshed = new Refreshed { TokenExpiresInMs = Accept(claims) };
                await control.AnswerAsync(new ServerFrame { Refreshed = refreshed }, _ended.Token);
                break;
            default:
                throw new ProtocolException(ErrorCode.ProtocolViolation, $"{frame.FrameCase} has no place on the control stream after Hello.");
        }
    }

    private void OnHelloTimeLimit()
        => Close(
            Volatile.Read(ref _reporter) is null ? ErrorCode.ProtocolViolation : ErrorCode.Internal,
            Volatile.Read(ref _reporter) is null
                ? $"No Hello came within {_sessions.Options.HelloTimeLimit.TotalSeconds:0} s."
                : "The connection could not be registered in time; the cluster does not answer.");

    /// <summary>Ends the connection for a failure of its control stream or of itself.</summary>
    private void Fail(Exception failure)
    {
        switch (failure)
        {
            case ProtocolException e:
                Close(e.Code, e.Message);
                break;
            case QuicStreamAbortedException { ErrorCode: (ulong)ErrorCode.NoError }:
                Close(ErrorCode.NoError, ControlEnded);
                break;
            case QuicStreamAbortedException:
                Close(ErrorCode.ProtocolViolation, "The control stream was aborted.");
                break;
            case QuicConnectionClosedException or OperationCanceledException:
                break;
            default:
                _sessions.Logger.SessionFailed(Id, failure);
                Close(ErrorCode.Internal, "An internal error.");
                break;
        }
    }

    private async Task EndAsync()
    {
        await _ended.CancelAsync();
        await Task.WhenAll([_control, .. _rooms]);
        var closure = await _close.Closed;
        LeavePlace();
        _sessions.Logger.Ended(Id, new QuicConnectionClosedException(closure).Message);
        if (_reporter is { } reporter)
        {
            await reporter.EventsRead;
            await _connection.DisposeAsync();
            if (_identity is not null)
            {
                _sessions.Metrics.ConnectionEnded();
            }

            // Also where the registration did not come to its end: the cluster may have it all the same.
            await reporter.EndAsync(closure);
        }
        else
        {
            await _connection.DisposeAsync();
        }
    }
}
