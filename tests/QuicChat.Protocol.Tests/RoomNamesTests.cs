using Xunit;

namespace QuicChat.Protocol.Tests;

public sealed class RoomNamesTests
{
    [Theory]
    [InlineData("ann", "bob", "direct:ann:bob")]
    [InlineData("Zoe", "ann", "direct:Zoe:ann")]
    [InlineData("a:b", "a", "direct:a:a%3Ab")]
    [InlineData("ann@example.com", "Ève : 2", "direct:%C3%88ve%20%3A%202:ann%40example.com")]
    [InlineData("-._~", "%", "direct:%25:-._~")]
    [InlineData("😀", "!", "direct:%21:%F0%9F%98%80")]
    public void TwoUsersHaveOneRoom(string user, string other, string room)
    {
        Assert.Equal(room, RoomNames.Direct(user, other));
        Assert.Equal(room, RoomNames.Direct(other, user));
        var users = RoomNames.ParseDirect(room);
        Assert.True(users == (user, other) || users == (other, user), $"{room} was read as {users}.");
        Assert.Null(ProtocolRules.CheckRoom(room));
    }

    [Theory]
    [InlineData("", "bob", "empty")]
    [InlineData("ann", "", "empty")]
    [InlineData("ann", "ann", "two users")]
    [InlineData("ann", "line\nbreak", "control character")]
    public void OthersHaveNone(string user, string other, string expected)
        => Assert.Contains(expected, Assert.Throws<ArgumentException>(() => RoomNames.Direct(user, other)).Message, StringComparison.Ordinal);

    [Fact]
    public void ANameThatWouldBeTooLongIsRefused()
    {
        var user = new string('u', 60);
        Assert.Equal(ProtocolLimits.MaxRoomLength, RoomNames.Direct(user, user[1..] + "v").Length);
        Assert.Contains("128 are allowed", Assert.Throws<ArgumentException>(() => RoomNames.Direct(user, user + "v")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PrivateRoomsAreThoseWithThePrefix()
    {
        Assert.Equal("private:team", RoomNames.Private("team"));
        Assert.True(RoomNames.IsPrivate("private:team"));
        Assert.False(RoomNames.IsPrivate("team"));
        Assert.Throws<ArgumentException>(() => RoomNames.Private(""));
        Assert.Throws<ArgumentException>(() => RoomNames.Private("two words"));
    }
}
