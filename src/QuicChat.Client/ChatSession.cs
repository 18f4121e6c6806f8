using System.Net;
using Microsoft.Extensions.Logging;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;
using QuicChat.Quic.Paths;

namespace QuicChat.Client;

/// <summary>
/// What an application uses: it is connected to one gateway at a time, and outlives the connection. When that ends, the session connects to the next
/// gateway, joins its rooms behind the last message that arrived, and sends what has no receipt again, so that each message is stored once and arrives once,
/// in order. <see cref="State"/> tells how it stands. All members are safe to call from any thread.
/// </summary>
/// <example>
/// <code>
/// await using var session = new ChatSession(new ChatClientOptions
/// {
///     Servers = ["gw-1.example:4433", "gw-2.example:4433"],
///     Trust = ServerTrust.Pinned.Parse(fingerprint),
///     TokenProvider = FetchTokenAsync,
/// });
/// session.StateChanged += state => Console.WriteLine(state);
/// await session.ConnectAsync();
/// var room = await session.JoinAsync("lobby", new JoinOptions { Newest = 20 });
/// await room.PublishAsync("Hello");
/// await foreach (var item in room.ReadAllAsync())
/// {
///     Console.WriteLine(item is ChatMessage message ? $"{message.SenderName}: {message.Body}" : "some messages are missing here");
/// }
/// </code>
/// </example>
public sealed partial class ChatSession : IAsyncDisposable
{
    private readonly ChatClientOptions _options;
    private readonly ChatSessionOptions _sessionOptions;
    private readonly ServerRotation _servers;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, SessionRoom> _rooms = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<ChatCloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private TaskCompletionSource<ChatClient> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _networkChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ChatClient? _client;
    private ChatCloseReason? _reason;
    private Task _running = Task.CompletedTask;
    private volatile SessionState _state = new SessionState.Connecting();
    private int _isStarted;
    private int _isDisposed;

    /// <summary>Makes a session, not connected yet: add the handlers of its events, then call <see cref="ConnectAsync"/>.</summary>
    /// <param name="options">Where to, as whom, and how.</param>
    /// <param name="sessionOptions">How it reconnects; by default as <see cref="ChatSessionOptions"/> says.</param>
    /// <exception cref="ArgumentException">An option is not allowed; the message names all that are not.</exception>
    public ChatSession(ChatClientOptions options, ChatSessionOptions? sessionOptions = null)
    {
        ChatClientOptionsValidator.Validate(options);
        ChatSessionOptionsValidator.Validate(sessionOptions ??= new ChatSessionOptions());
        _options = options;
        _sessionOptions = sessionOptions;
        _servers = new ServerRotation([.. options.Servers.Select(ServerAddress.Parse)]);
        _logger = ChatClient.CreateLogger(options);
        _backoff = NewBackoff();
    }

    /// <summary>
    /// The state has changed. Handlers of all events of a session run one after the other, on tasks that have other work to do, so they must return soon,
    /// and must not wait for <see cref="DisposeAsync"/>.
    /// </summary>
    public event Action<SessionState>? StateChanged;

    /// <inheritdoc cref="ChatClient.PathChanged"/>
    public event Action<PathChange>? PathChanged;

    /// <inheritdoc cref="ChatClient.Migrating"/>
    public event Action<PathChange>? Migrating;

    /// <inheritdoc cref="ChatClient.Migrated"/>
    public event Action<PathChange>? Migrated;

    /// <summary>A connection has ended by MIGRATION_FAILED: its path did not work in time. The session goes on with the next one.</summary>
    public event Action<ChatCloseReason>? MigrationFailed;

    /// <summary>How the session stands.</summary>
    public SessionState State => _state;

    /// <summary>Completes, never faulted, when the session is over, with how it ended.</summary>
    public Task<ChatCloseReason> Closed => _closed.Task;

    /// <summary>Who the user is, as the gateway authenticated them; empty before the first connection. It never changes.</summary>
    public string UserId { get; private set; } = "";

    /// <summary>The user's name, as of the newest connection.</summary>
    public string UserName => _client?.UserName ?? "";

    /// <summary>The installation of the application; see <see cref="ChatClientOptions.ClientId"/>.</summary>
    public string ClientId => _options.ClientId;

    /// <summary>The gateway of the newest connection; empty before the first one.</summary>
    public string GatewayId => _client?.GatewayId ?? "";

    /// <summary>The address and port that the newest connection sends from now; <see langword="null"/> before the first one.</summary>
    public IPEndPoint? LocalEndPoint => _client?.LocalEndPoint;

    /// <summary>The newest connection's ID.</summary>
    public ConnectionId ConnectionId => _client?.ConnectionId ?? default;

    /// <summary>
    /// Connects to the first gateway of <see cref="ChatClientOptions.Servers"/> that answers. This first connection is tried once: an address or a token that is
    /// wrong is better said than tried for ever. It may be called again after a failure.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ChatConnectException">There is no connection; the message is one line that says why and what to do.</exception>
    /// <exception cref="InvalidOperationException">It is or has been connected already.</exception>
    public async Task ConnectAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed == 1, this);
        if (Interlocked.Exchange(ref _isStarted, 1) == 1)
        {
            throw new InvalidOperationException("The session is connected already, or being connected.");
        }

        SessionLink link;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        try
        {
            link = await OpenAsync(_servers.All, null, either.Token).ConfigureAwait(false);
        }
        catch
        {
            Volatile.Write(ref _isStarted, 0);
            throw;
        }

        if (_stop.IsCancellationRequested)
        {
            await link.Client.DisposeAsync().ConfigureAwait(false);
            throw new ObjectDisposedException(nameof(ChatSession));
        }

        UserId = link.Client.UserId;
        _options.LocalNetworks.Changed += Wake;
        Use(link);
        _running = RunAsync(link);
    }

    /// <summary>
    /// Enters a room, and stays in it from connection to connection until it is left. Without a connection it waits for the next one. A room can be joined
    /// once at a time.
    /// </summary>
    /// <param name="room">The room's name: 1 to <see cref="ProtocolLimits.MaxRoomLength"/> visible ASCII characters.</param>
    /// <param name="options">What arrives first; by default only messages sent from now on arrive.</param>
    /// <param name="cancellationToken">Gives the join up.</param>
    /// <exception cref="ArgumentException">The name or an option is not allowed.</exception>
    /// <exception cref="InvalidOperationException">The room is joined already, or the session has not been connected.</exception>
    /// <exception cref="RoomClosedException">The gateway refuses.</exception>
    /// <exception cref="ChatClosedException">The session is over.</exception>
    public async Task<SessionRoom> JoinAsync(string room, JoinOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new JoinOptions();
        ChatClient.Validate(room, options);
        SessionRoom joining;
        lock (_gate)
        {
            if (_reason is not null)
            {
                throw new ChatClosedException(_reason);
            }

            if (_client is null)
            {
                throw new InvalidOperationException("The session has not been connected; call ConnectAsync first.");
            }

            if (_rooms.ContainsKey(room))
            {
                throw new InvalidOperationException($"Room '{room}' is joined already in this session.");
            }

            _rooms[room] = joining = new SessionRoom(this, room, options, _options, _sessionOptions);
        }

        joining.Start();
        await joining.WhenJoinedAsync(cancellationToken).ConfigureAwait(false);
        return joining;
    }

    /// <summary>
    /// Tells that the network has changed: the gateway is shown the new path at once, or where there is no connection the next try is made at once. The library
    /// does this by itself where .NET reports the change; call it where the platform knows more.
    /// </summary>
    public void NotifyNetworkChanged()
    {
        Wake();
        _client?.NotifyNetworkChanged();
    }

    /// <inheritdoc cref="ChatClient.MigrateAsync"/>
    /// <exception cref="InvalidOperationException">There is no connection now, or its handshake is not confirmed yet, or the server forbids migration.</exception>
    public Task MigrateAsync(IPAddress localAddress, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(localAddress);
        return _client is { } client && _state is SessionState.Connected
            ? client.MigrateAsync(localAddress, cancellationToken)
            : throw new InvalidOperationException("There is no connection now that could migrate; the session connects by itself.");
    }

    /// <summary>
    /// Ends the session. Publishes without a receipt fail: with <see cref="PublishUnknownException"/> those that were sent. Await them, or leave the rooms,
    /// first.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        Task[] rooms;
        lock (_gate)
        {
            rooms = [.. _rooms.Values.Select(room => room.Running)];
        }

        Close(new ChatCloseReason(ChatCloseOrigin.Application, ErrorCode.NoError, "The session was disposed."));
        await Task.WhenAll(rooms).ConfigureAwait(false);
    }

    /// <summary>A new schedule of tries.</summary>
    internal Backoff NewBackoff() => new(_sessionOptions, _options.TimeProvider, _options.Jitter);

    /// <summary>The connection in use, once it is another one than <paramref name="ended"/>.</summary>
    internal Task<ChatClient> NextAsync(ChatClient? ended, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _client is not null && _client != ended ? Task.FromResult(_client) : _next.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>A room goes on without some messages.</summary>
    internal void OnGap(string room, RoomPosition lastBefore, RoomPosition continuesAfter)
        => ClientLog.Gap(_logger, ConnectionId, room, lastBefore, continuesAfter);

    /// <summary>Waits before a room is joined anew on the same connection.</summary>
    internal Task WaitToRejoinAsync(string room, TimeSpan delay, ChatException end, CancellationToken cancellationToken)
    {
        var delaying = Task.Delay(delay, _options.TimeProvider, cancellationToken);
        ClientLog.RejoiningRoom(_logger, ConnectionId, room, delay, end.Message);
        return delaying;
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
            // The application's fault must not cost it the session.
            ClientLog.HandlerFailed(_logger, ConnectionId, typeof(T).Name, e);
        }
    }

    /// <summary>A room is over; it can be joined anew.</summary>
    internal void Remove(SessionRoom room)
    {
        lock (_gate)
        {
            _rooms.Remove(room.Name);
        }
    }

    private void Use(SessionLink link)
    {
        TaskCompletionSource<ChatClient> waiting;
        lock (_gate)
        {
            _client = link.Client;
            (waiting, _next) = (_next, new TaskCompletionSource<ChatClient>(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        _sessionToken = link.Client.SessionToken;
        _servers.Connected(link.Client.Server);
        _backoff.Succeeded();
        waiting.TrySetResult(link.Client);
        SetState(new SessionState.Connected(link.Client.GatewayId, link.Client.ConnectionId));
    }

    private void Close(ChatCloseReason reason)
    {
        SessionRoom[] rooms;
        lock (_gate)
        {
            if (_reason is not null)
            {
                return;
            }

            _reason = reason;
            rooms = [.. _rooms.Values];
        }

        _options.LocalNetworks.Changed -= Wake;
        ClientLog.SessionClosed(_logger, ConnectionId, reason.Origin, reason.Code, reason.Message);
        foreach (var room in rooms)
        {
            room.End(new ChatClosedException(reason));
        }

        SetState(new SessionState.Closed(reason));
        _closed.TrySetResult(reason);
    }

    private void SetState(SessionState state)
    {
        _state = state;
        Raise(StateChanged, state);
    }

    // A connection listens for itself.
    private void Wake()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            (changed, _networkChanged) = (_networkChanged, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.TrySetResult();
    }
}
