using System.Buffers;
using Google.Protobuf;
using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Protocol.Tests;

public sealed class FrameWriterTests(ITestOutputHelper output)
{
    [Fact]
    public void AFrameIsProtobufsOwnLengthDelimitedForm()
    {
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (var i = 0; i < 500; i++)
        {
            var frame = random.NextServerFrame();
            using var expected = new MemoryStream();
            frame.WriteDelimitedTo(expected);
            var written = new ArrayBufferWriter<byte>();

            Assert.Equal(expected.Length, FrameWriter.Write(written, frame));
            Assert.Equal(expected.ToArray(), written.WrittenSpan.ToArray());
        }
    }

    [Fact]
    public void TheOutputIsAskedOnceForExactlyWhatTheFrameTakes()
    {
        var writer = new CountingWriter();

        var bytes = FrameWriter.Write(writer, new ServerFrame { Message = new Message { Offset = 1, Body = new string('x', 1_000) } });

        Assert.Equal([bytes], writer.Asked);
        Assert.Equal(bytes, writer.Advanced);
    }

    [Fact]
    public void AFrameThatIsTooLargeIsRefusedWhole()
    {
        var writer = new CountingWriter();

        var refused = Assert.Throws<ProtocolException>(
            () => FrameWriter.Write(writer, new ClientFrame { Publish = new Publish { Body = new string('x', ProtocolLimits.MaxFrameBytes) } }));

        Assert.Equal(ErrorCode.FrameTooLarge, refused.Code);
        Assert.Empty(writer.Asked);
    }

    [Fact]
    public void AFrameWithoutATypeIsAMistakeOfTheCaller()
        => Assert.Throws<ArgumentException>(() => FrameWriter.Write(new ArrayBufferWriter<byte>(), new ServerFrame()));

    [Fact]
    public void WritingAllocatesNothing()
    {
        var frame = new ServerFrame { Message = new Message { Offset = 1, SenderId = "ann", SenderName = "Ann", Body = "Hello", ClientSeq = 1 } };
        var writer = new ArrayBufferWriter<byte>(64 * 1024);
        FrameWriter.Write(writer, frame);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            FrameWriter.Write(writer, frame);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private sealed class CountingWriter : IBufferWriter<byte>
    {
        private readonly byte[] _buffer = new byte[FrameWriter.MaxWritten];

        public List<int> Asked { get; } = [];

        public int Advanced { get; private set; }

        public void Advance(int count) => Advanced += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            Asked.Add(sizeHint);
            return _buffer;
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
