using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>A gateway as the grains see one: an observer, connections, event numbers.</summary>
public sealed class TestGateway : IGatewayObserver
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static int _lastNumber;

    private readonly ClusterFixture _cluster;
    private readonly Channel<RoomBatch> _batches = Channel.CreateUnbounded<RoomBatch>();
    private readonly ConcurrentDictionary<string, long> _numbers = [];

    public TestGateway(ClusterFixture cluster)
    {
        _cluster = cluster;
        StartedAt = cluster.Clock.GetUtcNow();
        Reference = cluster.Grains.CreateObjectReference<IGatewayObserver>(this);
    }

    public string Id { get; init; } = $"gw-{Interlocked.Increment(ref _lastNumber)}";

    public DateTimeOffset StartedAt { get; init; }

    public IGatewayObserver Reference { get; }

    public Channel<(string ConnectionId, int ErrorCode, string Reason)> Closes { get; }
        = Channel.CreateUnbounded<(string ConnectionId, int ErrorCode, string Reason)>();

    /// <summary>Wishes to drain, and <see langword="null"/> for one to take connections again.</summary>
    public Channel<TimeSpan?> Drains { get; } = Channel.CreateUnbounded<TimeSpan?>();

    public Channel<string> Checks { get; } = Channel.CreateUnbounded<string>();

    /// <summary>Runs at every delivery, before it is answered.</summary>
    public Func<RoomBatch, Task>? OnDeliver { get; set; }

    /// <summary>Runs at every telling of who is in a room, before it is answered.</summary>
    public Func<PresenceBatch, Task>? OnPresence { get; set; }

    public Channel<PresenceBatch> Presence { get; } = Channel.CreateUnbounded<PresenceBatch>();

    private IGatewayRegistryGrain Registry => _cluster.Grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key);

    /// <summary>The lease that it registers connections under.</summary>
    public Guid LeaseId { get; set; }

    /// <summary>The version of the settings that it names.</summary>
    public long SettingsVersion { get; set; }

    /// <summary>The server ID that it asks for.</summary>
    public uint ServerId { get; init; }

    /// <summary>Where it says other gateways reach it.</summary>
    public string LinkEndPoint { get; init; } = "";

    /// <summary>Which gateways it says it knows of.</summary>
    public long PoolVersion { get; set; } = -1;

    public async Task<GatewayLease> RenewAsync()
    {
        var lease = await Registry.Renew(new GatewayDescription(
            Id, ServerId, "[::1]:4433", "ngtcp2", 0, StartedAt, SettingsVersion, LinkEndPoint: LinkEndPoint, PoolVersion: PoolVersion), Reference);
        LeaseId = lease.Id;
        return lease;
    }

    /// <summary>Asks for a room's messages.</summary>
    public async Task<RoomTail> AttachAsync(IRoomGrain room, RoomTail? seen = null)
        => (await room.Attach(Id, Reference, new RoomRenewal(seen, null, false))).Tail;

    /// <summary>Asks for a room's messages, and to be told who is in it.</summary>
    public Task<RoomStanding> WatchAsync(IRoomGrain room, RoomMembers? members = null)
        => room.Attach(Id, Reference, new RoomRenewal(null, members, true));

    public Task ReleaseAsync() => Registry.Release(Id, StartedAt);

    public async Task<IConnectionGrain> ConnectAsync(string userId, string remoteEndPoint = "192.0.2.1:1000")
    {
        var connection = _cluster.Grains.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N"));
        await connection.Register(Registration(userId, remoteEndPoint));
        return connection;
    }

    public ConnectionRegistration Registration(string userId, string remoteEndPoint = "192.0.2.1:1000")
        => new(Id, userId, $"{userId}'s name", "client-1", remoteEndPoint, "[::1]:4433", "ngtcp2", _cluster.Clock.GetUtcNow()) { LeaseId = LeaseId };

    public PathObservation Event(
        IConnectionGrain connection,
        PathObservationType type,
        string from = "192.0.2.1:1000",
        string to = "192.0.2.1:2000",
        double milliseconds = 0,
        string? reason = null)
        => new(
            _numbers.AddOrUpdate(connection.GetPrimaryKeyString(), 1, (_, last) => last + 1),
            type, from, to, MigrationKind.PortOnly, _cluster.Clock.GetUtcNow(), TimeSpan.FromMilliseconds(milliseconds), false, reason);

    public Task<PathReportReceipt> ReportAsync(IConnectionGrain connection, params PathObservation[] events)
        => connection.Report(new PathReport(Id, [.. events]));

    public async Task<T> NextAsync<T>(Channel<T> channel, string what)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            return await channel.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Id} waited {Patience} for {what}.");
        }
    }

    /// <summary>The next messages delivered, in the order of their arrival.</summary>
    public async Task<IReadOnlyList<RoomMessage>> MessagesAsync(int count)
    {
        List<RoomMessage> messages = [];
        while (messages.Count < count)
        {
            messages.AddRange((await NextAsync(_batches, $"{count} messages, of which {messages.Count} came")).Messages);
        }

        return messages;
    }

    public int LargestBatch { get; private set; }

    public bool HasMessages => _batches.Reader.Count > 0;

    async Task IGatewayObserver.Deliver(RoomBatch batch)
    {
        if (OnDeliver is { } act)
        {
            await act(batch);
        }

        LargestBatch = Math.Max(LargestBatch, batch.Messages.Length);
        _batches.Writer.TryWrite(batch);
    }

    async Task IGatewayObserver.DeliverPresence(PresenceBatch batch)
    {
        if (OnPresence is { } act)
        {
            await act(batch);
        }

        Presence.Writer.TryWrite(batch);
    }

    Task IGatewayObserver.CloseConnection(string connectionId, int errorCode, string reason)
    {
        Closes.Writer.TryWrite((connectionId, errorCode, reason));
        return Task.CompletedTask;
    }

    Task IGatewayObserver.Drain(TimeSpan timeLimit)
    {
        Drains.Writer.TryWrite(timeLimit);
        return Task.CompletedTask;
    }

    Task IGatewayObserver.Undrain()
    {
        Drains.Writer.TryWrite(null);
        return Task.CompletedTask;
    }

    Task IGatewayObserver.CheckConnections(ImmutableArray<string> connectionIds)
    {
        foreach (var connectionId in connectionIds)
        {
            Checks.Writer.TryWrite(connectionId);
        }

        return Task.CompletedTask;
    }
}
