using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

public sealed class StreamTests
{
    [Fact]
    public async Task An_echo_comes_back()
    {
        await using var server = await EchoServer.StartAsync();
        await using var connection = await Clients.ConnectAsync(server.EndPoint);
        await using var stream = await connection.OpenStreamAsync();

        Assert.Equal("hello", await stream.EchoAsync("hello"));
        Assert.Equal("again", await stream.EchoAsync("again"));
    }
}
