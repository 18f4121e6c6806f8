using System.Buffers.Binary;
using System.Net;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Driver;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>What anyone can send to the port ends nothing and leaves nothing behind; a neighbour goes on meanwhile.</summary>
public sealed class BadDatagramTests
{
    private const uint UnknownVersion = 0x0a1a2a3a;

    [Fact]
    public async Task Garbage_of_every_size_disturbs_nobody()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        await stream.EchoAsync("before");
        var ids = server.Listener.Ngtcp2().ConnectionIds;
        using var peer = new RawUdp();
        var seed = Seeds.New();
        var random = new Random(seed);
        for (var size = 0; size <= 2100; size++)
        {
            var datagram = new byte[size];
            random.NextBytes(datagram);
            peer.Send(datagram, server.EndPoint);
            if (size % 100 == 0)
            {
                await stream.EchoAsync($"after {size} bytes");
            }
        }

        await stream.EchoAsync("after all");
        Assert.Equal(ids, server.Listener.Ngtcp2().ConnectionIds);
    }

    [Fact]
    public async Task Long_headers_with_random_fields_disturb_nobody()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        await stream.EchoAsync("before");
        var ids = server.Listener.Ngtcp2().ConnectionIds;
        using var peer = new RawUdp();
        var random = new Random(Seeds.New());
        uint[] versions = [0, 1, 0x6b3343cf, UnknownVersion];
        for (var i = 0; i < 2000; i++)
        {
            var dcid = new byte[random.Next(256)];
            var scid = new byte[random.Next(256)];
            random.NextBytes(dcid);
            random.NextBytes(scid);
            var datagram = Datagrams.LongHeader(
                versions[random.Next(4)], dcid, scid, 7 + dcid.Length + scid.Length + random.Next(1300), (byte)(0x80 | random.Next(128)));
            random.NextBytes(datagram.AsSpan(7 + dcid.Length + scid.Length));
            peer.Send(datagram, server.EndPoint);
            if (i % 100 == 0)
            {
                await stream.EchoAsync("between");
            }
        }

        await stream.EchoAsync("after");
        Assert.Equal(ids, server.Listener.Ngtcp2().ConnectionIds);
    }

    [Fact]
    public async Task A_truncated_or_altered_first_packet_leaves_no_connection()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        await stream.EchoAsync("before");
        var ids = server.Listener.Ngtcp2().ConnectionIds;
        using var peer = new RawUdp();
        var initial = await CaptureInitialAsync();
        Assert.Equal(1200, initial.Length);
        for (var length = 0; length < initial.Length; length++)
        {
            peer.Send(initial.AsSpan(0, length), server.EndPoint);
            var filledUp = new byte[1200];
            initial.AsSpan(0, length).CopyTo(filledUp);
            peer.Send(filledUp, server.EndPoint);
            if (length % 50 == 0)
            {
                await stream.EchoAsync("between");
            }
        }

        for (var i = 0; i < initial.Length; i++)
        {
            // Any bit, but for those that name another version, which is answered but leaves nothing either.
            var altered = (byte[])initial.Clone();
            altered[i] ^= (byte)(1 << (i % 8));
            peer.Send(altered, server.EndPoint);
            if (i % 50 == 0)
            {
                await stream.EchoAsync("between");
            }
        }

        await stream.EchoAsync("after");
        Assert.Equal(ids, server.Listener.Ngtcp2().ConnectionIds);
    }

    [Theory]
    [InlineData(8, 8)]
    [InlineData(0, 0)]
    [InlineData(20, 0)]
    [InlineData(255, 255)]
    public async Task A_version_that_the_server_does_not_know_is_answered_with_those_that_it_does(int dcidLength, int scidLength)
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        using var peer = new RawUdp();
        var random = new Random(Seeds.New());
        var dcid = new byte[dcidLength];
        var scid = new byte[scidLength];
        random.NextBytes(dcid);
        random.NextBytes(scid);

        // One that is too short earns no answer, so that nobody is attacked with answers larger than what caused them.
        peer.Send(Datagrams.LongHeader(UnknownVersion, [1], [1], 1199), server.EndPoint);
        peer.Send(Datagrams.LongHeader(UnknownVersion, dcid, scid, 1200), server.EndPoint);

        var (answer, from) = await peer.ReceiveAsync("a Version Negotiation packet");
        Assert.Equal(server.EndPoint, from);
        var (version, answeredDcid, answeredScid, rest) = Datagrams.ReadLongHeader(answer);
        Assert.True((answer[0] & 0x80) != 0);
        Assert.Equal(0u, version);
        Assert.Equal(scid, answeredDcid);
        Assert.Equal(dcid, answeredScid);
        var versions = rest.Chunk(4).Select(v => BinaryPrimitives.ReadUInt32BigEndian(v)).ToArray();
        Assert.Contains(1u, versions);
        Assert.DoesNotContain(UnknownVersion, versions);

        // A greased version, 0x?a?a?a?a, is among them (RFC 9000, section 6.3).
        Assert.Contains(versions, v => (v & 0x0f0f0f0f) == 0x0a0a0a0a);
    }

    [Fact]
    public async Task Version_Negotiation_is_never_answered_with_Version_Negotiation()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        using var peer = new RawUdp();
        var padded = new byte[1200];
        Datagrams.VersionNegotiation([1, 2, 3], [4, 5, 6], UnknownVersion).CopyTo(padded, 0);
        peer.Send(padded, server.EndPoint);

        peer.Send(Datagrams.LongHeader(UnknownVersion, [7], [8], 1200), server.EndPoint);
        var (answer, _) = await peer.ReceiveAsync("a Version Negotiation packet");

        Assert.Equal([8], Datagrams.ReadLongHeader(answer).Dcid);
    }

    [Fact]
    public async Task A_client_gives_up_where_the_server_knows_none_of_its_versions()
    {
        using var server = new RawUdp();
        var connecting = TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        var (initial, client) = await server.ReceiveAsync("the client's first packet");
        var (_, dcid, scid, _) = Datagrams.ReadLongHeader(initial);

        // Neither a forged answer nor one that a correct server would not give counts (RFC 9000, section 6.2).
        server.Send(Datagrams.VersionNegotiation([1, 2, 3, 4, 5, 6, 7, 8], dcid, UnknownVersion), client);
        server.Send(Datagrams.VersionNegotiation(scid, [1, 2, 3, 4, 5, 6, 7, 8], UnknownVersion), client);
        server.Send(Datagrams.VersionNegotiation(scid, dcid, UnknownVersion, 1), client);
        var (again, _) = await server.ReceiveAsync("the client to try again");
        Assert.Equal(dcid, Datagrams.ReadLongHeader(again).Dcid);

        server.Send(Datagrams.VersionNegotiation(scid, dcid, UnknownVersion), client);
        var error = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => connecting);
        Assert.Contains("does not know this version of QUIC", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_gets_garbage_still_connects()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        using var relay = new RawUdp();
        var connecting = TestEngine.Ngtcp2.ConnectAsync(relay.EndPoint);
        var (first, client) = await relay.ReceiveAsync("the client's first packet");
        var random = new Random(Seeds.New());
        for (var size = 0; size < 1500; size++)
        {
            var datagram = new byte[size];
            random.NextBytes(datagram);
            relay.Send(datagram, client);
        }

        relay.Send(first, server.EndPoint);
        while (!connecting.IsCompleted)
        {
            var receiving = relay.ReceiveAsync("a datagram to relay");
            if (await Task.WhenAny(receiving, connecting) == receiving)
            {
                var (datagram, from) = await receiving;
                relay.Send(datagram, from.Equals(client) ? server.EndPoint : client);
            }
        }

        await using var connection = await connecting;
    }

    [Fact]
    public async Task Packets_of_connections_that_the_server_does_not_know_leave_nothing()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var stream = await neighbour.OpenStreamAsync();
        await stream.EchoAsync("before");
        var ids = server.Listener.Ngtcp2().ConnectionIds;
        using var peer = new RawUdp();
        var random = new Random(Seeds.New());
        for (var i = 0; i < 1000; i++)
        {
            var datagram = new byte[random.Next(1, 1400)];
            random.NextBytes(datagram);
            datagram[0] = (byte)(0x40 | (datagram[0] & 0x3f));
            peer.Send(datagram, server.EndPoint);
        }

        await stream.EchoAsync("after");
        Assert.Equal(ids, server.Listener.Ngtcp2().ConnectionIds);
    }

    [Fact]
    public async Task A_first_packet_from_port_0_which_nobody_can_answer_is_dropped()
    {
        var rejections = new Rejections();
        await using var server = await EchoServer.StartAsync(
            TestEngine.Ngtcp2, configure: _ => new QuicListenerOptions { Certificate = EchoServer.Certificate, Rejections = rejections });
        var initial = await CaptureInitialAsync();
        var path = new FourTuple(UdpAddress.From(server.EndPoint), UdpAddress.From(new IPEndPoint(IPAddress.Loopback, 0)));
        var listener = server.Listener.Ngtcp2();
        await listener.OnLoopAsync(() => listener.OnDatagram(initial, path, Ecn.NotCapable, EventLoop.Now)).Within("the datagram to be taken");
        Assert.Equal(1, rejections[RejectionReason.Malformed]);
        Assert.Equal(0, listener.ConnectionIds);
    }

    // The first datagram of a client whose server never answers.
    private static async Task<byte[]> CaptureInitialAsync()
    {
        using var silent = new RawUdp();
        using var cancellation = new CancellationTokenSource();
        var connecting = QuicEngine.CreateConnectionFactory(TestEngine.Ngtcp2.Kind, Clients.Options)
            .ConnectAsync(silent.EndPoint, null, cancellation.Token).AsTask();
        var (initial, _) = await silent.ReceiveAsync("a client's first packet");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        return initial;
    }
}
