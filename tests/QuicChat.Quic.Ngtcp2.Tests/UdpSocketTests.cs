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

    [Theory]
    [InlineData("127.0.0.1", 1)]
    [InlineData("127.0.0.1", 1200)]
    [InlineData("::1", 1452)]
    public void Datagrams_that_are_sent_together_arrive_one_by_one(string address, int size)
    {
        using var pair = new Pair(address);
        Assert.True(pair.Client.SendsBatches);
        pair.SendAndReceive(size, count: 100, last: (size + 1) / 2);
        Assert.True(pair.Client.SendsBatches);
    }

    [Fact]
    public unsafe void Where_the_system_refuses_batches_datagrams_go_singly()
    {
        // Without checksums Linux cuts no batches.
        const int noCheck = 11;
        using var pair = new Pair("127.0.0.1");
        var on = 1;
        Assert.Equal(0, Libc.SetSocketOption(pair.Client.Descriptor, Libc.SolSocket, noCheck, &on, sizeof(int)));
        pair.SendAndReceive(1200, count: 5, last: 600);
        Assert.False(pair.Client.SendsBatches);
        pair.SendAndReceive(1200, count: 5, last: 1200);
    }

    [Fact]
    public void A_batch_that_cannot_be_sent_for_another_reason_costs_the_others_nothing()
    {
        using var pair = new Pair("127.0.0.1");
        var path = pair.Path with { Remote = pair.Path.Remote.WithPort(0) };

        // The system refuses to send to port 0.
        Assert.Equal(3600, pair.Client.Send(new byte[3600], 1200, path, Ecn.Capable0));
        Assert.True(pair.Client.SendsBatches);
        pair.SendAndReceive(1200, count: 5, last: 1200);
    }

    private sealed class Pair : IDisposable
    {
        private readonly ReceiveBatch _batch = new();

        public Pair(string address)
        {
            Server = UdpSocket.Listen(new IPEndPoint(IPAddress.Parse(address), 0));
            var at = new IPEndPoint(IPAddress.Parse(address), Server.LocalPort);
            Client = UdpSocket.Connect(at, local: null);
            Path = new FourTuple(Client.AssumedLocal, UdpAddress.From(at));
        }

        public UdpSocket Server { get; }

        public UdpSocket Client { get; }

        public FourTuple Path { get; }

        public void SendAndReceive(int size, int count, int last)
        {
            var sent = new byte[(size * (count - 1)) + last];
            new Random(1).NextBytes(sent);
            Assert.Equal(sent.Length, Client.Send(sent, size, Path, Ecn.Capable0));
            List<int> sizes = [];
            List<byte> received = [];
            while (Server.Receive(_batch) is > 0 and var messages)
            {
                for (var i = 0; i < messages; i++)
                {
                    Assert.True(Server.TryGetPath(_batch, i, out var path, out var ecn, out var segment));
                    Assert.Equal((Ecn.Capable0, Client.LocalPort), (ecn, path.Remote.Port));
                    received.AddRange(_batch.Data(i));
                    sizes.AddRange(_batch.Data(i).ToArray().Chunk(segment).Select(chunk => chunk.Length));
                }
            }

            Assert.Equal([.. Enumerable.Repeat(size, count - 1), last], sizes);
            Assert.Equal(sent, received);
        }

        public void Dispose()
        {
            Server.Dispose();
            Client.Dispose();
            _batch.Dispose();
        }
    }

    private static (FourTuple Path, Ecn Ecn) Receive(UdpSocket socket, ReceiveBatch batch)
    {
        Assert.Equal(1, socket.Receive(batch));
        Assert.True(socket.TryGetPath(batch, 0, out var path, out var ecn, out var size));
        Assert.Equal([1, 2, 3], batch.Data(0).ToArray());
        Assert.Equal(3, size);
        return (path, ecn);
    }
}
