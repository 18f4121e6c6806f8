using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using QuicChat.Abstractions.Connections;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Sessions;

public sealed class HelloTests
{
    public static TheoryData<string, string> BadTokens { get; } = new()
    {
        { "", "empty" },
        { "garbage", "not a JSON Web Token" },
        { "expired", "expired" },
        { "not yet valid", "not valid yet" },
        { "of another issuer", "another issuer" },
        { "for another audience", "another audience" },
        { "signed with another key", "this gateway's key" },
        { "unsigned", "this gateway's key" },
        { "of another algorithm", "this gateway's key" },
        { "without a usable subject", "user ID" },
        { "without a usable name", "user name" },
        { "too long", "16384" },
    };

    [Fact]
    public async Task A_good_token_is_welcomed_once_the_connection_is_registered()
    {
        await using var gateway = new TestGateway();
        var connection = gateway.Connect();
        var control = connection.Open();

        await control.SendAsync(Frames.Hello(Tokens.Create(gateway.Time, "u-1", "Ursula"), "laptop"));

        var welcome = (await control.ReceiveAsync("Welcome"))!.Welcome;
        Assert.Equal("u-1", welcome.UserId);
        Assert.Equal("Ursula", welcome.UserName);
        Assert.Equal("gw-test", welcome.GatewayId);
        Assert.Equal(connection.Id, Quic.Paths.ConnectionId.Read(welcome.ConnectionId.Span));
        Assert.Equal(60_000u, welcome.IdleTimeoutMs);
        Assert.Equal(30_000u, welcome.MigrationTimeoutMs);
        Assert.Equal(
            new ConnectionRegistration("gw-test", "u-1", "Ursula", "laptop", "127.0.0.1:50000", "127.0.0.1:4433", "ngtcp2", gateway.Time.GetUtcNow()),
            Assert.Single(gateway.Cluster.Connection(connection.Id).Registrations));
        Assert.Equal(1, gateway.Metrics["quicchat.connections"]);
    }

    [Fact]
    public async Task A_token_without_a_name_shows_the_users_ID()
    {
        await using var gateway = new TestGateway();
        Assert.Equal("alice", (await gateway.ConnectAsync("alice")).Welcome.UserName);
    }

    [Fact]
    public async Task A_clock_that_differs_by_half_a_minute_is_forgiven()
    {
        await using var gateway = new TestGateway();
        foreach (var token in new[]
        {
            Tokens.Create(gateway.Time, expiresIn: TimeSpan.FromSeconds(-29)),
            Tokens.Create(gateway.Time, validIn: TimeSpan.FromSeconds(29)),
        })
        {
            var control = gateway.Connect().Open();
            await control.SendAsync(Frames.Hello(token));
            Assert.NotNull((await control.ReceiveAsync("Welcome"))!.Welcome);
        }
    }

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_bad_token_closes_the_connection_with_AUTH_FAILED(string kind, string reasonPart)
    {
        await using var gateway = new TestGateway();
        var neighbour = await gateway.ConnectAsync("bob");
        var connection = gateway.Connect();

        await connection.Open().SendAsync(Frames.Hello(Token(gateway.Time, kind)));

        var (code, reason) = await connection.ClosedByGatewayAsync();
        Assert.Equal(ErrorCode.AuthFailed, code);
        Assert.Contains(reasonPart, reason, StringComparison.Ordinal);
        Assert.Empty(gateway.Cluster.Connection(connection.Id).Registrations);
        Assert.Equal(1, gateway.Metrics["quicchat.connection.closed{code=AUTH_FAILED}"]);
        await neighbour.PingAsync();
    }

    [Fact]
    public async Task A_connection_that_says_nothing_is_closed_after_the_time_limit()
    {
        await using var gateway = new TestGateway();
        var connection = gateway.Connect();
        connection.Open();

        await gateway.Time.PassAsync(TimeSpan.FromSeconds(10), "Hello");

        var (code, reason) = await connection.ClosedByGatewayAsync();
        Assert.Equal((ErrorCode.ProtocolViolation, "No Hello came within 10 s"), (code, reason));
    }

    [Fact]
    public async Task A_welcomed_connection_outlives_the_time_limit()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();

        gateway.Time.Advance(TimeSpan.FromSeconds(11));

        await client.PingAsync();
    }

    [Fact]
    public async Task A_registration_is_tried_again_until_the_cluster_answers()
    {
        await using var gateway = new TestGateway();
        var connection = gateway.Connect();
        gateway.Cluster.Connection(connection.Id).Calls.Fail("Register", 2);
        var control = connection.Open();

        await control.SendAsync(Frames.Hello(Tokens.Create(gateway.Time)));
        await gateway.Time.PassBackoffAsync();
        await gateway.Time.PassBackoffAsync();

        Assert.NotNull((await control.ReceiveAsync("Welcome"))!.Welcome);
        Assert.Equal(2, gateway.Metrics["quicchat.cluster.failures{method=Register}"]);
    }

    [Fact]
    public async Task A_cluster_that_does_not_answer_in_time_ends_the_connection_as_the_gateways_fault()
    {
        await using var gateway = new TestGateway();
        var connection = gateway.Connect();
        var grain = gateway.Cluster.Connection(connection.Id);
        grain.Calls.Fail("Register", int.MaxValue);

        await connection.Open().SendAsync(Frames.Hello(Tokens.Create(gateway.Time)));
        await grain.Calls.ReachedAsync("Register", 1);
        gateway.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(ErrorCode.Internal, (await connection.ClosedByGatewayAsync()).Code);
        // It may have been registered all the same.
        await grain.Calls.ReachedAsync("Unregister", 1);
    }

    [Fact]
    public async Task The_end_of_a_connection_takes_it_out_of_the_registry()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var grain = gateway.Cluster.Connection(client.Connection.Id);
        grain.Calls.Fail("Unregister", 1);

        client.Connection.Leave();
        await gateway.Time.PassBackoffAsync();
        await grain.Calls.ReachedAsync("Unregistered", 1);

        Assert.Contains("closed by the peer", grain.UnregisterReason, StringComparison.Ordinal);
        Assert.Equal(0, gateway.Metrics["quicchat.connections"]);
    }

    private static string Token(TimeProvider time, string kind) => kind switch
    {
        "expired" => Tokens.Create(time, expiresIn: TimeSpan.FromSeconds(-31)),
        "not yet valid" => Tokens.Create(time, validIn: TimeSpan.FromSeconds(31)),
        "of another issuer" => Tokens.Create(time, issuer: "somebody"),
        "for another audience" => Tokens.Create(time, audience: "something"),
        "signed with another key" => Tokens.Create(time, key: RandomNumberGenerator.GetBytes(32)),
        "unsigned" => Tokens.Unsigned(time),
        "of another algorithm" => Tokens.Create(time, key: [.. Tokens.Key, .. new byte[32]], algorithm: SecurityAlgorithms.HmacSha512),
        "without a usable subject" => Tokens.Create(time, user: "line\nbreak"),
        "without a usable name" => Tokens.Create(time, name: new string('n', 129)),
        "too long" => new string('t', 20_000),
        _ => kind,
    };
}
