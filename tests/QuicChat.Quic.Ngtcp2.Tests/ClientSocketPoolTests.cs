using System.Net;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>Client connections that share sockets: each gets what is its own.</summary>
public sealed class ClientSocketPoolTests
{
    [Fact]
    public async Task Fifty_connections_on_two_sockets_get_their_own_answers()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        var pool = new ClientSocketPool(2);
        var clients = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => ConnectAsync(server, pool)));
        try
        {
            var ports = clients.Select(client => client.Feature<IConnectionPathFeature>().CurrentPath.Local.Port).Distinct();
            Assert.Equal(2, ports.Count());
            for (var round = 0; round < 3; round++)
            {
                var answers = await Task.WhenAll(clients.Select(async (client, index) =>
                {
                    await using var stream = await client.OpenStreamAsync();
                    return await stream.EchoAsync($"{round} of {index}");
                }));
                Assert.Equal(Enumerable.Range(0, 50).Select(index => $"{round} of {index}"), answers);
            }
        }
        finally
        {
            await Task.WhenAll(clients.Select(client => client.DisposeAsync().AsTask()));
        }
    }

    [Fact]
    public async Task One_that_ends_or_moves_leaves_the_others_alone()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        var pool = new ClientSocketPool(1);
        await using var stays = await ConnectAsync(server, pool);
        await using var moves = await ConnectAsync(server, pool);
        await using (await ConnectAsync(server, pool))
        {
            // It ends.
        }

        await using var staying = await stays.OpenStreamAsync();
        await using var moving = await moves.OpenStreamAsync();
        await moving.EchoAsync("before");
        await moves.Feature<IConnectionMigrationFeature>().MigrateAsync(IPEndPoint.Parse("127.0.0.2:0")).AsTask().Within("the move");

        Assert.Equal("after", await moving.EchoAsync("after"));
        Assert.Equal("stayed", await staying.EchoAsync("stayed"));
        Assert.Equal(IPAddress.Parse("127.0.0.2"), moves.Feature<IConnectionPathFeature>().CurrentPath.Local.Address);
        Assert.Equal(IPAddress.Loopback, stays.Feature<IConnectionPathFeature>().CurrentPath.Local.Address);
    }

    [Fact]
    public async Task Sockets_are_closed_with_their_last_connection_and_opened_again_for_the_next()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        var pool = new ClientSocketPool(1);
        for (var life = 0; life < 3; life++)
        {
            await using var client = await ConnectAsync(server, pool);
            await using var stream = await client.OpenStreamAsync();
            Assert.Equal("hello", await stream.EchoAsync("hello"));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_536)]
    public void A_pool_has_at_least_one_socket_and_no_more_than_there_are_ports(int count)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new ClientSocketPool(count));

    private static Task<MultiplexedConnectionContext> ConnectAsync(EchoServer server, ClientSocketPool pool)
        => TestEngine.Ngtcp2.ConnectAsync(server.EndPoint, new QuicClientOptions { Trust = Clients.Trust, SocketPool = pool });
}
