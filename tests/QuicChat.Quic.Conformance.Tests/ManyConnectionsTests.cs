using System.Net;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using Xunit;

namespace QuicChat.Quic.Conformance.Tests;

public abstract class ManyConnectionsTests(TestEngine engine) : Conformance(engine)
{
    [Collection(WholeProcess.Name)]
    public sealed class OnNgtcp2() : ManyConnectionsTests(TestEngine.Ngtcp2);

    [Collection(WholeProcess.Name)]
    public sealed class OnSystem() : ManyConnectionsTests(TestEngine.System);

    [Fact]
    public async Task A_thousand_connections_of_one_socket_live_and_echo_at_once()
    {
        const int Count = 1000;
        await using var server = await EchoServer.StartAsync(Engine);
        IPAddress[] addresses = [IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("127.0.0.2")];
        var connections = new (MultiplexedConnectionContext Connection, ConnectionContext Stream)[Count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 50 };
        await Parallel.ForAsync(0, Count, parallel, async (i, _) =>
        {
            var connection = await ConnectAsync(new IPEndPoint(addresses[i % 3], server.Port));
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
        await TestEngine.WhenEmptyAsync(server.Listener);
    }

    private async Task<MultiplexedConnectionContext> ConnectAsync(IPEndPoint endPoint)
    {
        // CONNECTION_REFUSED (RFC 9000, section 20.1).
        const ulong Refused = 2;
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await Engine.ConnectAsync(endPoint);
            }
            catch (QuicConnectionClosedException e) when (Engine.RefusesWhenBusy && e.Closure.TransportErrorCode == Refused && tries < 50)
            {
                await Task.Delay(20);
            }
        }
    }
}
