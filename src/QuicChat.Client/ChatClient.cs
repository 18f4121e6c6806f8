using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;

namespace QuicChat.Client;

/// <summary>
/// One connection to a QuicChat gateway. It survives changes of the network path below it: rooms go on, nothing is lost or repeated, and
/// <see cref="PathChanged"/> tells of it. When it ends for good, <see cref="Closed"/> says how. Applications use <see cref="ChatSession"/>, which also
/// survives that; this is for those that want to see each connection. All members are safe to call from any thread.
/// </summary>
/// <example>
/// <code>
/// await using var client = await ChatClient.ConnectAsync(new ChatClientOptions
/// {
///     Servers = ["localhost:4433"],
///     Trust = ServerTrust.Pinned.Parse(fingerprint),
///     Token = token,
/// });
/// var room = await client.JoinAsync("lobby", new JoinOptions { Newest = 20 });
/// await room.PublishAsync("Hello");
/// await foreach (var message in room.ReadAllAsync())
/// {
///     Console.WriteLine($"{message.SenderName}: {message.Body}");
/// }
/// </code>
/// </example>
public sealed partial class ChatClient : IAsyncDisposable
{
    private readonly ChatClientOptions _options;
    private readonly MultiplexedConnectionContext _connection;
    private readonly IConnectionCloseFeature _close;
    private readonly FrameStream _control;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, RoomStream?> _rooms = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _welcomed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<ChatCloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private KeepAlive? _keepAlive;
    private Roaming? _roaming;
    private IMultiplexedConnectionFactory? _factory;
    private Task _controlling = Task.CompletedTask;
    private Task _refreshing = Task.CompletedTask;
    private ChatCloseReason? _reason;
    private GoAwayNotice? _goAway;
    private ulong _pings;
    private int _isDisposed;

    private ChatClient(
        ChatClientOptions options, ServerAddress server, IPEndPoint remoteEndPoint, MultiplexedConnectionContext connection, ConnectionContext control)
    {
        _options = options;
        Server = server;
        _connection = connection;
        _close = connection.Features.GetRequiredFeature<IConnectionCloseFeature>();
        _control = new FrameStream(control, OnHeard);
        _logger = CreateLogger(options);
        RemoteEndPoint = remoteEndPoint;
    }

    /// <summary>
    /// The client's path changed, as the gateway sees it: raised for each notice of the gateway, one when a change begins and one when it is over.
    /// Handlers run one after the other on the library's reading task, so they must return soon. What happened before a handler was added is not told
    /// again, nor is a change that the client did not survive sure to be told: <see cref="MigrationFailed"/> is.
    /// </summary>
    public event Action<PathChange>? PathChanged;

    /// <summary>Those of <see cref="PathChanged"/> that begin: the gateway hears the client from a new address.</summary>
    public event Action<PathChange>? Migrating;

    /// <summary>Those of <see cref="PathChanged"/> that completed: the connection has migrated. One that reverted is no migration.</summary>
    public event Action<PathChange>? Migrated;

    /// <summary>
    /// The connection has ended by MIGRATION_FAILED: the gateway has given its path up, or this client has, from which no notice arrives any more.
    /// Raised once, before <see cref="Closed"/> completes; the handler must return soon.
    /// </summary>
    public event Action<ChatCloseReason>? MigrationFailed;

    /// <summary>The gateway is going away: connect elsewhere soon. Handlers must return soon.</summary>
    public event Action<GoAwayNotice>? GoingAway;

    /// <summary>The connection's stable identity, the same at the gateway, in its logs and in the administration tool.</summary>
    public ConnectionId ConnectionId { get; private set; }

    /// <summary>Who the user is, as the gateway authenticated them.</summary>
    public string UserId { get; private set; } = "";

    /// <summary>The user's name.</summary>
    public string UserName { get; private set; } = "";

    /// <summary>The installation of the application; see <see cref="ChatClientOptions.ClientId"/>.</summary>
    public string ClientId => _options.ClientId;

    /// <summary>The gateway that the client is connected to.</summary>
    public string GatewayId { get; private set; } = "";

    /// <summary>The gateway's address and port.</summary>
    public IPEndPoint RemoteEndPoint { get; }

    /// <summary>The address and port that the client sends from now.</summary>
    public IPEndPoint LocalEndPoint => _connection.Features.GetRequiredFeature<IConnectionPathFeature>().CurrentPath.Local;

    /// <summary>Silence after which the gateway gives the connection up.</summary>
    public TimeSpan IdleTimeout { get; private set; }

    /// <summary>
    /// Time after which the gateway gives an unresolved change of path up. The client gives up, too, when a Ping has stayed without an answer for as
    /// long: <see cref="Closed"/> then says MIGRATION_FAILED.
    /// </summary>
    public TimeSpan MigrationTimeout { get; private set; }

    /// <summary>Completes, never faulted, when the connection has ended, with how it ended.</summary>
    public Task<ChatCloseReason> Closed => _closed.Task;

    /// <summary>What the gateway will know the session by after a reconnect; empty where it told none. A secret.</summary>
    internal ReadOnlyMemory<byte> SessionToken { get; private set; }

    /// <summary>The server of the options that it is connected to.</summary>
    internal ServerAddress Server { get; }

    /// <summary>Whether the gateway has said that it is going away.</summary>
    internal bool IsGoingAway => Volatile.Read(ref _goAway) is not null;

    /// <summary>
    /// Told <see langword="true"/> when the gateway has not answered a Ping for so long that the path or the gateway may be dead, and
    /// <see langword="false"/> when it is heard again. It must return soon.
    /// </summary>
    internal Action<bool>? SilenceChanged { get; set; }

    /// <summary>Enters a room. A room can be joined once at a time on a connection.</summary>
    /// <param name="room">The room's name: 1 to <see cref="ProtocolLimits.MaxRoomLength"/> visible ASCII characters.</param>
    /// <param name="options">What arrives first; by default only messages sent from now on arrive.</param>
    /// <param name="cancellationToken">Gives the join up.</param>
    /// <exception cref="ArgumentException">The name or an option is not allowed.</exception>
    /// <exception cref="InvalidOperationException">The room is joined already.</exception>
    /// <exception cref="RoomClosedException">The gateway refuses, or is going away.</exception>
    /// <exception cref="ChatClosedException">The connection has ended.</exception>
    public async Task<ChatRoom> JoinAsync(string room, JoinOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new JoinOptions();
        Validate(room, options);
        var joining = new ChatRoom(this, room, options, _options);
        await EnterAsync(room, options, joining, cancellationToken).ConfigureAwait(false);
        return joining;
    }

    /// <summary>
    /// Tells that the network has changed: the gateway is shown the new path at once, and <see cref="ChatClientOptions.NetworkPolicy"/> is asked whether to move. The
    /// library does this by itself where .NET reports the change; call it where the platform knows more.
    /// </summary>
    public void NotifyNetworkChanged()
    {
        _keepAlive?.NetworkChanged();
        _roaming?.NetworkChanged();
    }

    /// <summary>Closes the connection. Publishes without their receipt may or may not be stored; await them, or leave the rooms, first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }

        Task[] running;
        lock (_gate)
        {
            running = [_controlling, _refreshing, .. _rooms.Values.OfType<RoomStream>().Select(room => room.Running)];
        }

        End(new ChatCloseReason(ChatCloseOrigin.Application, ErrorCode.NoError, "The client was disposed."));
        await Task.WhenAll(running).ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
        if (_factory is not null)
        {
            await ReleaseAsync(_factory).ConfigureAwait(false);
        }
    }

    /// <summary>Enters a room for an owner.</summary>
    internal async Task<RoomStream> EnterAsync(string room, JoinOptions options, IRoomOwner owner, CancellationToken cancellationToken)
    {
        Reserve(room);
        FrameStream? stream = null;
        RoomStream joining;
        try
        {
            stream = new FrameStream(await OpenStreamAsync(cancellationToken).ConfigureAwait(false), OnHeard);
            joining = new RoomStream(this, stream, room, options, owner);
            lock (_gate)
            {
                ThrowIfEnded();
                _rooms[room] = joining;
            }
        }
        catch
        {
            lock (_gate)
            {
                _rooms.Remove(room);
            }

            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }

        _keepAlive!.RoomAdded();
        joining.Start();
        try
        {
            await joining.JoinAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChatException)
        {
            // The owner may join anew as soon as it knows; nothing must come of this stream by then.
            await joining.Running.ConfigureAwait(false);
            throw;
        }
        finally
        {
            _keepAlive!.RoomAnswered();
        }

        ClientLog.Joined(_logger, ConnectionId, room, joining.JoinedAt.Epoch, joining.JoinedAt.Offset, joining.IsRecovered);
        return joining;
    }

    /// <summary>Ends the connection, its rooms and all that waits. The first reason counts.</summary>
    internal void End(ChatCloseReason reason)
    {
        RoomStream[] rooms;
        lock (_gate)
        {
            if (_reason is not null)
            {
                return;
            }

            _reason = reason;
            rooms = [.. _rooms.Values.OfType<RoomStream>()];
            _options.LocalNetworks.Changed -= OnNetworksChanged;
            _roaming?.Dispose();
            _keepAlive?.Dispose();
        }

        // Where the peer or the network has ended it, this changes nothing.
        var isFault = reason.Origin == ChatCloseOrigin.Client;
        _close.Close((ulong)(isFault ? reason.Code ?? ErrorCode.NoError : ErrorCode.NoError), isFault ? reason.Message : "");
        ClientLog.Closed(_logger, ConnectionId, reason.Origin, reason.Code, reason.Message);
        var end = new ChatClosedException(reason);
        foreach (var room in rooms)
        {
            room.End(end);
        }

        _control.Stop();
        _stop.Cancel();
        _welcomed.TrySetException(end);
        if (reason.Code == ErrorCode.MigrationFailed)
        {
            Raise(MigrationFailed, reason);
        }

        _closed.TrySetResult(reason);
    }

    /// <summary>Why the connection ends because of an error on one of its streams.</summary>
    internal ChatCloseReason ReasonFor(Exception error) => error switch
    {
        QuicConnectionClosedException closed => ChatCloseReason.From(closed.Closure),
        ProtocolException violation => new(
            ChatCloseOrigin.Client, violation.Code, $"The gateway broke the protocol ({violation.Code.ToName()}): {violation.Message}"),
        // Streams may end in other ways once the connection has.
        _ when _close.Closed.IsCompletedSuccessfully => ChatCloseReason.From(_close.Closed.Result),
        _ => new(ChatCloseOrigin.Client, ErrorCode.Internal, $"A stream failed: {error.Message}"),
    };

    /// <summary>A room is over; it can be joined anew.</summary>
    internal void Remove(RoomStream room)
    {
        lock (_gate)
        {
            _rooms.Remove(room.Name);
        }

        _keepAlive!.RoomRemoved();
        ClientLog.Left(_logger, ConnectionId, room.Name, room.LastReceived);
    }

    /// <summary>A room's stream has carried something.</summary>
    internal void OnRoomTraffic() => _keepAlive!.RoomTraffic();

    /// <summary>A message was refused.</summary>
    internal void OnRejected(string room, PublishRejectedException refusal)
        => ClientLog.PublishRejected(_logger, ConnectionId, room, refusal.Message, refusal.RetryAfter);

    /// <exception cref="ArgumentException">The name or an option is not allowed.</exception>
    internal static void Validate(string room, JoinOptions options)
    {
        if (ProtocolRules.CheckRoom(room) is { } problem)
        {
            throw new ArgumentException(problem, nameof(room));
        }

        if (options.Newest is < 0 or > ProtocolLimits.MaxNewestMessages)
        {
            throw new ArgumentException($"Newest is {options.Newest}; 0 to {ProtocolLimits.MaxNewestMessages} are allowed.", nameof(options));
        }

        if (options.After is { } after && (string.IsNullOrEmpty(after.Epoch) || after.Offset < 0))
        {
            throw new ArgumentException($"{after} is not a position that a room has given.", nameof(options));
        }
    }

    internal static ILogger CreateLogger(ChatClientOptions options)
        => options.LoggerFactory?.CreateLogger(typeof(ChatClient).Namespace!) ?? NullLogger.Instance;

    private void Reserve(string room)
    {
        lock (_gate)
        {
            ThrowIfEnded();
            if (_goAway is not null)
            {
                throw new RoomClosedException(
                    room, ErrorCode.GoingAway, $"Gateway {GatewayId} is going away and takes no more joins. Connect to another one.");
            }

            if (!_rooms.TryAdd(room, null))
            {
                throw new InvalidOperationException($"Room '{room}' is joined already on this connection.");
            }
        }
    }

    private async Task<ConnectionContext> OpenStreamAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _connection.ConnectAsync(null, cancellationToken).ConfigureAwait(false)
                ?? throw new QuicConnectionClosedException(await _close.Closed.ConfigureAwait(false));
        }
        catch (QuicConnectionClosedException e)
        {
            End(ChatCloseReason.From(e.Closure));
            throw new ChatClosedException(_reason!);
        }
        catch (Exception e) when (e is not OperationCanceledException && _reason is not null)
        {
            // Disposed meanwhile, for example.
            throw new ChatClosedException(_reason);
        }
    }

    private void ThrowIfEnded()
    {
        if (_reason is not null)
        {
            throw new ChatClosedException(_reason);
        }
    }
}
