using System.Net.Quic;
using System.Runtime.Versioning;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.SystemNet;

/// <summary>
/// A connection as applications see it. It has no keep-alive feature: System.Net.Quic takes the interval once, when a connection is made.
/// </summary>
[SupportedOSPlatform("windows")]
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
internal sealed class SystemConnection : EngineConnection, IWatched
{
    private readonly QuicConnection _quic;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<SystemConnection>? _ended;
    private readonly PathWatch _watch;
    private readonly bool _takesUnidirectional;
    private ConnectionClosure? _closing;

    /// <summary>Takes over a connection whose handshake is complete.</summary>
    /// <param name="quic">The engine's connection.</param>
    /// <param name="id">Its identity.</param>
    /// <param name="capabilities">What is known of its paths.</param>
    /// <param name="migrationTimeout">How long an attempt may stay unresolved; told to the client, for attempts here end sooner.</param>
    /// <param name="takesUnidirectional">Whether the application wants the peer's unidirectional streams; else one ends the connection.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The engine's log.</param>
    /// <param name="ended">Called once when it has ended.</param>
    public SystemConnection(
        QuicConnection quic,
        ConnectionId id,
        PathCapabilities capabilities,
        TimeSpan migrationTimeout,
        bool takesUnidirectional,
        TimeProvider time,
        ILogger logger,
        Action<SystemConnection>? ended)
        : base(migrationTimeout, OwnOfAll)
    {
        _quic = quic;
        Id = id;
        Capabilities = capabilities;
        _takesUnidirectional = takesUnidirectional;
        _time = time;
        _logger = logger;
        _ended = ended;
        _watch = new PathWatch(quic.LocalEndPoint, quic.RemoteEndPoint);
        SystemEngineLog.HandshakeCompleted(logger, id, _watch.Current);
    }

    public override NetworkPath CurrentPath => _watch.Current;

    public override PathCapabilities Capabilities { get; }

    public override ChannelReader<PathEvent> Events => _watch.Events;

    public override PathJudge? Judge
    {
        get => _watch.Judge;
        set => _watch.Judge = value;
    }

    protected override ConnectionId Id { get; }

    /// <summary>Begins to serve it.</summary>
    public void Start() => _ = AcceptStreamsAsync();

    public void Look(Instant now)
    {
        if (Capabilities.HasFlag(PathCapabilities.Detection))
        {
            _watch.Look(_quic.RemoteEndPoint, now);
        }
    }

    /// <summary>Looks where the peer is, now.</summary>
    public void Look() => Look(Clock.Now(_time));

    public override void Confirm() => _watch.Confirm(_quic.RemoteEndPoint, Clock.Now(_time));

    /// <summary>What an application is told instead of an exception of System.Net.Quic that ended the connection.</summary>
    public Exception Explain(Exception exception)
        => (Closure ?? Describe(exception)) is { } closure ? new QuicConnectionClosedException(closure) : exception;

    protected override async ValueTask<ConnectionContext> OpenStreamAsync(bool isUnidirectional, CancellationToken cancellationToken)
    {
        try
        {
            var type = isUnidirectional ? QuicStreamType.Unidirectional : QuicStreamType.Bidirectional;
            return new SystemStream(this, await _quic.OpenOutboundStreamAsync(type, cancellationToken));
        }
        catch (Exception e) when (e is QuicException or ObjectDisposedException)
        {
            throw Explain(e);
        }
    }

    protected override void RequestClose(ulong errorCode, string reason)
    {
        var closure = new ConnectionClosure(ConnectionCloseOrigin.Local, errorCode, null, reason);
        if (Interlocked.CompareExchange(ref _closing, closure, null) is null)
        {
            _ = CloseAsync((long)errorCode);
        }
    }

    protected override async ValueTask ReleaseAsync() => await _quic.DisposeAsync();

    private async Task CloseAsync(long errorCode)
    {
        try
        {
            await _quic.CloseAsync(errorCode).ConfigureAwait(false);
        }
        catch (Exception e) when (e is QuicException or ObjectDisposedException)
        {
            // It has ended otherwise meanwhile, which whoever accepts its streams is told.
        }
    }

    private async Task AcceptStreamsAsync()
    {
        try
        {
            while (true)
            {
                var stream = await _quic.AcceptInboundStreamAsync().ConfigureAwait(false);
                if (stream.Type == QuicStreamType.Bidirectional || _takesUnidirectional)
                {
                    Offer(new SystemStream(this, stream));
                }
                else
                {
                    await stream.DisposeAsync().ConfigureAwait(false);
                    Close(0, "unidirectional streams are not used");
                }
            }
        }
        catch (Exception e)
        {
            End(e);
        }
    }

    private void End(Exception exception)
    {
        if (Describe(exception) is not { } closure)
        {
            SystemEngineLog.ConnectionFaulted(_logger, Id, exception);
            closure = new ConnectionClosure(ConnectionCloseOrigin.Local, null, 1, "internal error");
        }

        SystemEngineLog.ConnectionEnded(_logger, Id, closure);
        _watch.Complete();
        End(closure);
        _ended?.Invoke(this);
    }

    // Operations that are aborted do not tell by whom; whoever closed the connection here knows.
    private ConnectionClosure? Describe(Exception exception) => Closures.Of(exception) switch
    {
        { Origin: ConnectionCloseOrigin.Local } closure => Volatile.Read(ref _closing) ?? closure,
        var closure => closure,
    };
}
