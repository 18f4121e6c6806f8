using System.Diagnostics;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using QuicChat.Abstractions.Rooms;
using QuicChat.Cli.Stack;
using QuicChat.Grains.Rooms;
using StackExchange.Redis;

namespace QuicChat.Benchmarks.Micro;

/// <summary>
/// A room's append of messages of 100 bytes to its log in a Redis of its own, alone: the time of the whole way there and back, with each
/// write on the disk before its answer, or not stored at all, which shows what the disk costs. Needs <c>redis-server</c>.
/// </summary>
[MemoryDiagnoser]
public class RoomAppendBenchmarks
{
    private const string Room = "lobby";
    private const int Kept = 10_000;

    private readonly string _text = new('x', 100);
    private DirectoryInfo _folder = null!;
    private Process _process = null!;
    private ConnectionMultiplexer _redis = null!;
    private RedisRoomLog _log = null!;
    private RoomLogOpening _opening;
    private long _tail;
    private int _stored;

    /// <summary>How many messages are written at once.</summary>
    [Params(1, 10, 100)]
    public int Messages { get; set; }

    /// <summary>Whether it is on the disk before the answer.</summary>
    [Params(true, false)]
    public bool Durable { get; set; }

    [GlobalSetup]
    public async Task SetupAsync()
    {
        _folder = Directory.CreateTempSubdirectory("quicchat-append-");
        var command = RedisProgram.Command(_folder.FullName, Ports.FreeTcp(), Durable);
        _process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var ready = await _process.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException("redis-server did not start; Debian: apt-get install redis-server.");
        var store = JsonDocument.Parse(ready).RootElement.GetProperty("connectionString").GetString()!;
        _redis = await ConnectionMultiplexer.ConnectAsync(store);
        _log = new RedisRoomLog(_redis, Options.Create(new ClusterOptions { ServiceId = "bench" }));
        _opening = await _log.OpenAsync(Room, "epoch", static _ => { }, static _ => { });
    }

    [Benchmark]
    public async Task AppendAsync()
    {
        var entries = new RoomLogEntry[Messages];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = new RoomLogEntry(
                "epoch", new RoomMessage(_tail + i + 1, "alice", "Alice", "phone", _tail + i + 1, DateTimeOffset.UnixEpoch, _text), 1);
        }

        if (await _log.AppendAsync(Room, _opening.Fence, _tail, entries) != RoomLogAppend.Stored)
        {
            throw new InvalidOperationException("The log was not appended to.");
        }

        _tail += Messages;
        _stored += Messages;
        if (_stored > 2 * Kept)
        {
            // As rooms do, and as rarely.
            await _log.TrimAsync(Room, _opening.Fence, Kept, [], []);
            _stored = Kept;
        }
    }

    [GlobalCleanup]
    public async Task CleanupAsync()
    {
        await _redis.DisposeAsync();
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
