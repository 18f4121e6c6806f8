using QuicChat.Gateway.Sessions;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class TokenLifeTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_connection_ends_when_its_token_has_expired_and_its_neighbour_does_not()
    {
        await using var gateway = new TestGateway();
        using var sweep = new SessionSweep(gateway.Sessions, gateway.Time);
        await sweep.StartAsync(CancellationToken.None);
        var neighbour = await gateway.ConnectAsync("bob");
        var client = await gateway.ConnectAsync("alice", token: Token(gateway, Minute));
        Assert.Equal(90_000u, client.Welcome.TokenExpiresInMs);

        gateway.Time.Advance(Minute + Skew - TimeSpan.FromSeconds(1));
        await client.PingAsync();
        gateway.Time.Advance(TimeSpan.FromSeconds(1));

        var (code, reason) = await client.Connection.ClosedByGatewayAsync();
        Assert.Equal((ErrorCode.AuthExpired, "The token has expired; connect with a new one"), (code, reason));
        Assert.Equal(1, gateway.Metrics["quicchat.connection.closed{code=AUTH_EXPIRED}"]);
        await neighbour.PingAsync();
        await sweep.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_token_in_its_skew_tells_what_is_left_and_the_furthest_one_the_most_that_can_be_told()
    {
        await using var gateway = new TestGateway();
        Assert.Equal(1_000u, (await gateway.ConnectAsync(token: Token(gateway, TimeSpan.FromSeconds(-29)))).Welcome.TokenExpiresInMs);

        var forever = await gateway.ConnectAsync(token: Tokens.Create(gateway.Time, expiresIn: DateTime.MaxValue - gateway.Time.GetUtcNow().UtcDateTime));
        Assert.Equal(uint.MaxValue, forever.Welcome.TokenExpiresInMs);
        gateway.Sessions.EndExpired();
        await forever.PingAsync();
    }

    [Fact]
    public async Task A_new_token_of_the_same_user_extends_the_connection()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync("alice", token: Token(gateway, Minute));

        await client.Control.SendAsync(Frames.Refresh(Token(gateway, 10 * Minute)));

        Assert.Equal(630_000u, (await client.Control.ReceiveAsync("Refreshed"))!.Refreshed.TokenExpiresInMs);
        gateway.Time.Advance(10 * Minute);
        gateway.Sessions.EndExpired();
        await client.PingAsync();
        gateway.Time.Advance(Skew);
        gateway.Sessions.EndExpired();
        Assert.Equal(ErrorCode.AuthExpired, (await client.Connection.ClosedByGatewayAsync()).Code);
    }

    [Theory]
    [InlineData("another user's")]
    [InlineData("expired")]
    [InlineData("garbage")]
    [InlineData("unsigned")]
    public async Task A_new_token_that_is_not_valid_ends_the_connection_with_AUTH_FAILED(string kind)
    {
        await using var gateway = new TestGateway();
        var neighbour = await gateway.ConnectAsync("bob");
        var client = await gateway.ConnectAsync("alice");

        await client.Control.SendAsync(Frames.Refresh(kind switch
        {
            "another user's" => Tokens.Create(gateway.Time, "bob"),
            "expired" => Token(gateway, -Minute),
            "unsigned" => Tokens.Unsigned(gateway.Time),
            _ => kind,
        }));

        Assert.Equal(ErrorCode.AuthFailed, (await client.Connection.ClosedByGatewayAsync()).Code);
        Assert.Equal(1, gateway.Metrics["quicchat.connection.closed{code=AUTH_FAILED}"]);
        await neighbour.PingAsync();
    }

    private static string Token(TestGateway gateway, TimeSpan expiresIn) => Tokens.Create(gateway.Time, expiresIn: expiresIn);
}
