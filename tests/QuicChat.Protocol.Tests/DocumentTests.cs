using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Protocol.Tests;

/// <summary>What docs/wire-protocol.md says is what the code does.</summary>
public sealed partial class DocumentTests
{
    private const string Begin = "<!-- example:begin -->\n";
    private const string End = "<!-- example:end -->\n";

    private static readonly string Document = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "wire-protocol.md"));

    [Fact]
    public void TheExampleHasTheBytesThatTheCodeWrites()
    {
        var expected = Example();
        var written = Document[(Document.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)..Document.IndexOf(End, StringComparison.Ordinal)];

        Assert.True(expected == written, $"The example in docs/wire-protocol.md is out of date. It should read:\n\n{expected}");
    }

    [Fact]
    public void TheTableOfErrorCodesIsTheCodes()
    {
        var inDocument = CodeRow().Matches(Document)
            .Select(row => (int.Parse(row.Groups[1].Value, CultureInfo.InvariantCulture), row.Groups[2].Value, row.Groups[3].Value));

        Assert.Equal(
            Enum.GetValues<ErrorCode>().Select(code => ((int)code, code.ToName(), code.IsTerminal() ? "terminal" : "reconnectable")),
            inDocument);
    }

    [Theory]
    [InlineData("| frame | ", ProtocolLimits.MaxFrameBytes)]
    [InlineData("| `Publish.body` | ", ProtocolLimits.MaxBodyBytes)]
    [InlineData("| `Join.room` | 1 to ", ProtocolLimits.MaxRoomLength)]
    [InlineData("| `Hello.client_id` | 1 to ", ProtocolLimits.MaxClientIdLength)]
    [InlineData("| `Hello.token` | ", ProtocolLimits.MaxTokenBytes)]
    [InlineData("| user ID and user name, in the token | ", ProtocolLimits.MaxUserIdBytes)]
    [InlineData("| `ReadHistory.limit` | ", ProtocolLimits.MaxHistoryMessages)]
    [InlineData("| `Join.newest` | ", ProtocolLimits.MaxNewestMessages)]
    public void TheTableOfLimitsIsTheLimits(string row, int limit)
    {
        Assert.Contains($"{row}{limit.ToString("N0", CultureInfo.InvariantCulture)} ", Document, StringComparison.Ordinal);
        Assert.Equal(ProtocolLimits.MaxUserIdBytes, ProtocolLimits.MaxUserNameBytes);
    }

    [Fact]
    public void EveryFrameIsSpokenOf()
    {
        var types = ClientFrame.Descriptor.Fields.InDeclarationOrder().Concat(ServerFrame.Descriptor.Fields.InDeclarationOrder())
            .Select(field => field.MessageType.Name);

        Assert.All(types, type => Assert.Contains(type, Document, StringComparison.Ordinal));
    }

    private static string Example()
    {
        var position = new Position { Epoch = "k3f9", Offset = 0 };
        var connectionId = ByteString.CopyFrom(Enumerable.Range(0, 16).Select(i => (byte)(0x10 + i)).ToArray());
        (string Stream, IMessage Frame)[] frames =
        [
            ("0", new ClientFrame { Hello = new Hello { Token = "eyJ.eyJ.sig", ClientId = "anns-phone" } }),
            ("0", new ServerFrame
            {
                Welcome = new Welcome
                {
                    ConnectionId = connectionId,
                    UserId = "ann",
                    UserName = "Ann",
                    IdleTimeoutMs = 60_000,
                    MigrationTimeoutMs = 30_000,
                    GatewayId = "gw-1",
                },
            }),
            ("4", new ClientFrame { Join = new Join { Room = "lobby", Newest = 20 } }),
            ("4", new ServerFrame { Joined = new Joined { Position = position } }),
            ("4", new ClientFrame { Publish = new Publish { ClientSeq = 1, Body = "Hello" } }),
            ("4", new ServerFrame { Ack = new Ack { ClientSeq = 1, Offset = 1 } }),
            ("4", new ServerFrame
            {
                Message = new Message
                {
                    Offset = 1,
                    SenderId = "ann",
                    SenderName = "Ann",
                    SentAtMs = 1_790_000_000_000,
                    Body = "Hello",
                    ClientId = "anns-phone",
                    ClientSeq = 1,
                },
            }),
            ("0", new ServerFrame { Ping = new Ping { Number = 1 } }),
            ("0", new ClientFrame { Pong = new Pong { Number = 1 } }),
            ("4", new ClientFrame { Leave = new Leave() }),
        ];
        var text = new StringBuilder("```\n");
        foreach (var (stream, frame) in frames)
        {
            var output = new ArrayBufferWriter<byte>();
            _ = frame is ClientFrame client ? FrameWriter.Write(output, client) : FrameWriter.Write(output, (ServerFrame)frame);
            text.Append(CultureInfo.InvariantCulture, $"{(frame is ClientFrame ? "→" : "←")} stream {stream}: {Name(frame)}\n")
                .Append(FrameDump.Explain(output.WrittenSpan.ToArray(), frame.Descriptor))
                .Append('\n');
        }

        return text.Append("→ stream 4: end of stream\n← stream 4: end of stream\n```\n").ToString();
    }

    private static string Name(IMessage frame)
        => frame.Descriptor.Oneofs[0].Accessor.GetCaseFieldDescriptor(frame).MessageType.Name;

    [GeneratedRegex(@"^\| (\d+) \| ([A-Z_]+) \| .* \| (terminal|reconnectable) \|$", RegexOptions.Multiline)]
    private static partial Regex CodeRow();
}
