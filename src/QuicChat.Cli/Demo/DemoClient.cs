using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Demo;

/// <summary>A client behind a simulated path of its own.</summary>
internal sealed class DemoClient : IAsyncDisposable
{
    // The path and its links carry few datagrams; the default of the simulator is for relays of many clients.
    private const int SocketBufferBytes = 512 * 1024;

    private readonly PathSimulator _simulator;
    private readonly ChatClient _client;
    private readonly ChatRoom _room;
    private readonly DeliveryAuditor _auditor;
    private readonly Func<TimeSpan> _now;
    private readonly Task _receiving;
    private long _migrations;
    private volatile bool _isMoving;

    private DemoClient(
        string name, bool isTalker, PathSimulator simulator, ChatClient client, ChatRoom room, DeliveryAuditor auditor, Func<TimeSpan> now)
    {
        Name = name;
        IsTalker = isTalker;
        _simulator = simulator;
        _client = client;
        _room = room;
        _auditor = auditor;
        _now = now;
        client.PathChanged += OnPathChanged;
        auditor.Joined(room.Name, name);
        _receiving = ReceiveAsync();
    }

    /// <summary>The client's user.</summary>
    public string Name { get; }

    /// <summary>Whether it publishes.</summary>
    public bool IsTalker { get; }

    /// <summary>Its room.</summary>
    public string Room => _room.Name;

    /// <summary>The time between its arrivals.</summary>
    public GapMeter Gaps { get; } = new();

    /// <summary>The end point that the gateway sees.</summary>
    public IPEndPoint Path => _simulator.Clients[^1].Path.LocalEndPoint;

    /// <summary>Completed migrations, as the gateway has told the client.</summary>
    public long Migrations => Interlocked.Read(ref _migrations);

    /// <summary>Whether the path has changed and the gateway has not told yet that the new one works.</summary>
    public bool IsMoving => _isMoving;

    /// <summary>How the connection ended, if it has.</summary>
    public ChatCloseReason? End => _client.Closed.IsCompletedSuccessfully ? _client.Closed.Result : null;

    /// <summary>Connects and joins.</summary>
    /// <exception cref="ToolException">It cannot.</exception>
    public static async Task<DemoClient> StartAsync(
        int number,
        DemoSettings settings,
        DataFolder data,
        RunningStack stack,
        DeliveryAuditor auditor,
        Func<TimeSpan> now,
        CancellationToken cancellationToken)
    {
        var isTalker = settings.IsTalker(number);
        var name = $"{(isTalker ? "talker" : "listener")}-{number + 1}";
        var gateway = stack.Gateways[number % stack.Gateways.Length];
        var simulator = PathSimulator.Start(new PathSimulatorOptions
        {
            Server = new IPEndPoint(IPAddress.Loopback, gateway.Port),
            ToServer = settings.Network,
            ToClient = settings.Network,
            Seed = unchecked(settings.Seed + number),
            SocketBufferBytes = SocketBufferBytes,
        });
        ChatClient? client = null;
        try
        {
            client = await ChatClient.ConnectAsync(
                StackClient.Options(data, simulator.ListenEndPoint.ToString(), name, settings.Engine), cancellationToken);
            var room = await client.JoinAsync($"room-{settings.RoomOf(number) + 1}", cancellationToken: cancellationToken);
            return new DemoClient(name, isTalker, simulator, client, room, auditor, now);
        }
        catch (Exception e)
        {
            if (client is not null)
            {
                await client.DisposeAsync();
            }

            await simulator.DisposeAsync();
            throw e is ChatException or QuicEngineUnavailableException ? new ToolException($"{name}: {e.Message}", e) : e;
        }
    }

    /// <summary>Publishes a message; completes when it is acknowledged, or never will be.</summary>
    public async Task PublishAsync(string text)
    {
        _auditor.Published(Room, Name, text);
        try
        {
            var receipt = await _room.PublishAsync(text);
            _auditor.Acknowledged(Room, text, receipt.Offset);
        }
        catch (ChatException)
        {
            // The auditor counts it among those never acknowledged.
        }
    }

    /// <summary>Changes the path: to a new port, or to a new port on <paramref name="address"/>.</summary>
    /// <exception cref="ToolException">The address cannot be used.</exception>
    public void Move(IPAddress? address)
    {
        _isMoving = true;
        Gaps.PathChanged(_now());
        try
        {
            _simulator.RebindAll(address);
        }
        catch (SocketException e)
        {
            throw new ToolException(
                $"the path of {Name} cannot move to {address ?? Path.Address} ({e.Message}); the demo needs all of 127.0.0.0/8.", e);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _client.PathChanged -= OnPathChanged;
        await _client.DisposeAsync();
        await _receiving;
        await _simulator.DisposeAsync();
    }

    private async Task ReceiveAsync()
    {
        try
        {
            await foreach (var message in _room.ReadAllAsync())
            {
                Gaps.Arrived(_now());
                _auditor.Received(Room, Name, message.Body, message.Offset);
            }
        }
        catch (ChatException)
        {
            // What is missing is found by the auditor, and the reason is in End.
        }
    }

    private void OnPathChanged(PathChange change)
    {
        if (change.Outcome == PathChangeOutcome.Completed)
        {
            Interlocked.Increment(ref _migrations);
        }

        _isMoving = change.Outcome is PathChangeOutcome.Started;
    }
}
