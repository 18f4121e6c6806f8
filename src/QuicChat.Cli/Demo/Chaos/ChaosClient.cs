using System.Collections.Immutable;
using System.Net;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>A session with simulated paths of its own, one to each gateway. It publishes, and tells the auditor what it gets.</summary>
internal sealed class ChaosClient : IAsyncDisposable
{
    private readonly ImmutableArray<PathSimulator> _paths;
    private readonly ChatSession _session;
    private readonly SessionRoom _room;
    private readonly DeliveryAuditor _auditor;
    private readonly Task _receiving;
    private long _lastAcknowledged;
    private int _reconnects;
    private int _gaps;
    private int _unanswered;
    private TaskCompletionSource _givenUp = NewSignal();

    private ChaosClient(string name, ImmutableArray<PathSimulator> paths, ChatSession session, SessionRoom room, DeliveryAuditor auditor)
    {
        Name = name;
        _paths = paths;
        _session = session;
        _room = room;
        _auditor = auditor;
        session.StateChanged += OnStateChanged;
        session.MigrationFailed += OnMigrationFailed;
        auditor.Joined(room.Name, name);
        _receiving = ReceiveAsync();
    }

    /// <summary>The client's user.</summary>
    public string Name { get; }

    /// <summary>Its room.</summary>
    public SessionRoom Room => _room;

    /// <summary>How it stands.</summary>
    public SessionState State => _session.State;

    /// <summary>Connections that it has replaced by another.</summary>
    public int Reconnects => Volatile.Read(ref _reconnects);

    /// <summary>Places where the room went on without some messages.</summary>
    public int Gaps => Volatile.Read(ref _gaps);

    /// <summary>Messages that are sent, or wait to be, and have no answer yet.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>When the newest message was published that has been acknowledged, by <see cref="Environment.TickCount64"/>.</summary>
    public long LastAcknowledged => Interlocked.Read(ref _lastAcknowledged);

    /// <summary>Completes when a connection of the session ends by MIGRATION_FAILED, from now on.</summary>
    public Task GivenUpAsync() => (_givenUp = NewSignal()).Task;

    /// <summary>Connects and joins.</summary>
    /// <exception cref="ToolException">It cannot.</exception>
    public static async Task<ChaosClient> StartAsync(
        int number, ChaosSettings settings, DataFolder data, RunningStack stack, DeliveryAuditor auditor, CancellationToken cancellationToken)
    {
        var name = $"client-{number + 1}";
        var paths = stack.Gateways
            .Select(gateway => PathSimulator.Start(new PathSimulatorOptions
            {
                Server = new IPEndPoint(IPAddress.Loopback, gateway.Port),
                ToServer = settings.Network,
                ToClient = settings.Network,
                Seed = unchecked((settings.Seed * 31) + number),
            }))
            .ToImmutableArray();

        // Clients begin at different gateways, and go on in a circle.
        var first = number % paths.Length;
        var session = new ChatSession(new ChatClientOptions
        {
            Servers = [.. Enumerable.Range(0, paths.Length).Select(next => paths[(first + next) % paths.Length].ListenEndPoint.ToString())],
            Trust = StackClient.Trust(data),
            TokenProvider = _ => ValueTask.FromResult(StackClient.Token(data, name)),
            Engine = settings.Engine,
        });
        try
        {
            await session.ConnectAsync(cancellationToken);
            var room = await session.JoinAsync(settings.RoomOf(number), new JoinOptions { Presence = true }, cancellationToken);
            return new ChaosClient(name, paths, session, room, auditor);
        }
        catch (Exception e)
        {
            await session.DisposeAsync();
            await Task.WhenAll(paths.Select(path => path.DisposeAsync().AsTask()));
            throw e is ChatException or QuicEngineUnavailableException ? new ToolException($"{name}: {e.Message}", e) : e;
        }
    }

    /// <summary>Publishes a message; completes when it is acknowledged, or never will be.</summary>
    public async Task PublishAsync(string text)
    {
        var at = Environment.TickCount64;
        Interlocked.Increment(ref _unanswered);
        _auditor.Published(_room.Name, Name, text);
        try
        {
            var receipt = await _room.PublishAsync(text);
            _auditor.Acknowledged(_room.Name, text, receipt.Offset);
            Interlocked.Exchange(ref _lastAcknowledged, at);
        }
        catch (ChatException)
        {
            // The auditor counts it among those never acknowledged.
        }
        finally
        {
            Interlocked.Decrement(ref _unanswered);
        }
    }

    /// <summary>Gives all its connections new ports, or new ports on an address.</summary>
    public void Rebind(IPAddress? address)
    {
        foreach (var path in _paths)
        {
            path.RebindAll(address);
        }
    }

    /// <summary>Lets nothing pass from now on, or all.</summary>
    public void Cut(bool isCut)
    {
        foreach (var path in _paths)
        {
            path.Blackhole = isCut ? LinkDirections.Both : LinkDirections.None;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _session.StateChanged -= OnStateChanged;
        _session.MigrationFailed -= OnMigrationFailed;
        await _session.DisposeAsync();
        await _receiving;
        await Task.WhenAll(_paths.Select(path => path.DisposeAsync().AsTask()));
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task ReceiveAsync()
    {
        try
        {
            await foreach (var next in _room.ReadAllAsync())
            {
                if (next is ChatMessage message)
                {
                    _auditor.Received(_room.Name, Name, message.Body, message.Offset);
                }
                else
                {
                    Interlocked.Increment(ref _gaps);
                }
            }
        }
        catch (ChatException)
        {
            // What is missing is found by the auditor, and the reason is in State.
        }
    }

    private void OnStateChanged(SessionState state)
    {
        if (state is SessionState.Connected)
        {
            // A session may have its next connection before it gives the former up.
            Interlocked.Increment(ref _reconnects);
        }
    }

    private void OnMigrationFailed(ChatCloseReason reason) => _givenUp.TrySetResult();
}
