using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>Peers that offer or select no application protocol at all; GnuTLS lets them pass.</summary>
public sealed class ApplicationProtocolTests
{
    // 0x100 and the TLS alert no_application_protocol, 120 (RFC 9001, section 8.1).
    private const ulong NoApplicationProtocol = 0x178;

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
}
