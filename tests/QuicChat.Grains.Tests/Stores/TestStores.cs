using Microsoft.Extensions.Options;
using Orleans.Configuration;
using QuicChat.Grains.Rooms;
using QuicChat.Store.Tests;
using StackExchange.Redis;

namespace QuicChat.Grains.Tests.Stores;

/// <summary>The stores that room logs are tested on: memory, a real Redis, and the store of this project.</summary>
public sealed class TestStores : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly RedisProcess _redis = new();
    private readonly List<ConnectionMultiplexer> _connections = [];
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

    public async Task StartAsync()
    {
        if (RedisProcess.Missing is null)
        {
            await _redis.StartAsync();
            Redis = await OpenAsync(_redis.ConnectionString);
        }

        _garnet = await StoreProcess.StartAsync(_directory.Path);
        Garnet = await OpenAsync(_garnet.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
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
        => new RedisRoomLog(connection, Options.Create(new ClusterOptions { ServiceId = "test" }));

    private async Task<IRoomLog> OpenAsync(string connectionString)
    {
        var connection = await ConnectionMultiplexer.ConnectAsync(connectionString);
        _connections.Add(connection);
        return LogOn(connection);
    }
}
