using System.Buffers;
using Google.Protobuf;
using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Protocol.Tests;

public sealed class FrameReaderTests(ITestOutputHelper output)
{
    /// <summary>Fixed seeds that every run repeats, and one that no run has tried.</summary>
    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, Random.Shared.Next()];

    [Theory, MemberData(nameof(Seeds))]
    public void FramesArriveWholeAndInOrderHoweverTheirBytesAreCut(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var clientFrames = Enumerable.Range(0, 200).Select(_ => random.NextClientFrame()).ToArray();
        var serverFrames = Enumerable.Range(0, 200).Select(_ => random.NextServerFrame()).ToArray();

        Assert.Equal(clientFrames, Arrive<ClientFrame>(Written(clientFrames, FrameWriter.Write), random, FrameReader.TryReadClientFrame));
        Assert.Equal(serverFrames, Arrive<ServerFrame>(Written(serverFrames, FrameWriter.Write), random, FrameReader.TryReadServerFrame));
    }

    [Theory, MemberData(nameof(Seeds))]
    public void GarbageNeverDoesMoreThanBreakTheProtocol(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var round = 0; round < 5_000; round++)
        {
            byte[] bytes;
            if (round % 2 == 0)
            {
                bytes = new byte[random.Next(40)];
                random.NextBytes(bytes);
            }
            else
            {
                bytes = Written([random.NextServerFrame()], FrameWriter.Write);
                for (var flips = random.Next(1, 4); flips > 0; flips--)
                {
                    bytes[random.Next(Math.Min(bytes.Length, 60))] ^= (byte)(1 << random.Next(8));
                }
            }

            ReadAll<ClientFrame>(bytes, FrameReader.TryReadClientFrame);
            ReadAll<ServerFrame>(bytes, FrameReader.TryReadServerFrame);
        }

        void ReadAll<TFrame>(byte[] bytes, TryRead<TFrame> tryRead)
        {
            var buffer = Segments.Cut(bytes, random, 3);
            try
            {
                while (tryRead(ref buffer, out _))
                {
                }

                Assert.True(buffer.Length <= FrameReader.MaxUnread);
            }
            catch (ProtocolException e)
            {
                Assert.True(e.Code is ErrorCode.ProtocolViolation or ErrorCode.FrameTooLarge, e.ToString());
            }
        }
    }

    [Fact]
    public void AnUnfinishedFrameLeavesTheBufferAsItWas()
    {
        var bytes = Written([new ClientFrame { Publish = new Publish { ClientSeq = 1, Body = new string('x', 300) } }], FrameWriter.Write);
        for (var length = 0; length < bytes.Length; length++)
        {
            var buffer = new ReadOnlySequence<byte>(bytes, 0, length);

            Assert.False(FrameReader.TryReadClientFrame(ref buffer, out var frame));
            Assert.Null(frame);
            Assert.Equal(length, buffer.Length);
        }
    }

    [Fact]
    public void TheLargestFrameIsRead()
    {
        var largest = new ClientFrame { Publish = new Publish { ClientSeq = 1, Body = "" } };
        largest.Publish.Body = new string('x', ProtocolLimits.MaxFrameBytes - largest.CalculateSize() - 8);
        while (largest.CalculateSize() < ProtocolLimits.MaxFrameBytes)
        {
            largest.Publish.Body += "x";
        }

        var bytes = Written([largest], FrameWriter.Write);
        Assert.Equal(FrameWriter.MaxWritten, bytes.Length);
        Assert.Equal(FrameReader.MaxUnread, bytes.Length - 1);

        var buffer = new ReadOnlySequence<byte>(bytes);
        Assert.True(FrameReader.TryReadClientFrame(ref buffer, out var frame));
        Assert.Equal(largest, frame);
    }

    [Theory]
    [InlineData("818004", ErrorCode.FrameTooLarge)] // 65,537
    [InlineData("ffff7f", ErrorCode.FrameTooLarge)] // the most that three bytes can say
    [InlineData("808080", ErrorCode.FrameTooLarge)] // a fourth byte would follow
    [InlineData("ffffffffffffffffffff", ErrorCode.FrameTooLarge)]
    [InlineData("8000", ErrorCode.ProtocolViolation)] // 0 in two bytes
    [InlineData("828000", ErrorCode.ProtocolViolation)] // 2 in three bytes
    public void ABadLengthIsRefusedBeforeAnythingOfTheFrameHasArrived(string hex, ErrorCode expected)
        => Assert.Equal(expected, Refused(hex).Code);

    [Theory]
    [InlineData("00")] // nothing
    [InlineData("022a00")] // type 5, reserved
    [InlineData("03a20600")] // type 100, unknown
    [InlineData("021000")] // Ping as a number
    [InlineData("021205")] // Ping that says it is longer than the frame
    [InlineData("0107")] // field 0
    [InlineData("064a041202fffe")] // Publish whose body is not UTF-8
    [InlineData("03120014")] // the end of a group that never began
    public void AFrameThatIsEmptyUnknownOrMalformedIsRefused(string hex)
        => Assert.Equal(ErrorCode.ProtocolViolation, Refused(hex).Code);

    [Fact]
    public void NestingIsBounded()
    {
        // Groups of an unknown field, each within the one before.
        var nested = Enumerable.Repeat<byte>(0xa3, 200).SelectMany(first => new byte[] { first, 0x06 }).ToArray();

        Assert.Equal(ErrorCode.ProtocolViolation, Refused("9003" + Convert.ToHexString(nested)).Code);
    }

    [Fact]
    public void FieldsOfANewerVersionAreSkipped()
    {
        // Ping { number = 7, field 15 = "new" }, and beside it field 100 = "new".
        var buffer = Bytes("0f" + "1207" + "0807" + "7a036e6577" + "a206036e6577");

        Assert.True(FrameReader.TryReadClientFrame(ref buffer, out var frame));
        Assert.Equal(new ClientFrame { Ping = new Ping { Number = 7 } }, frame);
    }

    [Fact]
    public void WaitingForMoreBytesAllocatesNothing()
    {
        var buffer = new ReadOnlySequence<byte>(Written([new ClientFrame { Publish = new Publish { Body = "half" } }], FrameWriter.Write)[..^1]);
        FrameReader.TryReadClientFrame(ref buffer, out _);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            FrameReader.TryReadClientFrame(ref buffer, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private delegate bool TryRead<TFrame>(ref ReadOnlySequence<byte> buffer, out TFrame? frame);

    private static List<TFrame> Arrive<TFrame>(byte[] bytes, Random random, TryRead<TFrame> tryRead)
    {
        var frames = new List<TFrame>();
        var (start, end) = (0, 0);
        while (end < bytes.Length)
        {
            end = Math.Min(bytes.Length, end + random.Next(1, random.Next(4) == 0 ? 5_000 : 20));
            var buffer = Segments.Cut(bytes.AsMemory(start, end - start), random);
            while (tryRead(ref buffer, out var frame))
            {
                frames.Add(frame!);
            }

            start = end - (int)buffer.Length;
        }

        Assert.Equal(bytes.Length, start);
        return frames;
    }

    private static ProtocolException Refused(string hex)
    {
        var buffer = Bytes(hex);
        return Assert.Throws<ProtocolException>(() =>
        {
            var copy = buffer;
            FrameReader.TryReadClientFrame(ref copy, out _);
        });
    }

    private static ReadOnlySequence<byte> Bytes(string hex) => new(Convert.FromHexString(hex));

    private static byte[] Written<TFrame>(IEnumerable<TFrame> frames, Func<IBufferWriter<byte>, TFrame, int> write)
        where TFrame : IMessage
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var frame in frames)
        {
            write(output, frame);
        }

        return output.WrittenSpan.ToArray();
    }
}
