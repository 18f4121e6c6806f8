using Xunit;

namespace QuicChat.Protocol.Tests;

public sealed class RoomNamesTests
{
    private const string LongId = "auth0|0123456789012345678901234567890123456789012345678901234567890123456789";

    [Theory]
    [InlineData("ann", "bob", "direct:ann:bob")]
    [InlineData("Zoe", "ann", "direct:Zoe:ann")]
    [InlineData("a:b", "a", "direct:a:a%3Ab")]
    [InlineData("ann@example.com", "Ève : 2", "direct:%C3%88ve%20%3A%202:ann%40example.com")]
    [InlineData("-._~", "%", "direct:%25:-._~")]
    [InlineData("😀", "!", "direct:%21:%F0%9F%98%80")]
    [InlineData(LongId, "bob", "direct:=kAuKV7dSxU9AejgF4___CyPeHzvVT_3srkX3RuoInPU:bob")]
    public void TwoUsersHaveOneRoom(string user, string other, string room)
    {
        Assert.Equal(room, RoomNames.Direct(user, other));
        Assert.Equal(room, RoomNames.Direct(other, user));
        var users = RoomNames.ParseDirect(room);
        var (one, two) = (RoomNames.DirectUser(user), RoomNames.DirectUser(other));
        Assert.True(users == (one, two) || users == (two, one), $"{room} was read as {users}.");
        Assert.Null(ProtocolRules.CheckRoom(room));
    }

    [Theory]
    [InlineData("", "bob", "empty")]
    [InlineData("ann", "", "empty")]
    [InlineData("ann", "ann", "two users")]
    [InlineData("ann", "line\nbreak", "control character")]
    public void OthersHaveNone(string user, string other, string expected)
        => Assert.Contains(expected, Assert.Throws<ArgumentException>(() => RoomNames.Direct(user, other)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(60, 60, 128)]
    [InlineData(61, 60, 112)]
    [InlineData(61, 128, 96)]
    [InlineData(128, 128, 96)]
    public void AnyTwoUsersHaveOneHoweverLongTheirIds(int length, int otherLength, int nameLength)
    {
        var (user, other) = (new string('u', length), new string('v', otherLength));

        var room = RoomNames.Direct(user, other);

        Assert.Equal(nameLength, room.Length);
        Assert.Equal(room, RoomNames.Direct(other, user));
        Assert.Null(ProtocolRules.CheckRoom(room));
        Assert.Contains(RoomNames.DirectUser(user), new[] { RoomNames.ParseDirect(room)!.Value.User, RoomNames.ParseDirect(room)!.Value.OtherUser });
        Assert.NotEqual(room, RoomNames.Direct(user[1..] + "x", other));
    }

    [Theory]
    [InlineData("direct:=:bob")]
    [InlineData("direct:=kAuKV7dSxU9AejgF4___CyPeHzvVT_3srkX3RuoInP:bob")] // too short
    [InlineData("direct:=kAuKV7dSxU9AejgF4___CyPeHzvVT_3srkX3RuoInPV:bob")] // bits beyond the hash
    [InlineData("direct:=kAuKV7dSxU9AejgF4___CyPeHzvVT_3srkX3RuoInPU=:bob")]
    [InlineData("direct:bob:=kAuKV7dSxU9AejgF4___CyPeHzvVT_3srkX3RuoInPU")]
    [InlineData("direct:0123456789012345678901234567890123456789012345678901234567890:bob")]
    public void AHashIsWrittenInOneWayAndOnlyWhereItIsNeeded(string room) => Assert.Null(RoomNames.ParseDirect(room));

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
