using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

/// <summary>Options that make no sense are refused before anything starts; some of them would end the process inside the libraries.</summary>
public abstract class OptionsTests(TestEngine engine) : Conformance(engine)
{
    public sealed class OnNgtcp2() : OptionsTests(TestEngine.Ngtcp2);

    public sealed class OnSystem() : OptionsTests(TestEngine.System);

    private static readonly TimeSpan Negative = TimeSpan.FromSeconds(-5);

    public static TheoryData<string, QuicListenerOptions> BadServers() => new()
    {
        { "IdleTimeout", new() { Certificate = EchoServer.Certificate, IdleTimeout = Negative } },
        { "IdleTimeout", new() { Certificate = EchoServer.Certificate, IdleTimeout = TimeSpan.Zero } },
        { "HandshakeTimeout", new() { Certificate = EchoServer.Certificate, HandshakeTimeout = Negative } },
        { "KeepAliveInterval", new() { Certificate = EchoServer.Certificate, KeepAliveInterval = TimeSpan.Zero } },
        { "MigrationTimeout", new() { Certificate = EchoServer.Certificate, MigrationTimeout = Timeout.InfiniteTimeSpan } },
        { "MaxBidirectionalStreams", new() { Certificate = EchoServer.Certificate, MaxBidirectionalStreams = -1 } },
        { "MaxUnidirectionalStreams", new() { Certificate = EchoServer.Certificate, MaxUnidirectionalStreams = -1 } },
        { "StreamReceiveWindow", new() { Certificate = EchoServer.Certificate, StreamReceiveWindow = 0 } },
        { "ConnectionReceiveWindow", new() { Certificate = EchoServer.Certificate, ConnectionReceiveWindow = -1 } },
    };

    public static TheoryData<string, QuicClientOptions> BadClients() => new()
    {
        { "IdleTimeout", new() { Trust = Clients.Trust, IdleTimeout = Negative } },
        { "HandshakeTimeout", new() { Trust = Clients.Trust, HandshakeTimeout = TimeSpan.Zero } },
        { "KeepAliveInterval", new() { Trust = Clients.Trust, KeepAliveInterval = Negative } },
        { "MaxUnidirectionalStreams", new() { Trust = Clients.Trust, MaxUnidirectionalStreams = -1 } },
        { "StreamReceiveWindow", new() { Trust = Clients.Trust, StreamReceiveWindow = -1 } },
        { "ConnectionReceiveWindow", new() { Trust = Clients.Trust, ConnectionReceiveWindow = 0 } },
        { "Sha256", new() { Trust = new ServerTrust.Pinned(new byte[20]) } },
        { "HostName", new() { Trust = new ServerTrust.Authority("ca.pem", "") } },
    };

    [Theory]
    [MemberData(nameof(BadServers), DisableDiscoveryEnumeration = true)]
    public void A_listener_names_the_option(string name, QuicListenerOptions options)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => QuicEngine.CreateListenerFactory(Engine.Kind, options));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BadClients), DisableDiscoveryEnumeration = true)]
    public void A_client_names_the_option(string name, QuicClientOptions options)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => QuicEngine.CreateConnectionFactory(Engine.Kind, options));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Time_outs_can_be_infinite()
    {
        await using var server = await EchoServer.StartAsync(Engine, configure: _ => new QuicListenerOptions
        {
            Certificate = EchoServer.Certificate,
            IdleTimeout = Timeout.InfiniteTimeSpan,
            HandshakeTimeout = Timeout.InfiniteTimeSpan,
            KeepAliveInterval = Timeout.InfiniteTimeSpan,
        });
        await using var connection = await Engine.ConnectAsync(server.EndPoint, new QuicClientOptions
        {
            Trust = Clients.Trust,
            IdleTimeout = Timeout.InfiniteTimeSpan,
            HandshakeTimeout = Timeout.InfiniteTimeSpan,
            KeepAliveInterval = Timeout.InfiniteTimeSpan,
        });
        await using var stream = await connection.OpenStreamAsync();
        Assert.Equal("hello", await stream.EchoAsync("hello"));
    }
}
