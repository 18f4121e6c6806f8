using QuicChat.Gateway.Tests.Support;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Tests.Routing;

public sealed class GatewayObserverTests
{
    [Fact]
    public async Task The_cluster_can_close_a_connection()
    {
        await using var gateway = new TestGateway();
        var client = await gateway.ConnectAsync();
        var other = await gateway.ConnectAsync("bob");

        await gateway.Observer.CloseConnection(client.Connection.Id.ToString(), (int)ErrorCode.Kicked, "rude");

        Assert.Equal((ErrorCode.Kicked, "rude"), await client.Connection.ClosedByGatewayAsync());
        await other.PingAsync();
    }

    [Fact]
    public async Task Connections_that_are_not_here_are_ignored_and_counted()
    {
        await using var gateway = new TestGateway();

        await gateway.Observer.CloseConnection(ConnectionId.Create(9).ToString(), (int)ErrorCode.Kicked, "");
        await gateway.Observer.CloseConnection("no ID", (int)ErrorCode.Kicked, "");

        Assert.Equal(2, gateway.Metrics["quicchat.push.ignored{push=close}"]);
    }
}
