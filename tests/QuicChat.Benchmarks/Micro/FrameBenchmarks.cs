using System.Buffers;
using BenchmarkDotNet.Attributes;
using QuicChat.Abstractions.Rooms;
using QuicChat.Gateway.Fanout;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Benchmarks.Micro;

/// <summary>A frame with a message of 100 bytes, written and read.</summary>
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly ServerFrame _frame;
    private readonly byte[] _bytes;

    public FrameBenchmarks()
    {
        var message = new RoomMessage(1, "alice", "Alice", "phone", 1, DateTimeOffset.UnixEpoch, new string('x', 100));
        _frame = new ServerFrame { Message = MessageFrames.ToWire(message) };
        _bytes = MessageFrames.Encode(message).Frame.ToArray();
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
}
