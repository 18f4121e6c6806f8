using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

public sealed class ApplicationProtocolTests
{
    // 0x100 and the TLS alert no_application_protocol, 120 (RFC 9001, section 8.1).
    private const ulong NoApplicationProtocol = 0x178;

    [Fact]
    public async Task Peers_without_a_common_application_protocol_do_not_connect()
    {
        await using var server = await EchoServer.StartAsync();
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Clients.ConnectAsync(
            server.EndPoint, new QuicClientOptions { Trust = Clients.Trust, ApplicationProtocol = "other/1" }));
        Assert.Equal(ConnectionCloseOrigin.Peer, error.Closure.Origin);
        Assert.Equal(NoApplicationProtocol, error.Closure.TransportErrorCode);
    }

    [Fact]
    public void A_server_refuses_a_client_that_offers_none()
    {
        using var link = new CoreLink(CoreLink.NewClientSettings() with { ApplicationProtocol = [] });
        link.RunUntil(() => link.Client.Closure is not null && link.Server is { Closure: not null }, "the refusal");
        Assert.Equal(NoApplicationProtocol, link.Server!.Closure!.TransportErrorCode);
        Assert.Equal(NoApplicationProtocol, link.Client.Closure!.TransportErrorCode);
        Assert.Equal(ConnectionCloseOrigin.Peer, link.Client.Closure.Origin);
        Assert.False(link.Server.Completed);
    }

    [Fact]
    public void A_client_refuses_a_server_that_selects_none()
    {
        using var link = new CoreLink(server: CoreLink.NewServerSettings() with { ApplicationProtocol = [] });
        link.RunUntil(() => link.Client.Closure is not null && link.Server is { Closure: not null }, "the refusal");
        Assert.Equal(NoApplicationProtocol, link.Client.Closure!.TransportErrorCode);
        Assert.Equal(ConnectionCloseOrigin.Local, link.Client.Closure.Origin);
        Assert.Equal(NoApplicationProtocol, link.Server!.Closure!.TransportErrorCode);
        Assert.False(link.Client.Completed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("quicchat/é")]
    [InlineData(null)]
    public void A_name_that_is_none_is_refused_at_once(string? name)
    {
        name ??= new string('x', 256);
        var error = Assert.Throws<ArgumentException>(() => QuicEngine.CreateConnectionFactory(
            QuicEngineKind.Ngtcp2, new QuicClientOptions { Trust = Clients.Trust, ApplicationProtocol = name }));
        Assert.Contains("ApplicationProtocol", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => QuicEngine.CreateListenerFactory(
            QuicEngineKind.Ngtcp2, new QuicListenerOptions { Certificate = EchoServer.Certificate, ApplicationProtocol = name }));
    }
}
