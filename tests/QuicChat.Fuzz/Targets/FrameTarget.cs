using System.Buffers;
using Google.Protobuf;
using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Fuzz.Targets;

/// <summary>The reader of frames: it reads what can be written again, in bounds, and refuses the rest by <see cref="ProtocolException"/> alone.</summary>
internal sealed class FrameTarget : IFuzzTarget
{
    private delegate bool TryRead<TFrame>(ref ReadOnlySequence<byte> buffer, out TFrame? frame);

    public IEnumerable<byte[]> Seeds =>
    [
        Seed(0, new ClientFrame { Hello = new Hello { Token = "eyJ.eyJ.sig", ClientId = "phone", SessionToken = ByteString.CopyFrom(1, 2, 3) } }),
        Seed(0, new ClientFrame { Join = new Join { Room = "lobby", After = new Position { Epoch = "k3f9", Offset = 300 }, Newest = 20, Presence = true } }),
        Seed(2, new ClientFrame { Publish = new Publish { ClientSeq = 1, Body = "Grüße" } }),
        Seed(4, new ClientFrame { ReadHistory = new ReadHistory { FromOffset = 1, Limit = 100 } }),
        Seed(1, new ServerFrame { Welcome = new Welcome { ConnectionId = ByteString.CopyFrom(new byte[16]), UserId = "ann", IdleTimeoutMs = 60_000 } }),
        Seed(1, new ServerFrame { Presence = new Presence { Members = 1, Complete = true, Joined = { new Member { UserId = "ann", UserName = "Ann" } } } }),
        Seed(3, new ServerFrame { History = new History { LastOffset = 9, Messages = { new Message { Offset = 9, SentAtMs = -1, Body = "x" } } } }),
        Seed(1, new ServerFrame { MigrationNotice = new MigrationNotice { Outcome = MigrationNotice.Types.Outcome.Completed, From = "1", To = "2" } }),
    ];

    public void Run(ReadOnlySpan<byte> input)
    {
        var choices = new FuzzInput(input);
        var choice = choices.Byte();
        var buffer = Cut(choices.Rest(), 1 + (choice >> 1));
        if ((choice & 1) == 0)
        {
            ReadAll<ClientFrame>(buffer, FrameReader.TryReadClientFrame, FrameWriter.Write);
        }
        else
        {
            ReadAll<ServerFrame>(buffer, FrameReader.TryReadServerFrame, FrameWriter.Write);
        }
    }

    public void Dispose()
    {
    }

    private static void ReadAll<TFrame>(ReadOnlySequence<byte> buffer, TryRead<TFrame> tryRead, Func<IBufferWriter<byte>, TFrame, int> write)
        where TFrame : class, IMessage
    {
        try
        {
            while (true)
            {
                var before = buffer.Length;
                if (!tryRead(ref buffer, out var frame))
                {
                    FindingException.ThrowUnless(frame is null && buffer.Length == before, "Bytes of an unfinished frame were taken.");
                    break;
                }

                FindingException.ThrowUnless(buffer.Length < before, "A frame took no bytes.");
                WriteAndReadAgain(frame!, before - buffer.Length, tryRead, write);
            }

            FindingException.ThrowUnless(buffer.Length <= FrameReader.MaxUnread, $"{buffer.Length} bytes are waited with.");
        }
        catch (ProtocolException e)
        {
            FindingException.ThrowUnless(e.Code is ErrorCode.ProtocolViolation or ErrorCode.FrameTooLarge, $"It is refused with {e.Code}.");
        }
    }

    private static void WriteAndReadAgain<TFrame>(
        TFrame frame, long length, TryRead<TFrame> tryRead, Func<IBufferWriter<byte>, TFrame, int> write)
        where TFrame : class, IMessage
    {
        // What others wrote in fewer bytes than we would may have no frame of ours: then writing says so.
        if (frame.CalculateSize() > ProtocolLimits.MaxFrameBytes)
        {
            FindingException.ThrowUnless(length <= FrameWriter.MaxWritten, $"A frame of {length} bytes was read.");
            return;
        }

        var output = new ArrayBufferWriter<byte>();
        write(output, frame);
        var again = new ReadOnlySequence<byte>(output.WrittenMemory);
        FindingException.ThrowUnless(
            tryRead(ref again, out var second) && again.IsEmpty && frame.Equals(second), $"The frame reads otherwise once written: {frame} {second}");
    }

    private static byte[] Seed(byte choice, ClientFrame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, frame);
        return [choice, .. output.WrittenSpan];
    }

    private static byte[] Seed(byte choice, ServerFrame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, frame);
        return [choice, .. output.WrittenSpan];
    }

    private static ReadOnlySequence<byte> Cut(ReadOnlySpan<byte> bytes, int size)
    {
        var first = new Segment(default, 0);
        var last = first;
        for (var at = 0; at < bytes.Length; at += size)
        {
            last = last.Append(bytes[at..Math.Min(bytes.Length, at + size)].ToArray());
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long index)
        {
            Memory = memory;
            RunningIndex = index;
        }

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
