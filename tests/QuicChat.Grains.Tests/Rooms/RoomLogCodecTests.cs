using System.Text;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Rooms;
using Xunit;

namespace QuicChat.Grains.Tests.Rooms;

public sealed class RoomLogCodecTests
{
    [Theory]
    [InlineData("hello")]
    [InlineData("")]
    [InlineData("\"quotes\" \\ and\nlines\t\0 <b>&amp;</b>")]
    [InlineData("Grüße, 你好, 👋🏽")]
    public void WhatIsEncodedIsDecoded(string text)
    {
        var entry = new RoomLogEntry("epoch-1", new RoomMessage(
            1_234_567, text, text, text, 42, DateTimeOffset.FromUnixTimeMilliseconds(1_767_268_800_123), text), 639_000_000_000_000_001);

        Assert.Equal(entry, RoomLogCodec.Decode(RoomLogCodec.Encode(entry)));
    }

    [Fact]
    public void HalfACharacterIsReplacedAndHarmsNothing()
    {
        var entry = new RoomLogEntry("e", new RoomMessage(1, "u", "n", "c", 1, DateTimeOffset.UnixEpoch, "a\ud800b"), 1);

        Assert.Equal("a\ufffdb", RoomLogCodec.Decode(RoomLogCodec.Encode(entry)).Message.Body);
    }

    [Fact]
    public void WhatALaterVersionAddsIsPassedOver()
    {
        var entry = RoomLogCodec.Decode("""7 {"epoch":"e","user":"u","new":{"a":[1]},"name":"n","client":"c","seq":3,"term":2,"ms":0,"body":"b"}"""u8);

        Assert.Equal(new RoomLogEntry("e", new RoomMessage(7, "u", "n", "c", 3, DateTimeOffset.UnixEpoch, "b"), 2), entry);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("x {}")]
    [InlineData("12 ")]
    [InlineData("12 {}")]
    [InlineData("12 []")]
    [InlineData("12 {\"epoch\":1}")]
    [InlineData("12 {\"epoch\":\"e\",")]
    public void GarbageIsRefused(string text)
        => Assert.Throws<FormatException>(() => RoomLogCodec.Decode(Encoding.UTF8.GetBytes(text)));
}
