using System.Buffers;
using BenchmarkDotNet.Attributes;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Fanout;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Benchmarks.Micro;

/// <summary>A room's messages of 100 bytes: frames written and read, and a batch that is encoded once for all of a gateway's members.</summary>
[MemoryDiagnoser]
public class FanoutBenchmarks
{
    private const int Batch = 64;

    private readonly RoomMessage[] _messages =
    [
        .. Enumerable.Range(1, Batch).Select(i => new RoomMessage(i, "alice", "Alice", "phone", i, DateTimeOffset.UnixEpoch, new string('x', 100))),
    ];

    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly ServerFrame _frame;
    private readonly byte[] _bytes;

    public FanoutBenchmarks()
    {
        _frame = new ServerFrame { Message = MessageFrames.ToWire(_messages[0]) };
        _bytes = MessageFrames.Encode(_messages[0]).Frame.ToArray();
    }

    [Benchmark]
    public int WriteFrame()
    {
        _output.ResetWrittenCount();
        return FrameWriter.Write(_output, _frame);
    }

    [Benchmark]
    public bool ReadFrame()
    {
        var buffer = new ReadOnlySequence<byte>(_bytes);
        return FrameReader.TryReadServerFrame(ref buffer, out _);
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public long RelayBatch()
    {
        var ring = new MessageRing(0, int.MaxValue);
        foreach (var message in _messages)
        {
            ring.Append(MessageFrames.Encode(message));
        }

        return ring.Bytes;
    }
}
