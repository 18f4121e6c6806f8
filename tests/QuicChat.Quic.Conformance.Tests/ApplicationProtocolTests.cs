using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

public abstract class ApplicationProtocolTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : ApplicationProtocolTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : ApplicationProtocolTests(TestEngine.System);

    // 0x100 and the TLS alert no_application_protocol, 120 (RFC 9001, section 8.1).
    private const ulong NoApplicationProtocol = 0x178;

    [Fact]
    public async Task Peers_without_a_common_application_protocol_do_not_connect()
    {
        await using var server = await EchoServer.StartAsync(Engine);
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => Engine.ConnectAsync(
            server.EndPoint, new QuicClientOptions { Trust = Clients.Trust, ApplicationProtocol = "other/1" }));
        Assert.Equal(ConnectionCloseOrigin.Peer, error.Closure.Origin);
        Assert.Equal(NoApplicationProtocol, error.Closure.TransportErrorCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("quicchat/é")]
    [InlineData(null)]
    public void A_name_that_is_none_is_refused_at_once(string? name)
    {
        name ??= new string('x', 256);
        var error = Assert.Throws<ArgumentException>(() => QuicEngine.CreateConnectionFactory(
            Engine.Kind, new QuicClientOptions { Trust = Clients.Trust, ApplicationProtocol = name }));
        Assert.Contains("ApplicationProtocol", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => QuicEngine.CreateListenerFactory(
            Engine.Kind, new QuicListenerOptions { Certificate = EchoServer.Certificate, ApplicationProtocol = name }));
    }
}
