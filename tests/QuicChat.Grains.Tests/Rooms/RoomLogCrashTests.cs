using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using QuicChat.Grains.Tests.Stores;
using QuicChat.Store.Tests;
using StackExchange.Redis;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

/// <summary>The store is killed in the middle of appends, again and again.</summary>
public sealed class RoomLogCrashTests
{
    private const int Rounds = 3;
    private const int Rooms = 4;
    private const int AppendsBeforeKill = 60;

    private readonly long[] _acknowledged = new long[Rooms];
    private readonly string?[] _epochs = new string?[Rooms];

    [Fact]
    public async Task RedisKeepsWhatItAcknowledged()
    {
        Assert.SkipWhen(RedisProcess.Missing is not null, RedisProcess.Missing ?? "");
        using var redis = new RedisProcess();
        for (var round = 0; round < Rounds; round++)
        {
            await redis.StartAsync();
            await RunAsync(redis.ConnectionString, redis.KillAsync);
        }
    }

    [Fact]
    public async Task GarnetKeepsWhatItAcknowledged()
    {
        using var directory = new TemporaryDirectory();
        for (var round = 0; round < Rounds; round++)
        {
            using var garnet = await StoreProcess.StartAsync(directory.Path);
            await RunAsync(garnet.ConnectionString, garnet.KillAsync);
        }
    }

    private async Task RunAsync(string connectionString, Func<Task> killAsync)
    {
        await using var connection = await ConnectAsync(connectionString);
        var log = TestStores.LogOn(connection);
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var appends = 0;
        var writing = Enumerable.Range(0, Rooms).Select(async room =>
        {
            var (fence, tail) = await OpenAsync(log, room);
            var random = new Random(room);
            try
            {
                while (true)
                {
                    var entries = Enumerable.Range(1, random.Next(1, 20)).Select(index => Entry(tail + index)).ToArray();
                    Assert.Equal(RoomLogAppend.Stored, await log.AppendAsync($"room-{room}", fence, tail, entries));
                    tail += entries.Length;
                    _acknowledged[room] = tail;
                    if (Interlocked.Increment(ref appends) == AppendsBeforeKill)
                    {
                        enough.SetResult();
                    }
                }
            }
            catch (Exception error) when (error is RedisException or OperationCanceledException or InvalidOperationException or IOException)
            {
                // The kill: this append was not acknowledged.
            }
        }).ToArray();
        await Task.WhenAny(Task.WhenAll(writing), enough.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        await killAsync();
        await connection.CloseAsync(allowCommandsToComplete: false);
        await Task.WhenAll(writing);
        await enough.Task;
    }

    // A store that has just come back may drop a connection while it is being made; the client then throws from inside its own pipe.
    private static async Task<ConnectionMultiplexer> ConnectAsync(string connectionString)
    {
        const int Attempts = 3;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ConnectionMultiplexer.ConnectAsync(connectionString);
            }
            catch (Exception error) when (attempt < Attempts && error is (InvalidOperationException or RedisConnectionException or IOException))
            {
                TestContext.Current.SendDiagnosticMessage($"attempt {attempt} to connect: {error.Message}");
            }
        }
    }

    private async Task<(string Fence, long Tail)> OpenAsync(IRoomLog log, int room)
    {
        long tail = 0;
        var (fence, epoch) = await log.OpenAsync($"room-{room}", $"{Guid.NewGuid()}", _ => { }, entry => Assert.Equal(Entry(++tail), entry));
        Assert.Equal(_epochs[room] ??= epoch, epoch);
        Assert.True(tail >= _acknowledged[room], $"Room {room} ends at {tail}, but {_acknowledged[room]} was acknowledged.");
        return (fence, tail);
    }

    private static RoomLogEntry Entry(long offset) => new("epoch", new RoomMessage(
        offset, "user", "name", "client", offset, DateTimeOffset.UnixEpoch, new string('x', 1_000)), 0);
}
