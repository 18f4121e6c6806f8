using QuicChat.Quic.Paths;

using Xunit;

namespace QuicChat.Quic.Tests.Paths;

public class ConnectionIdTests
{
    private const string Text = "00000102030405060708090a0b0c0d0e";

    [Fact]
    public void The_server_id_leads_and_the_rest_is_random()
    {
        var ids = Enumerable.Range(0, 1000).Select(_ => ConnectionId.Create(0xfedcba98)).ToList();

        Assert.All(ids, id => Assert.Equal(0xfedcba98u, id.ServerId));
        Assert.All(ids, id => Assert.StartsWith("fedcba98", id.ToString()));
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData(uint.MaxValue)]
    public void Bytes_and_text_give_the_same_id_again(uint serverId)
    {
        var id = ConnectionId.Create(serverId);
        var bytes = new byte[ConnectionId.Length];
        id.Write(bytes);

        Assert.Equal(id, ConnectionId.Read(bytes));
        Assert.Equal(id, ConnectionId.Parse(id.ToString()));
        Assert.Equal(id, ConnectionId.Parse(id.ToString().ToUpperInvariant()));
        Assert.Equal(Convert.ToHexStringLower(bytes), id.ToString());
    }

    [Fact]
    public void Text_has_leading_zeros()
    {
        var id = ConnectionId.Parse(Text);

        Assert.Equal(0x00000102u, id.ServerId);
        Assert.Equal(Text, id.ToString());
        Assert.Equal(new string('0', 32), default(ConnectionId).ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00000102030405060708090a0b0c0d")]
    [InlineData("00000102030405060708090a0b0c0d0e0f")]
    [InlineData("0000010203040506070809-a0b0c0d0e")]
    [InlineData("00000102030405060708090a0b0c0d0g")]
    public void Other_text_is_refused(string? text)
    {
        Assert.False(ConnectionId.TryParse(text, null, out var id));
        Assert.Equal(default, id);
        Assert.Contains("32 hex digits", Assert.Throws<FormatException>(() => ConnectionId.Parse(text!)).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    public void Another_length_is_refused(int length)
        => Assert.Contains($"not {length}", Assert.Throws<ArgumentException>(() => ConnectionId.Read(new byte[length])).Message);

    [Fact]
    public void Equality_is_of_all_bytes()
    {
        var id = ConnectionId.Parse(Text);
        var other = ConnectionId.Parse(Text[..^1] + "f");

        Assert.True(id == ConnectionId.Parse(Text));
        Assert.True(id != other);
        Assert.False(id.Equals((object)other));
        Assert.Equal(id.GetHashCode(), ConnectionId.Parse(Text).GetHashCode());
    }
}
