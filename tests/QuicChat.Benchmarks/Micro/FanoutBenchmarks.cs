using System.Buffers;
using BenchmarkDotNet.Attributes;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Fanout;

namespace QuicChat.Benchmarks.Micro;

/// <summary>
/// A batch of a room's messages of 100 bytes at a gateway, for each message: encoded once for all members, and written for each of them to
/// its stream's buffer. What streams do with it is not in it.
/// </summary>
[MemoryDiagnoser]
public class FanoutBenchmarks
{
    private const int Batch = 64;

    // More than a batch; older ones go.
    private const int RingBytes = 64 * 1024;

    private readonly string _text = new('x', 100);
    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private RoomEpoch _epoch = null!;
    private RoomMember[] _members = null!;

    /// <summary>Members of the room at the gateway.</summary>
    [Params(1, 20, 200)]
    public int Members { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _epoch = new RoomEpoch("epoch", new MessageRing(0, RingBytes));

        // Without a relay, for nobody falls behind and reads the log.
        _members =
        [
            .. Enumerable.Range(0, Members).Select(i => new RoomMember(
                null!, _epoch, position: 0, recovered: true, page: [], new RoomUser($"user{i}", "User"), new AsyncSignal())),
        ];
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int RelayBatch()
    {
        for (var i = 0; i < Batch; i++)
        {
            var offset = _epoch.Ring.Last + 1;
            _epoch.Ring.Append(
                MessageFrames.Encode(new RoomMessage(offset, "alice", "Alice", "phone", offset, DateTimeOffset.UnixEpoch, _text)));
        }

        var messages = 0;
        foreach (var member in _members)
        {
            member.Wake();
            _output.ResetWrittenCount();
            messages += member.WriteAvailable(_output, int.MaxValue).Messages;
        }

        return messages == Members * Batch ? messages : throw new InvalidOperationException($"{messages} messages were written.");
    }
}
