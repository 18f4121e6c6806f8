using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class RoomAccessTests
{
    [Theory]
    [InlineData("private:team", null, false)]
    [InlineData("private:team", "private:team", true)]
    [InlineData("private:team", "private:teams", false)]
    [InlineData("private:teams", "private:team", false)]
    [InlineData("private:team", "team", false)]
    [InlineData("private:team-1", "private:team-*", true)]
    [InlineData("private:team", "private:team-*", false)]
    [InlineData("private:Team-1", "private:team-*", false)]
    [InlineData("private:a*b", "private:a*c", false)]
    [InlineData("private:team", "*", true)]
    [InlineData("private:team", "", false)]
    [InlineData("private:", "*", false)]
    [InlineData("Private:team", null, true)]
    [InlineData("direct:alice:bob", null, true)]
    [InlineData("direct:Alicia:alice", null, true)]
    [InlineData("direct:alice:%C3%A9va", null, false)]
    [InlineData("direct:%C3%A9va:alice", null, true)]
    [InlineData("direct:%c3%a9va:alice", null, false)]
    [InlineData("direct:bob:alice", null, false)]
    [InlineData("direct:alice", null, false)]
    [InlineData("direct:", null, false)]
    [InlineData("direct::alice", null, false)]
    [InlineData("direct:alice:alice", null, false)]
    [InlineData("direct:alice:bob:carol", null, false)]
    [InlineData("direct:%61lice:bob", null, false)]
    [InlineData("direct:alice:%zz", null, false)]
    [InlineData("direct:alice:%ff", null, false)]
    [InlineData("direct:bob:carol", null, false)]
    [InlineData("direct:bob:carol", "*", false)]
    public async Task Alice_joins_what_is_hers(string room, string? claim, bool allowed)
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync(rooms: claim);
        if (allowed)
        {
            Assert.NotNull((await client.JoinAsync(room)).Joined);
            return;
        }

        var stream = client.Connection.Open();
        await stream.SendAsync(Frames.Join(room));

        Assert.Equal(ErrorCode.NotAllowed, await stream.ResetAsync());
        Assert.Equal(1, gateway.Metrics["quicchat.room.resets{code=NOT_ALLOWED}"]);
        Assert.Equal(0, gateway.Cluster.Room(room).Attached);
        await client.PingAsync();
    }

    [Fact]
    public async Task The_claim_may_be_an_array()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync(rooms: new object[] { "private:one", 7, "private:two*" });

        await client.JoinAsync("private:one");
        await client.JoinAsync("private:two-b");
        var stream = client.Connection.Open();
        await stream.SendAsync(Frames.Join("private:7"));

        Assert.Equal(ErrorCode.NotAllowed, await stream.ResetAsync());
    }

    [Fact]
    public async Task Two_users_meet_in_the_room_that_either_names()
    {
        await using var gateway = new TestGateway();
        var ann = await (await gateway.ConnectAsync("ann@example.com")).JoinAsync(RoomNames.Direct("ann@example.com", "Ève : 2"));
        var eve = await (await gateway.ConnectAsync("Ève : 2")).JoinAsync(RoomNames.Direct("Ève : 2", "ann@example.com"));

        await ann.PublishAsync(1, "hello");

        Assert.Equal("hello", Assert.Single(await eve.MessagesAsync(1, 1)).Body);
    }

    [Fact]
    public async Task Users_with_long_IDs_have_a_room_that_nobody_else_may_join()
    {
        await using var gateway = new TestGateway();
        var (one, other) = (new string('a', 128), new string('é', 64));
        var room = RoomNames.Direct(one, other);

        Assert.NotNull((await (await gateway.ConnectAsync(one)).JoinAsync(room)).Joined);
        Assert.NotNull((await (await gateway.ConnectAsync(other)).JoinAsync(room)).Joined);

        var stranger = (await gateway.ConnectAsync(new string('a', 127))).Connection.Open();
        await stranger.SendAsync(Frames.Join(room));
        Assert.Equal(ErrorCode.NotAllowed, await stranger.ResetAsync());
    }

    [Fact]
    public void A_refusal_says_how_to_write_the_room()
    {
        var alice = new Gateway.Sessions.ClientIdentity("alice", "Alice", "phone");

        Assert.Equal(
            "A direct room is written direct:A:B, A and B being the IDs of two users, percent-encoded or hashed, the lesser one first.",
            Gateway.Sessions.RoomAccess.Refuse("direct:bob:alice", alice));
        Assert.Equal("Only its two users may join a direct room.", Gateway.Sessions.RoomAccess.Refuse("direct:bob:carol", alice));
        Assert.Equal("The token's claim 'rooms' does not name this private room.", Gateway.Sessions.RoomAccess.Refuse("private:x", alice));
        Assert.Null(Gateway.Sessions.RoomAccess.Refuse("lobby", alice));
    }

    [Fact]
    public async Task A_refreshed_token_opens_and_closes_rooms_from_then_on()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync(rooms: "private:old");
        var old = await client.JoinAsync("private:old");

        await client.Control.SendAsync(new() { Refresh = new() { Token = Tokens.Create(gateway.Time, claims: (RoomNames.Claim, "private:new")) } }, Frames.Ping(1));
        while ((await client.Control.ReceiveAsync("Pong"))?.Pong is null)
        {
        }

        await client.JoinAsync("private:new");
        await old.PublishAsync(1, "who is in stays in");
        Assert.Equal(1ul, (await old.AckAsync()).Offset);
        var stream = client.Connection.Open();
        await stream.SendAsync(Frames.Join("private:old"));
        Assert.Equal(ErrorCode.NotAllowed, await stream.ResetAsync());
    }
}
