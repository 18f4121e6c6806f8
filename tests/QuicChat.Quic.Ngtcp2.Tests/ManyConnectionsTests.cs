using System.Net;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

[Collection(WholeProcess.Name)]
public sealed class ManyConnectionsTests
{
    [Fact]
    public async Task A_thousand_connections_of_one_socket_live_and_echo_at_once()
    {
        const int Count = 1000;
        await using var server = await EchoServer.StartAsync();
        IPAddress[] addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("127.0.0.2")];
        var connections = new (MultiplexedConnectionContext Connection, ConnectionContext Stream)[Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 50 };
        await Parallel.ForAsync(0, Count, parallel, async (i, _) =>
        {
            var connection = await Clients.ConnectAsync(new IPEndPoint(addresses[i % 3], server.Port));
            connections[i] = (connection, await connection.OpenStreamAsync());
        });

        for (var round = 0; round < 3; round++)
        {
            var echoes = await Task.WhenAll(connections.Select((c, i) => c.Stream.EchoAsync($"round {round} of connection {i}")));
            Assert.Equal(Enumerable.Range(0, Count).Select(i => $"round {round} of connection {i}"), echoes);
        }

        await Parallel.ForAsync(0, Count, parallel, async (i, _) =>
        {
            await connections[i].Stream.DisposeAsync();
            await connections[i].Connection.DisposeAsync();
        });
        await server.Listener.WhenEmptyAsync().Within("the server's connections to end");
        Assert.Equal(0, server.Listener.ConnectionIds);
    }
}
