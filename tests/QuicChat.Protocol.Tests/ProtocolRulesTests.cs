using QuicChat.Protocol.V1;
using Xunit;

namespace QuicChat.Protocol.Tests;

public sealed class ProtocolRulesTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("lobby")]
    [InlineData("team/42:general#1")]
    [InlineData("~!")]
    public void RoomNamesAreVisibleAscii(string room) => Assert.Null(ProtocolRules.CheckRoom(room));

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("two words", "U+0020 at position 3")]
    [InlineData("tab\t", "U+0009")]
    [InlineData("küche", "U+00FC")]
    [InlineData("\u007f", "U+007F")]
    public void OtherRoomNamesAreRefusedWithTheReason(string? room, string expected)
        => Assert.Contains(expected, ProtocolRules.CheckRoom(room), StringComparison.Ordinal);

    [Fact]
    public void SizesAreBoundedToTheByte()
    {
        // Three bytes of UTF-8 a character.
        var body = new string('中', ProtocolLimits.MaxBodyBytes / 3);
        body += new string('x', ProtocolLimits.MaxBodyBytes - (3 * body.Length));

        AssertBound(ProtocolRules.CheckRoom, new string('r', ProtocolLimits.MaxRoomLength));
        AssertBound(ProtocolRules.CheckClientId, new string('c', ProtocolLimits.MaxClientIdLength));
        AssertBound(ProtocolRules.CheckUserId, new string('é', ProtocolLimits.MaxUserIdBytes / 2));
        AssertBound(ProtocolRules.CheckUserName, new string('é', ProtocolLimits.MaxUserNameBytes / 2));
        AssertBound(ProtocolRules.CheckBody, body);
        AssertBound(ProtocolRules.CheckToken, new string('t', ProtocolLimits.MaxTokenBytes));

        static void AssertBound(Func<string?, string?> check, string largest)
        {
            Assert.Null(check(largest));
            Assert.NotNull(check(largest + "x"));
        }
    }

    [Fact]
    public void ATextMayBeEmptyAndHoldAnyCharacter()
    {
        Assert.Null(ProtocolRules.CheckBody(""));
        Assert.Null(ProtocolRules.CheckBody("line\nline\0 🙂"));
    }

    [Fact]
    public void ATextWithHalfASurrogatePairIsRefused()
    {
        // Not as InlineData: attributes cannot carry these either.
        Assert.EndsWith("at position 0.", ProtocolRules.CheckBody("\ud83d"), StringComparison.Ordinal);
        Assert.EndsWith("at position 3.", ProtocolRules.CheckBody("a🙂\ude42"), StringComparison.Ordinal);
        Assert.EndsWith("at position 2.", ProtocolRules.CheckBody("🙂\ud83d!"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("an\nn")]
    [InlineData("\u001b[2J")]
    public void UsersHaveANameWithoutControlCharacters(string name)
    {
        Assert.NotNull(ProtocolRules.CheckUserId(name));
        Assert.NotNull(ProtocolRules.CheckUserName(name));
    }

    [Fact]
    public void TheLargestMessageFitsAFrameWithRoomToSpare()
    {
        var message = new Message
        {
            Offset = ulong.MaxValue,
            SenderId = new string('i', ProtocolLimits.MaxUserIdBytes),
            SenderName = new string('n', ProtocolLimits.MaxUserNameBytes),
            SentAtMs = -1,
            Body = new string('b', ProtocolLimits.MaxBodyBytes),
            ClientId = new string('c', ProtocolLimits.MaxClientIdLength),
            ClientSeq = ulong.MaxValue,
        };

        Assert.InRange(new ServerFrame { Message = message }.CalculateSize(), ProtocolLimits.MaxBodyBytes, ProtocolLimits.MaxFrameBytes * 6 / 10);
        Assert.InRange(
            new ServerFrame { History = new History { FromOffset = ulong.MaxValue, FirstOffset = ulong.MaxValue, LastOffset = ulong.MaxValue, Messages = { message } } }
                .CalculateSize(),
            ProtocolLimits.MaxBodyBytes,
            ProtocolLimits.MaxFrameBytes);
    }

    [Fact]
    public void TheLargestHelloFitsAFrame()
    {
        var hello = new Hello
        {
            Token = new string('t', ProtocolLimits.MaxTokenBytes),
            ClientId = new string('c', ProtocolLimits.MaxClientIdLength),
            SessionToken = Google.Protobuf.ByteString.CopyFrom(new byte[ProtocolLimits.MaxSessionTokenBytes]),
        };

        Assert.InRange(new ClientFrame { Hello = hello }.CalculateSize(), 1, ProtocolLimits.MaxFrameBytes);
    }
}
