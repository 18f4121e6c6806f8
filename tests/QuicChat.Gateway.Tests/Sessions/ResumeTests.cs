using System.Security.Cryptography;
using Google.Protobuf;
using QuicChat.Gateway.Tests.Support;
using QuicChat.Protocol;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class ResumeTests
{
    [Fact]
    public async Task A_client_that_comes_back_ends_its_former_connection_at_once()
    {
        await using var gateway = new TestGateway();
        var neighbour = await gateway.ConnectAsync("bob");
        var former = await gateway.ConnectAsync("alice");

        var client = await gateway.ConnectAsync("alice", session: former.Welcome.SessionToken);

        Assert.Equal((ErrorCode.NoError, $"resumed by connection {client.Connection.Id}"), await former.Connection.ClosedByGatewayAsync());
        await gateway.Cluster.Connection(former.Connection.Id).Calls.ReachedAsync("Unregistered", 1);
        Assert.Equal(1, gateway.Metrics["quicchat.session.tokens{state=valid}"]);
        await client.PingAsync();
        await neighbour.PingAsync();
    }

    [Fact]
    public async Task A_token_is_opaque_short_and_never_twice_the_same()
    {
        await using var gateway = new TestGateway();
        var first = (await gateway.ConnectAsync("alice")).Welcome;
        var second = (await gateway.ConnectAsync("alice", session: first.SessionToken)).Welcome;

        Assert.InRange(first.SessionToken.Length, 64, ProtocolLimits.MaxSessionTokenBytes);
        Assert.NotEqual(first.SessionToken, second.SessionToken);
        Assert.Equal(-1, first.SessionToken.Span.IndexOf("alice"u8));
        Assert.Equal(-1, first.SessionToken.Span.IndexOf(first.ConnectionId.Span));
    }

    [Fact]
    public async Task A_connection_at_another_gateway_is_ended_there()
    {
        await using var first = new TestGateway(id: "gw-1");
        await using var second = new TestGateway(id: "gw-2", cluster: first.Cluster);
        first.Cluster.Registry.Known.Add("gw-1");
        var former = await first.ConnectAsync("alice");

        var client = await second.ConnectAsync("alice", session: former.Welcome.SessionToken);

        await first.Cluster.Registry.Calls.ReachedAsync("CloseConnection", 1);
        Assert.Equal(
            ("gw-1", former.Connection.Id.ToString(), (int)ErrorCode.NoError, $"resumed by connection {client.Connection.Id}"),
            Assert.Single(first.Cluster.Registry.Closes));
        Assert.Equal(0, first.Cluster.Connection(former.Connection.Id).Calls.Count("Unregister"));
    }

    [Fact]
    public async Task A_connection_whose_gateway_is_gone_is_taken_out_of_the_registry()
    {
        await using var first = new TestGateway(id: "gw-1");
        await using var second = new TestGateway(id: "gw-2", cluster: first.Cluster);
        var former = await first.ConnectAsync("alice");

        await second.ConnectAsync("alice", session: former.Welcome.SessionToken);

        await first.Cluster.Connection(former.Connection.Id).Calls.ReachedAsync("Unregistered", 1);
    }

    [Fact]
    public async Task A_connection_that_has_ended_needs_no_end()
    {
        await using var gateway = new TestGateway();
        var former = await gateway.ConnectAsync("alice");
        former.Connection.Leave();
        await gateway.ServedAsync(former.Connection);

        await gateway.ConnectAsync("alice", session: former.Welcome.SessionToken);

        await gateway.Cluster.Connection(former.Connection.Id).Calls.ReachedAsync("GetSnapshot", 1);
        Assert.Empty(gateway.Cluster.Registry.Closes);
    }

    [Theory]
    [InlineData("mallory", "phone")]
    [InlineData("alice", "tablet")]
    public async Task A_stolen_token_is_of_no_use_to_another_user_or_client_and_disturbs_its_owner_not(string user, string clientId)
    {
        await using var gateway = new TestGateway();
        var owner = await gateway.ConnectAsync("alice", "phone");
        var thief = gateway.Connect();

        await thief.Open().SendAsync(Frames.Hello(Tokens.Create(gateway.Time, user), clientId, owner.Welcome.SessionToken));

        var (code, reason) = await thief.ClosedByGatewayAsync();
        Assert.Equal((ErrorCode.AuthFailed, "The session token is another user's, or another client's"), (code, reason));
        Assert.Equal(1, gateway.Metrics["quicchat.session.tokens{state=foreign}"]);
        Assert.Empty(gateway.Cluster.Connection(thief.Id).Registrations);
        await owner.PingAsync();
    }

    [Fact]
    public async Task A_session_token_without_a_valid_token_is_nothing()
    {
        await using var gateway = new TestGateway();
        var owner = await gateway.ConnectAsync("alice");
        var thief = gateway.Connect();

        await thief.Open().SendAsync(Frames.Hello(Tokens.Unsigned(gateway.Time), "phone", owner.Welcome.SessionToken));

        Assert.Equal(ErrorCode.AuthFailed, (await thief.ClosedByGatewayAsync()).Code);
        await owner.PingAsync();
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("random bytes of its length")]
    [InlineData("one bit changed in its content")]
    [InlineData("one bit changed in its key ID")]
    [InlineData("one byte more")]
    [InlineData("of another cluster")]
    public async Task A_token_that_no_gateway_sealed_begins_a_fresh_session(string kind)
    {
        await using var gateway = new TestGateway();
        await using var elsewhere = new TestGateway();
        var former = await gateway.ConnectAsync("alice");
        var bytes = former.Welcome.SessionToken.ToByteArray();
        switch (kind)
        {
            case "garbage":
                bytes = [1, 2, 3];
                break;
            case "random bytes of its length":
                RandomNumberGenerator.Fill(bytes.AsSpan(1));
                break;
            case "one bit changed in its content":
                bytes[40] ^= 1;
                break;
            case "one bit changed in its key ID":
                bytes[3] ^= 1;
                break;
            case "one byte more":
                bytes = [.. bytes, 0];
                break;
            default:
                bytes = (await elsewhere.ConnectAsync("alice")).Welcome.SessionToken.ToByteArray();
                break;
        }

        var client = await gateway.ConnectAsync("alice", session: ByteString.CopyFrom(bytes));

        Assert.Equal(1, gateway.Metrics["quicchat.session.tokens{state=invalid}"]);
        await client.PingAsync();
        await former.PingAsync();
    }

    [Fact]
    public async Task An_expired_token_begins_a_fresh_session()
    {
        await using var gateway = new TestGateway(options => options.SessionTokenLifetime = TimeSpan.FromHours(1));
        var former = await gateway.ConnectAsync("alice");
        gateway.Time.Advance(TimeSpan.FromHours(1));

        await gateway.ConnectAsync("alice", session: former.Welcome.SessionToken);

        Assert.Equal(1, gateway.Metrics["quicchat.session.tokens{state=expired}"]);
        await former.PingAsync();
    }

    [Fact]
    public async Task A_resume_that_cannot_be_registered_leaves_the_former_connection()
    {
        await using var gateway = new TestGateway();
        var former = await gateway.ConnectAsync("alice");
        var connection = gateway.Connect();
        var grain = gateway.Cluster.Connection(connection.Id);
        grain.Calls.Fail("Register", int.MaxValue);

        await connection.Open().SendAsync(Frames.Hello(Tokens.Create(gateway.Time, "alice"), session: former.Welcome.SessionToken));
        await grain.Calls.ReachedAsync("Register", 1);
        gateway.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(ErrorCode.Internal, (await connection.ClosedByGatewayAsync()).Code);
        await former.PingAsync();
    }

    [Fact]
    public async Task Keys_can_be_rotated_under_gateways_that_serve()
    {
        await using var first = new TestGateway(id: "gw-1");
        await using var second = new TestGateway(id: "gw-2", cluster: first.Cluster);
        var old = await first.ConnectAsync("alice");
        first.Cluster.SessionKeys.Rotate();

        // The first learns of the new key by looking after a while, the second by a token that names it.
        first.Time.Advance(TimeSpan.FromMinutes(10));
        second.Time.Advance(TimeSpan.FromMinutes(9));
        await first.ConnectAsync("bob");
        await first.Cluster.SessionKeys.Calls.ReachedAsync("GetKeys", 3);
        var renewed = await RenewedAsync(first, old.Welcome.SessionToken);
        await second.ConnectAsync("alice", session: renewed);
        await second.ConnectAsync("alice", session: old.Welcome.SessionToken);

        Assert.Equal(2, second.Metrics["quicchat.session.tokens{state=valid}"]);
        Assert.Equal(4, first.Cluster.SessionKeys.Calls.Count("GetKeys"));
    }

    [Fact]
    public async Task Tokens_that_name_unknown_keys_do_not_bury_the_cluster()
    {
        await using var gateway = new TestGateway();
        var bytes = (await gateway.ConnectAsync("alice")).Welcome.SessionToken.ToByteArray();
        bytes[3] ^= 1;
        gateway.Time.Advance(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 10; i++)
        {
            await gateway.ConnectAsync("alice", session: ByteString.CopyFrom(bytes));
        }

        Assert.Equal(2, gateway.Cluster.SessionKeys.Calls.Count("GetKeys"));
    }

    [Fact]
    public async Task Keys_at_hand_go_on_where_the_cluster_does_not_answer()
    {
        await using var gateway = new TestGateway();
        var former = await gateway.ConnectAsync("alice");
        gateway.Cluster.SessionKeys.Calls.Fail("GetKeys", int.MaxValue);
        gateway.Time.Advance(TimeSpan.FromMinutes(10));

        await gateway.ConnectAsync("alice", session: former.Welcome.SessionToken);

        Assert.Equal(ErrorCode.NoError, (await former.Connection.ClosedByGatewayAsync()).Code);
        await gateway.Metrics.ReachedAsync("quicchat.cluster.failures{method=GetKeys}", 1);
    }

    // A token that is sealed with a newer key than the given one.
    private static async Task<ByteString> RenewedAsync(TestGateway gateway, ByteString old)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var next = (await gateway.ConnectAsync("alice")).Welcome.SessionToken;
            if (!next.Span[..9].SequenceEqual(old.Span[..9]))
            {
                return next;
            }
        }

        throw new InvalidOperationException("The new key did not come into use.");
    }
}
