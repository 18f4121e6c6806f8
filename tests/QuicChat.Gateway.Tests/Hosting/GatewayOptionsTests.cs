using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Hosting;
using QuicChat.Gateway.Identity;
using QuicChat.Gateway.Limits;
using QuicChat.Gateway.Sessions;
using QuicChat.Quic.Engines;

namespace QuicChat.Gateway.Tests.Hosting;

public sealed class GatewayOptionsTests
{
    [Fact]
    public void The_defaults_are_valid()
    {
        Assert.True(new GatewayOptionsValidator().Validate(null, new GatewayOptions { Store = "127.0.0.1:6379" }).Succeeded);
        Assert.True(new SessionOptionsValidator().Validate(null, new SessionOptions()).Succeeded);
        Assert.True(new FanoutOptionsValidator().Validate(null, new FanoutOptions()).Succeeded);
        Assert.True(new LimitOptionsValidator().Validate(null, new LimitOptions()).Succeeded);
        Assert.True(new TokenOptionsValidator().Validate(null, new TokenOptions { KeyFile = "token.key" }).Succeeded);
    }

    [Fact]
    public void The_start_gives_up_within_25_s_together_with_its_last_try()
        => Assert.True(new GatewayOptions().ConnectTimeLimit + TimeSpan.FromSeconds(5) < TimeSpan.FromSeconds(25));

    [Fact]
    public void All_errors_are_told_at_once_with_what_is_allowed()
    {
        var gateway = new GatewayOptionsValidator().Validate(null, new GatewayOptions { Id = "two words", LeaseRenewInterval = TimeSpan.FromMinutes(1) });
        Assert.Equal(3, gateway.Failures!.Count());
        Assert.Contains(gateway.Failures!, failure => failure.Contains("Store", StringComparison.Ordinal));

        var engine = new GatewayOptionsValidator().Validate(
            null, new GatewayOptions { Store = "127.0.0.1:6379", Engine = QuicEngineKind.System, Retry = RetryPolicy.Always });
        Assert.Contains("'ngtcp2'", Assert.Single(engine.Failures!), StringComparison.Ordinal);

        foreach (var (web, told) in ((string, string)[])
            [
                ("ftp://127.0.0.1", "http://127.0.0.1:8081"), ("http://gateway.example:1", "of this machine"), ("http://127.0.0.1:1/health", "without a path"),
                ("https://127.0.0.1:0", "name one with https"), ("https://127.0.0.1:4433", "the chat's"),
            ])
        {
            var options = new GatewayOptions { Store = "127.0.0.1:6379", Engine = QuicEngineKind.Ngtcp2, Web = new Uri(web) };
            Assert.Contains(told, Assert.Single(new GatewayOptionsValidator().Validate(null, options).Failures!), StringComparison.Ordinal);
        }

        var sessions = new SessionOptionsValidator().Validate(null, new SessionOptions { MaxRooms = 0, MaxUnanswered = 0, HelloTimeLimit = TimeSpan.Zero });
        Assert.Equal(3, sessions.Failures!.Count());

        var limits = new LimitOptionsValidator().Validate(
            null, new LimitOptions { MaxConnections = 0, PublishBurst = -1, HandshakeRate = int.MaxValue });
        Assert.Equal(3, limits.Failures!.Count());

        var tokens = new TokenOptionsValidator().Validate(
            null, new TokenOptions { Issuer = "", ClockSkew = TimeSpan.FromHours(1), KeyReadInterval = TimeSpan.Zero });
        Assert.Equal(4, tokens.Failures!.Count());

        var fanout = new FanoutOptionsValidator().Validate(
            null, new FanoutOptions { RenewInterval = TimeSpan.FromSeconds(20), RingBytes = 1, MaxBatchesAhead = 0, GatherTimePerMember = -TimeSpan.FromTicks(1) });
        Assert.Equal(4, fanout.Failures!.Count());
    }
}
