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

    private static readonly (string Stream, IMessage Frame)[] Frames =
    [
        ("0", new ClientFrame { Hello = new Hello { Token = "eyJ.eyJ.sig", ClientId = "anns-phone" } }),
        ("0", new ServerFrame
        {
            Welcome = new Welcome
            {
                ConnectionId = ByteString.CopyFrom(Enumerable.Range(0, 16).Select(i => (byte)(0x10 + i)).ToArray()),
                UserId = "ann",
                UserName = "Ann",
                IdleTimeoutMs = 60_000,
                MigrationTimeoutMs = 30_000,
                GatewayId = "gw-1",
            },
        }),
        ("4", new ClientFrame { Join = new Join { Room = "lobby", Newest = 20 } }),
        ("4", new ServerFrame { Joined = new Joined { Position = new Position { Epoch = "k3f9" } } }),
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

    private delegate bool TryRead<TFrame>(ref ReadOnlySequence<byte> buffer, out TFrame? frame);

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
    public void TheBytesOfTheExampleAreTheFramesThatTheirHeadingsName()
    {
        var text = Document[Document.IndexOf(Begin, StringComparison.Ordinal)..Document.IndexOf(End, StringComparison.Ordinal)];
        var frames = ExampleFrame().Matches(text);
        Assert.Equal(Frames.Length, frames.Count);
        foreach (var (frame, expected) in frames.Zip(Frames, (frame, expected) => (frame, expected.Frame)))
        {
            var digits = frame.Groups["bytes"].Captures.SelectMany(line => line.Value.Where(char.IsAsciiHexDigit)).ToArray();
            var bytes = new ReadOnlySequence<byte>(Convert.FromHexString(digits));
            IMessage? read;
            var isRead = frame.Groups["from"].Value == "→" ? Read<ClientFrame>(FrameReader.TryReadClientFrame) : Read<ServerFrame>(FrameReader.TryReadServerFrame);

            Assert.True(isRead && bytes.IsEmpty, $"The bytes under '{frame.Groups["name"]}' are not one frame.");
            Assert.Equal(expected, read);
            Assert.Equal(frame.Groups["name"].Value, Name(read!));

            bool Read<TFrame>(TryRead<TFrame> tryRead)
                where TFrame : IMessage
            {
                var result = tryRead(ref bytes, out var next);
                read = next;
                return result;
            }
        }
    }

    [Fact]
    public void EveryFieldIsInTheTablesOfFields()
    {
        var tables = Document[Document.IndexOf("\n## Fields\n", StringComparison.Ordinal)..Document.IndexOf("\n## Error codes\n", StringComparison.Ordinal)];
        var rows = new Dictionary<string, string>();
        var names = Array.Empty<string>();
        foreach (Match row in FieldRow().Matches(tables))
        {
            names = row.Groups[1].Value.Length > 0 ? row.Groups[1].Value.Split(", ") : names;
            foreach (var name in names)
            {
                rows[name] = rows.GetValueOrDefault(name) + row.Groups[2].Value;
            }
        }

        var messages = ChatReflection.Descriptor.MessageTypes.Where(message => message.Name is not (nameof(ClientFrame) or nameof(ServerFrame) or nameof(Member)));
        foreach (var field in messages.SelectMany(message => message.Fields.InDeclarationOrder()))
        {
            Assert.True(
                rows.GetValueOrDefault(field.ContainingType.Name, "").Contains($"`{field.Name}`", StringComparison.Ordinal),
                $"The tables of fields in docs/wire-protocol.md lack {field.FullName}.");
        }
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
        var text = new StringBuilder("```\n");
        foreach (var (stream, frame) in Frames)
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

    // A heading, then lines of at most a dozen bytes; what they mean stands behind them.
    [GeneratedRegex(@"^(?<from>[→←]) stream \d+: (?<name>\w+)\n(?: +(?<bytes>(?:[0-9a-f]{2} ?)+)(?: +\S.*)?\n)+", RegexOptions.Multiline)]
    private static partial Regex ExampleFrame();

    [GeneratedRegex(@"^\| ([A-Z][A-Za-z]*(?:, [A-Z][A-Za-z]*)*)? ?\| (.*?) \|", RegexOptions.Multiline)]
    private static partial Regex FieldRow();

    [GeneratedRegex(@"^\| (\d+) \| ([A-Z_]+) \| .* \| (terminal|reconnectable) \|$", RegexOptions.Multiline)]
    private static partial Regex CodeRow();
}
