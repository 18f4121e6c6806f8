using Google.Protobuf;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Client;

// The control stream: the handshake, Pings both ways, and what the gateway has to say of the connection.
public sealed partial class ChatClient
{
    // Answers wait here only while the path is dead; a gateway that asks on is out of order.
    private const int MaxUnsent = 256;

    private static readonly TimeSpan CloseGrace = TimeSpan.FromMilliseconds(500);

    private async Task HelloAsync(Greeting greeting, CancellationToken cancellationToken)
    {
        // Until the gateway has answered it hears of a change of the path only by this.
        if (_connection.Features.Get<IConnectionKeepAliveFeature>() is { } keepAlive)
        {
            keepAlive.KeepAliveInterval = _options.ActiveKeepAlive;
        }

        _control.Send(new ClientFrame
        {
            Hello = new Hello
            {
                Token = greeting.Token,
                ClientId = _options.ClientId,
                SessionToken = ByteString.CopyFrom(greeting.SessionToken.Span),
            },
        });
        _controlling = ControlAsync();
        _ = WatchAsync();
        await _welcomed.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        ClientLog.Connected(_logger, ConnectionId, UserId, RemoteEndPoint, GatewayId);
    }

    private async Task ControlAsync()
    {
        try
        {
            await _control.RunAsync(HandleAsync).ConfigureAwait(false);
            await GiveCloseAMomentAsync().ConfigureAwait(false);
            End(ReasonFor(new ProtocolException(ErrorCode.ProtocolViolation, "The control stream ended.")));
        }
        catch (QuicStreamAbortedException e)
        {
            await GiveCloseAMomentAsync().ConfigureAwait(false);
            var code = ErrorCodes.FromWire(e.ErrorCode);
            End(new ChatCloseReason(ChatCloseOrigin.Gateway, code, $"The gateway ended the control stream with {code.ToName()}."));
        }
        catch (Exception e)
        {
            End(ReasonFor(e));
        }
        finally
        {
            await _control.DisposeAsync().ConfigureAwait(false);
        }
    }

    // A gateway that closes the connection says why in its close; the end of the control stream may be seen before it.
    private async Task GiveCloseAMomentAsync()
    {
        try
        {
            End(ChatCloseReason.From(await _close.Closed.WaitAsync(CloseGrace).ConfigureAwait(false)));
        }
        catch (TimeoutException)
        {
            ClientLog.ControlStreamEndedAlone(_logger, ConnectionId);
        }
    }

    private async Task WatchAsync() => End(ChatCloseReason.From(await _close.Closed.ConfigureAwait(false)));

    private ValueTask HandleAsync(ServerFrame frame, CancellationToken cancellationToken)
    {
        if (!_welcomed.Task.IsCompleted)
        {
            OnWelcome(frame);
            return ValueTask.CompletedTask;
        }

        switch (frame.FrameCase)
        {
            case ServerFrame.FrameOneofCase.Ping when _control.Unsent < MaxUnsent:
                _control.Send(new ClientFrame { Pong = new Pong { Number = frame.Ping.Number } });
                break;
            case ServerFrame.FrameOneofCase.Ping:
                throw Violation($"{MaxUnsent} Pings came faster than they can be answered");
            case ServerFrame.FrameOneofCase.Pong when frame.Pong.Number - 1 < Volatile.Read(ref _pings):
                break;
            case ServerFrame.FrameOneofCase.Pong:
                throw Violation($"Pong {frame.Pong.Number} answers no Ping");
            case ServerFrame.FrameOneofCase.GoAway:
                OnGoAway(frame.GoAway);
                break;
            case ServerFrame.FrameOneofCase.Refreshed:
                OnRefreshed(frame.Refreshed);
                break;
            case ServerFrame.FrameOneofCase.Settings:
                MigrationTimeout = Duration(frame.Settings.MigrationTimeoutMs, QuicDefaults.MigrationTimeout);
                _keepAlive?.DeadAfter(MigrationTimeout);
                break;
            case ServerFrame.FrameOneofCase.MigrationNotice:
                OnMigrationNotice(frame.MigrationNotice);
                break;
            default:
                throw Violation($"a {frame.FrameCase} frame came on the control stream");
        }

        return ValueTask.CompletedTask;
    }

    private void OnWelcome(ServerFrame frame)
    {
        if (frame.FrameCase != ServerFrame.FrameOneofCase.Welcome)
        {
            throw Violation($"the control stream began with {frame.FrameCase}, not Welcome");
        }

        var welcome = frame.Welcome;
        if (welcome.ConnectionId.Length != ConnectionId.Length)
        {
            throw Violation($"Welcome has a connection ID of {welcome.ConnectionId.Length} bytes");
        }

        ConnectionId = ConnectionId.Read(welcome.ConnectionId.Span);
        UserId = welcome.UserId;
        UserName = welcome.UserName;
        GatewayId = welcome.GatewayId;
        SessionToken = welcome.SessionToken.Memory;
        if (SessionToken.Length > ProtocolLimits.MaxSessionTokenBytes)
        {
            throw Violation($"Welcome has a session token of {SessionToken.Length} bytes");
        }

        IdleTimeout = Duration(welcome.IdleTimeoutMs, QuicDefaults.IdleTimeout);
        MigrationTimeout = Duration(welcome.MigrationTimeoutMs, QuicDefaults.MigrationTimeout);
        lock (_gate)
        {
            if (_reason is not null)
            {
                return;
            }

            _keepAlive = new KeepAlive(
                _options, _connection.Features.Get<IConnectionKeepAliveFeature>(), IdleTimeout, MigrationTimeout, SendPing, OnSilence, OnPathDead);
            _roaming = CreateRoaming();
            _options.LocalNetworks.Changed += OnNetworksChanged;
            _refreshing = RefreshAsync(welcome.TokenExpiresInMs);
        }

        _welcomed.TrySetResult();
    }

    private static TimeSpan Duration(uint milliseconds, TimeSpan otherwise)
        => milliseconds == 0 ? otherwise : TimeSpan.FromMilliseconds(milliseconds);

    private void OnGoAway(GoAway goAway)
    {
        var notice = new GoAwayNotice(goAway.Reason, [.. goAway.Alternatives]);
        lock (_gate)
        {
            _goAway = notice;
        }

        ClientLog.GoingAway(_logger, ConnectionId, notice.Reason);
        Raise(GoingAway, notice);
    }

    private void OnMigrationNotice(MigrationNotice notice)
    {
        PathChangeKind? kind = notice.Kind switch
        {
            MigrationNotice.Types.Kind.PortOnly => PathChangeKind.PortOnly,
            MigrationNotice.Types.Kind.Address => PathChangeKind.Address,
            MigrationNotice.Types.Kind.Family => PathChangeKind.Family,
            _ => null,
        };
        PathChangeOutcome? outcome = notice.Outcome switch
        {
            MigrationNotice.Types.Outcome.Started => PathChangeOutcome.Started,
            MigrationNotice.Types.Outcome.Completed => PathChangeOutcome.Completed,
            MigrationNotice.Types.Outcome.Reverted => PathChangeOutcome.Reverted,
            MigrationNotice.Types.Outcome.Superseded => PathChangeOutcome.Superseded,
            MigrationNotice.Types.Outcome.Unknown => PathChangeOutcome.Unknown,
            MigrationNotice.Types.Outcome.Failed => PathChangeOutcome.Failed,
            _ => null,
        };
        if (kind is null || outcome is null)
        {
            // A newer gateway may tell of what this version has no name for.
            ClientLog.UnknownNotice(_logger, ConnectionId, notice.Kind, notice.Outcome);
            return;
        }

        var change = new PathChange(
            kind.Value, outcome.Value, notice.From, notice.To, TimeSpan.FromMilliseconds(notice.DurationMs), notice.Reason)
        {
            LeftPreferredNetworks = notice.LeftPreferredNetworks,
        };
        ClientLog.PathChanged(_logger, ConnectionId, change.Kind, change.Outcome, change.From, change.To, change.Duration);
        Raise(PathChanged, change);
        if (change.Outcome is PathChangeOutcome.Started or PathChangeOutcome.Completed)
        {
            Raise(change.Outcome == PathChangeOutcome.Started ? Migrating : Migrated, change);
        }
    }

    /// <summary>Tells the application.</summary>
    internal void Raise<T>(Action<T>? handlers, T argument)
    {
        try
        {
            handlers?.Invoke(argument);
        }
        catch (Exception e)
        {
            // The application's fault must not cost it the connection.
            ClientLog.HandlerFailed(_logger, ConnectionId, typeof(T).Name, e);
        }
    }

    private void SendPing()
    {
        var number = Interlocked.Increment(ref _pings);
        if (_control.Unsent < MaxUnsent)
        {
            _control.Send(new ClientFrame { Ping = new Ping { Number = number } });
        }
    }

    private void OnSilence(bool isSilent) => SilenceChanged?.Invoke(isSilent);

    private void OnPathDead(TimeSpan silence) => End(new ChatCloseReason(
        ChatCloseOrigin.Client,
        ErrorCode.MigrationFailed,
        $"Nothing was heard from the gateway for {silence.TotalSeconds:0} s, though it was asked: the network path is dead, or the gateway is."));

    private void OnHeard() => _keepAlive?.Heard();

    private void OnNetworksChanged()
    {
        ClientLog.NetworkChanged(_logger, ConnectionId);
        NotifyNetworkChanged();
    }

    private static ProtocolException Violation(string what)
        => new(ErrorCode.ProtocolViolation, $"{char.ToUpperInvariant(what[0])}{what[1..]}.");
}
