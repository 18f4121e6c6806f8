using System.Net;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Client;
using QuicChat.Quic.Engines;

namespace QuicChat.Cli.Demo;

/// <summary>A client with a path of its own.</summary>
internal sealed class DemoClient : IAsyncDisposable
{
    private readonly DemoPath _path;
    private readonly ChatClient _client;
    private readonly ChatRoom _room;
    private readonly DeliveryAuditor _auditor;
    private readonly Func<TimeSpan> _now;
    private readonly Task _receiving;
    private long _migrations;
    private volatile bool _isMoving;

    private DemoClient(
        string name, bool isTalker, DemoPath path, ChatClient client, ChatRoom room, DeliveryAuditor auditor, Func<TimeSpan> now)
    {
        Name = name;
        IsTalker = isTalker;
        _path = path;
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
    public IPEndPoint Path => _path.Seen(_client);

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
        var first = number % stack.Gateways.Length;
        IPEndPoint[] gateways = [.. stack.Gateways[first..].Concat(stack.Gateways[..first]).Select(gateway => new IPEndPoint(IPAddress.Loopback, gateway.Port))];
        DemoPath path = settings.Changes switch
        {
            PathChanges.Active => new ActiveDemoPath(gateways[0]),
            PathChanges.Cross => new SimulatedDemoPath(gateways, settings.Network, unchecked(settings.Seed + number)),
            _ => new SimulatedDemoPath(gateways[..1], settings.Network, unchecked(settings.Seed + number)),
        };
        ChatClient? client = null;
        try
        {
            client = await ChatClient.ConnectAsync(
                StackClient.Options(data, path.Server.ToString(), name, settings.Engine), cancellationToken);
            var room = await client.JoinAsync($"room-{settings.RoomOf(number) + 1}", cancellationToken: cancellationToken);
            return new DemoClient(name, isTalker, path, client, room, auditor, now);
        }
        catch (Exception e)
        {
            if (client is not null)
            {
                await client.DisposeAsync();
            }

            await path.DisposeAsync();
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
    public Task MoveAsync(IPAddress? address)
    {
        _isMoving = true;
        Gaps.PathChanged(_now());
        return _path.MoveAsync(Name, _client, address);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _client.PathChanged -= OnPathChanged;
        await _client.DisposeAsync();
        await _receiving;
        await _path.DisposeAsync();
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
