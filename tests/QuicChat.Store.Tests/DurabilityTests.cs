using StackExchange.Redis;
using Xunit;

namespace QuicChat.Store.Tests;

public sealed class DurabilityTests
{
    private const string AppendScript = "return redis.call('RPUSH', KEYS[1], unpack(ARGV))";

    private readonly TemporaryDirectory _directory = new();

    [Theory]
    [InlineData(5, 4, 64, 300)]
    [InlineData(3, 4, 65_536, 400)]
    public async Task WhatWasAcknowledgedSurvivesEveryKill(int rounds, int writers, int size, int writesBeforeKill)
    {
        using var directory = _directory;
        var body = new string('x', size);
        var acknowledged = new long[writers];
        for (var round = 0; round < rounds; round++)
        {
            using var store = await StoreProcess.StartAsync(directory.Path);
            await using var redis = await ConnectAsync(store);
            var database = redis.GetDatabase();
            for (var writer = 0; writer < writers; writer++)
            {
                await VerifyAsync(database, writer, size, acknowledged);
            }

            var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var writes = 0;
            var writing = Enumerable.Range(0, writers).Select(async writer =>
            {
                try
                {
                    while (true)
                    {
                        var number = acknowledged[writer] + 1;
                        await database.ScriptEvaluateAsync(AppendScript, [$"log/{writer}"], [$"{number}:{body}", $"{number}+"]);
                        await database.StringSetAsync($"last/{writer}", number);
                        await database.HashSetAsync($"record/{writer}", [new("number", number), new("body", body)]);
                        acknowledged[writer] = number;
                        if (Interlocked.Increment(ref writes) == writesBeforeKill)
                        {
                            enough.SetResult();
                        }
                    }
                }
                catch (Exception error) when (error is RedisException or OperationCanceledException or InvalidOperationException or IOException)
                {
                    // The kill: this write was not acknowledged.
                }
            }).ToArray();
            await enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
            await store.KillAsync();
            await redis.CloseAsync(allowCommandsToComplete: false);
            await Task.WhenAll(writing);
        }
    }

    [Theory]
    [InlineData(3, 32_000, 250)]
    [InlineData(10, 4_000, 60)]
    public async Task ListsOfManyMegabytesSurviveEveryEnd(int lists, int size, int megabytes)
    {
        using var directory = _directory;
        var batch = Enumerable.Repeat((RedisValue)new string('x', size), 20).ToArray();
        var acknowledged = new long[lists];
        for (var round = 0; round < 4; round++)
        {
            using var store = await StoreProcess.StartAsync(directory.Path);
            await using var redis = await ConnectAsync(store);
            var database = redis.GetDatabase();
            for (var list = 0; list < lists; list++)
            {
                var length = await database.ListLengthAsync($"log/{list}");
                Assert.True(length >= acknowledged[list], $"round {round}: list {list} has {length} entries, acknowledged were {acknowledged[list]}");
                Assert.Equal(length == 0 ? 0 : size, ((string?)await database.ListGetByIndexAsync($"log/{list}", -1))?.Length ?? 0);
                acknowledged[list] = length;
            }

            var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            long left = megabytes * 1_000_000L / lists / size / batch.Length * lists;
            var writing = Enumerable.Range(0, lists).Select(async list =>
            {
                try
                {
                    while (true)
                    {
                        acknowledged[list] = (long)await database.ScriptEvaluateAsync(AppendScript, [$"log/{list}"], batch);
                        if (Interlocked.Decrement(ref left) == 0)
                        {
                            enough.SetResult();
                        }
                    }
                }
                catch (Exception error) when (error is RedisException or OperationCanceledException or InvalidOperationException or IOException)
                {
                    // The end of the store: this write was not acknowledged.
                }
            }).ToArray();
            await enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
            await (round == 2 ? store.CloseInputAsync() : store.KillAsync());
            await redis.CloseAsync(allowCommandsToComplete: false);
            await Task.WhenAll(writing);
        }
    }

    [Fact]
    public async Task AnOrderlyStopKeepsEverything()
    {
        using var directory = _directory;
        using (var store = await StoreProcess.StartAsync(directory.Path))
        {
            await using var redis = await ConnectAsync(store);
            await redis.GetDatabase().StringSetAsync("key", "value");
            var (exitCode, errors) = await store.CloseInputAsync();
            Assert.Equal((0, ""), (exitCode, errors));
        }

        using (var store = await StoreProcess.StartAsync(directory.Path))
        {
            await using var redis = await ConnectAsync(store);
            Assert.Equal("value", await redis.GetDatabase().StringGetAsync("key"));
        }
    }

    private static async Task VerifyAsync(IDatabase database, int writer, int size, long[] acknowledged)
    {
        // The write that the kill cut short may be there or not, and all of it or a prefix of its commands.
        var log = await database.ListRangeAsync($"log/{writer}");
        var last = (long)await database.StringGetAsync($"last/{writer}");
        var record = await database.HashGetAllAsync($"record/{writer}");
        Assert.InRange(log.Length, 2 * acknowledged[writer], (2 * acknowledged[writer]) + 2);
        Assert.InRange(last, acknowledged[writer], acknowledged[writer] + 1);
        if (acknowledged[writer] > 0)
        {
            Assert.InRange((long)record.Single(entry => entry.Name == "number").Value, acknowledged[writer], acknowledged[writer] + 1);
            Assert.Equal(size, record.Single(entry => entry.Name == "body").Value.ToString().Length);
        }

        for (var index = 0; index < log.Length; index++)
        {
            var number = (index / 2) + 1;
            var entry = log[index].ToString();
            Assert.StartsWith(index % 2 == 0 ? $"{number}:" : $"{number}+", entry);
        }

        acknowledged[writer] = log.Length / 2;
    }

    // A store that has just come back may drop a connection while it is being made; the client then throws from inside its own pipe.
    private static async Task<ConnectionMultiplexer> ConnectAsync(StoreProcess store)
    {
        const int Attempts = 3;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ConnectionMultiplexer.ConnectAsync(store.ConnectionString + ",abortConnect=true,connectTimeout=5000,syncTimeout=15000");
            }
            catch (Exception error) when (attempt < Attempts && error is (InvalidOperationException or RedisConnectionException or IOException))
            {
                TestContext.Current.SendDiagnosticMessage($"attempt {attempt} to connect: {error.Message}");
            }
        }
    }
}
