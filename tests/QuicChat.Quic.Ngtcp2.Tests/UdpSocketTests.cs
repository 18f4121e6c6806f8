using System.Net;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Interop;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

public sealed class UdpSocketTests
{
    static UdpSocketTests() => NativeLibraries.EnsureLoaded();

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "127.0.0.2")]
    [InlineData("::", "::1")]
    [InlineData("::1", "::1")]
    public void Each_datagram_carries_its_congestion_mark_both_ways(string listen, string address)
    {
        using var server = UdpSocket.Listen(new IPEndPoint(IPAddress.Parse(listen), 0));
        var at = new IPEndPoint(IPAddress.Parse(address), server.LocalPort);
        using var client = UdpSocket.Connect(at, local: null);
        using var batch = new ReceiveBatch();
        foreach (var ecn in new[] { 0, 2, 1, 3, 0 }.Select(value => (Ecn)value))
        {
            // On loopback what has been sent has arrived.
            Assert.True(client.TrySend([1, 2, 3], new FourTuple(client.AssumedLocal, UdpAddress.From(at)), ecn));
            var (path, received) = Receive(server, batch);
            Assert.Equal((ecn, UdpAddress.From(at)), (received, path.Local));
            Assert.Equal(client.LocalPort, path.Remote.Port);

            Assert.True(server.TrySend([1, 2, 3], path, ecn));
            (path, received) = Receive(client, batch);
            Assert.Equal((ecn, UdpAddress.From(at)), (received, path.Remote));
        }
    }

    [Fact]
    public void A_datagram_that_is_too_large_for_the_system_counts_as_lost()
    {
        using var server = UdpSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var at = new IPEndPoint(IPAddress.Loopback, server.LocalPort);
        using var client = UdpSocket.Connect(at, local: null);
        using var batch = new ReceiveBatch();
        var path = new FourTuple(client.AssumedLocal, UdpAddress.From(at));
        Assert.True(client.TrySend(new byte[65_508], path, Ecn.Capable0));
        Assert.Equal(0, server.Receive(batch));
        Assert.True(client.TrySend([1, 2, 3], path, Ecn.Capable0));
        Assert.Equal(Ecn.Capable0, Receive(server, batch).Ecn);
    }

    [Fact]
    public void A_datagram_that_cannot_be_sent_for_another_reason_costs_the_others_no_mark()
    {
        using var server = UdpSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var at = new IPEndPoint(IPAddress.Loopback, server.LocalPort);
        using var client = UdpSocket.Connect(at, local: null);
        using var batch = new ReceiveBatch();
        var path = new FourTuple(client.AssumedLocal, UdpAddress.From(at));

        // The system refuses to send to port 0.
        Assert.True(client.TrySend([1, 2, 3], path with { Remote = path.Remote.WithPort(0) }, Ecn.Capable0));
        Assert.True(client.TrySend([1, 2, 3], path, Ecn.Capable0));
        Assert.Equal(Ecn.Capable0, Receive(server, batch).Ecn);
    }

    private static (FourTuple Path, Ecn Ecn) Receive(UdpSocket socket, ReceiveBatch batch)
    {
        Assert.Equal(1, socket.Receive(batch));
        Assert.True(socket.TryGetPath(batch, 0, out var path, out var ecn));
        Assert.Equal([1, 2, 3], batch.Datagram(0).ToArray());
        return (path, ecn);
    }
}
