using Microsoft.Extensions.Options;
using Orleans.Configuration;
using QuicChat.Grains.Rooms;
using QuicChat.Store.Tests;
using StackExchange.Redis;

namespace QuicChat.Grains.Tests.Stores;

/// <summary>The stores that room logs are tested on: memory, a real Redis, and the store of this project.</summary>
public sealed class TestStores : IAsyncDisposable
{
    private const string ServiceId = "test";

    private readonly TemporaryDirectory _directory = new();
    private readonly RedisProcess _redis = new();
    private readonly Dictionary<StoreKind, ConnectionMultiplexer> _connections = [];
    private StoreProcess? _garnet;

    internal InMemoryRoomLog Memory { get; } = new();

    internal IRoomLog? Redis { get; private set; }

    internal IRoomLog? Garnet { get; private set; }

    internal IRoomLog Get(StoreKind kind) => kind switch
    {
        StoreKind.Memory => Memory,
        StoreKind.Redis => Redis ?? throw new InvalidOperationException(RedisProcess.Missing),
        _ => Garnet!,
    };

    /// <summary>What is in a store, as an operator sees it.</summary>
    internal IDatabase GetDatabase(StoreKind kind) => _connections[kind].GetDatabase();

    /// <summary>The name of one of the keys of a room's log.</summary>
    internal static string KeyOf(string room, string suffix) => $"{ServiceId}/room/{{{room}}}/{suffix}";

    public async Task StartAsync()
    {
        if (RedisProcess.Missing is null)
        {
            await _redis.StartAsync();
            Redis = await OpenAsync(StoreKind.Redis, _redis.ConnectionString);
        }

        _garnet = await StoreProcess.StartAsync(_directory.Path);
        Garnet = await OpenAsync(StoreKind.Garnet, _garnet.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections.Values)
        {
            await connection.DisposeAsync();
        }

        _redis.Dispose();
        if (_garnet is not null)
        {
            await _garnet.KillAsync();
        }

        _directory.Dispose();
    }

    internal static IRoomLog LogOn(IConnectionMultiplexer connection)
        => new RedisRoomLog(connection, Options.Create(new ClusterOptions { ServiceId = ServiceId }));

    private async Task<IRoomLog> OpenAsync(StoreKind kind, string connectionString)
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(connectionString);
        _connections.Add(kind, connection);
        return LogOn(connection);
    }
}
