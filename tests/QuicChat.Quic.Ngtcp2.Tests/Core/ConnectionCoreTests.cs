using System.Diagnostics;
using System.Net;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Interop;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>Two cores without sockets, threads or a clock.</summary>
public sealed class ConnectionCoreTests
{
    private const ulong ProtocolViolation = 0xa;

    [Fact]
    public void A_handshake_takes_one_round_trip_for_the_client()
    {
        using var link = new CoreLink { Delay = TimeSpan.FromMilliseconds(50) };
        var start = link.Now.Elapsed;

        link.RunUntil(() => link.Client.Completed, "the client's handshake");
        var client = link.Now.Elapsed - start;
        link.RunUntil(() => link.Server!.Completed, "the server's handshake");
        var server = link.Now.Elapsed - start;

        // ngtcp2 paces the server's first flight by the round trip that it assumes before it has measured one.
        Assert.InRange(client.TotalMilliseconds, 100, 125);
        Assert.Equal(50, (server - client).TotalMilliseconds);
    }

    [Fact]
    public void A_client_does_not_migrate_before_the_server_has_confirmed_the_handshake()
    {
        using var link = new CoreLink { Delay = TimeSpan.FromMilliseconds(50) };
        link.RunUntil(() => link.Client.Completed, "the client's handshake");

        Exception? refusal = null;
        var there = new FourTuple(UdpAddress.From(IPEndPoint.Parse("127.0.0.2:40000")), link.Client.Core.CurrentPath.Remote);
        link.Client.Core.BeginMove(there, error => refusal = error);

        Assert.Contains("not confirmed yet", Assert.IsType<InvalidOperationException>(refusal).Message, StringComparison.Ordinal);
        link.Establish();
        Assert.Null(link.Client.Closure);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_handshake_survives_the_loss_of_any_datagram(int lost)
    {
        var count = 0;
        using var link = new CoreLink();
        link.Wire = (_, datagram) => count++ == lost ? [] : [datagram];

        link.RunUntil(() => link.Client.Completed && link.Server is { Completed: true }, "the handshake", TimeSpan.FromSeconds(5));

        var stream = link.OpenStream();
        CoreLink.Write(stream, "hello"u8);
        link.RunUntil(() => link.Server!.Accepted.Count > 0, "the stream");
        Assert.Equal("hello"u8.ToArray(), CoreLink.Read(link.Server!.Accepted.Peek()));
    }

    [Fact]
    public void A_duplicate_of_every_datagram_changes_nothing()
    {
        using var link = new CoreLink();
        link.Wire = (_, datagram) => [datagram, datagram];

        link.Establish();

        Assert.Empty(link.Earlier);
        Transfer(link, 200_000);
    }

    [Fact]
    public void Junk_behind_a_datagrams_packets_changes_nothing()
    {
        // RFC 9000, section 12.2: what cannot be processed of a coalesced datagram is dropped; the rest counts.
        var random = new Random(Seeds.New());
        using var link = new CoreLink();
        link.Wire = (_, datagram) => (datagram[0] & 0x80) == 0 ? [datagram] : [[.. datagram, .. Junk()]];

        link.Establish();
        Transfer(link, 10_000);

        byte[] Junk()
        {
            var junk = new byte[random.Next(1, 200)];
            random.NextBytes(junk);
            return junk;
        }
    }

    [Fact]
    public void Datagrams_that_were_altered_on_the_way_count_as_lost()
    {
        var random = new Random(Seeds.New());
        using var link = new CoreLink();
        link.Establish();
        link.Wire = (_, datagram) =>
        {
            if (random.Next(10) == 0)
            {
                datagram[random.Next(datagram.Length)] ^= (byte)random.Next(1, 256);
            }

            return [datagram];
        };

        Transfer(link, 200_000);
    }

    [Theory]
    [InlineData(0.02)]
    [InlineData(0.1)]
    [InlineData(0.3)]
    public void A_transfer_survives_loss_and_reordering(double loss)
    {
        var random = new Random(Seeds.New());
        byte[]? held = null;
        using var link = new CoreLink();
        link.Establish();
        link.Wire = (_, datagram) =>
        {
            if (random.NextDouble() < loss)
            {
                return [];
            }

            if (random.NextDouble() < 0.1)
            {
                (held, var before) = (datagram, held);
                return before is null ? [] : [before];
            }

            return [datagram];
        };

        Transfer(link, 100_000);
    }

    [Fact]
    public void Streams_take_turns()
    {
        const int Streams = 20;
        const int Length = 100_000;
        using var link = new CoreLink().Establish();
        for (var i = 0; i < Streams; i++)
        {
            CoreLink.Write(link.OpenStream(), new byte[Length]);
        }

        var received = new Dictionary<StreamCore, int>();
        link.RunUntil(
            () =>
            {
                while (link.Server!.Accepted.TryDequeue(out var stream))
                {
                    received[stream] = 0;
                }

                foreach (var stream in received.Keys)
                {
                    received[stream] += CoreLink.Read(stream).Length;
                }

                return received.Values.Any(r => r == Length);
            },
            "the first stream to arrive whole");

        Assert.Equal(Streams, received.Count);
        Assert.All(received.Values, r => Assert.InRange(r, Length * 3 / 4, Length));
    }

    [Fact]
    public void An_idle_connection_ends_at_the_shorter_idle_time_out_of_both_sides()
    {
        using var link = new CoreLink(
            CoreLink.NewClientSettings() with { IdleTimeout = TimeSpan.FromMinutes(5) },
            CoreLink.NewServerSettings() with { IdleTimeout = TimeSpan.FromMinutes(2) });
        link.Establish();
        var watch = Stopwatch.StartNew();
        var start = link.Now.Elapsed;

        link.RunUntil(() => link.Client.Core.IsClosed && link.Server!.Core.IsClosed, "the idle time-outs", TimeSpan.FromMinutes(3));

        Assert.Equal(ConnectionCloseOrigin.IdleTimeout, link.Client.Closure!.Origin);
        Assert.Equal(ConnectionCloseOrigin.IdleTimeout, link.Server!.Closure!.Origin);
        Assert.InRange((link.Now.Elapsed - start).TotalSeconds, 119, 120.1);
        Assert.Equal(0, link.ServerIds);
        Assert.True(watch.ElapsedMilliseconds < 1000, "Virtual time took real time.");
    }

    [Fact]
    public void Keep_alive_holds_an_idle_connection_open_and_can_be_changed()
    {
        using var link = new CoreLink(CoreLink.NewClientSettings() with { KeepAliveInterval = TimeSpan.FromSeconds(20) });
        link.Establish();
        link.RunFor(TimeSpan.FromHours(1));
        Assert.Null(link.Client.Closure);

        link.Client.Core.Request(() => link.Client.Core.SetKeepAlive(TimeSpan.FromSeconds(1)));
        link.RunFor(TimeSpan.FromSeconds(1.5));
        var before = link.Client.DatagramsSent;
        link.RunFor(TimeSpan.FromSeconds(10));
        Assert.InRange(link.Client.DatagramsSent - before, 10, 30);

        link.Client.Core.Request(() => link.Client.Core.SetKeepAlive(Timeout.InfiniteTimeSpan));
        link.RunUntil(() => link.Client.Core.IsClosed, "the idle time-out", TimeSpan.FromSeconds(62));
        Assert.Equal(ConnectionCloseOrigin.IdleTimeout, link.Client.Closure!.Origin);
    }

    [Fact]
    public void A_silent_peer_ends_a_handshake_at_its_time_out()
    {
        using var link = new CoreLink(CoreLink.NewClientSettings() with { HandshakeTimeout = TimeSpan.FromSeconds(3) });
        link.Wire = (_, _) => [];
        var start = link.Now.Elapsed;

        link.RunUntil(() => link.Client.Core.IsClosed, "the handshake time-out");

        Assert.Equal(ConnectionCloseOrigin.HandshakeTimeout, link.Client.Closure!.Origin);
        Assert.InRange((link.Now.Elapsed - start).TotalSeconds, 3, 3.001);
        Assert.True(link.Client.DatagramsSent >= 2, "The client did not try again.");
    }

    [Fact]
    public void A_client_that_vanishes_leaves_a_half_open_connection_for_the_handshake_time_out_alone()
    {
        using var link = new CoreLink();
        var first = true;
        link.Wire = (toServer, datagram) => toServer && first && !(first = false) ? [datagram] : [];
        link.RunUntil(() => link.Server is not null, "the server to accept");
        Assert.NotEqual(0, link.ServerIds);
        var live = ConnectionHandle.Live;
        Assert.True(live >= 2);

        link.RunUntil(() => link.Server!.Core.IsClosed, "the handshake time-out", TimeSpan.FromSeconds(10.1));

        Assert.Equal(ConnectionCloseOrigin.HandshakeTimeout, link.Server!.Closure!.Origin);
        Assert.Equal(0, link.ServerIds);
    }

    [Fact]
    public void A_unidirectional_stream_of_the_server_is_refused_and_never_shown()
    {
        using var link = new CoreLink().Establish();

        // The answer to the check of a new path allows the server one.
        link.ClientAddress = new IPEndPoint(IPAddress.Loopback, 41000);
        CoreLink.Write(link.OpenStream(), "from here"u8);
        link.RunUntil(() => link.Server!.PathEvents.Count == 2, "the new path's validation");
        CoreLink.Write(link.Server!.Core.OpenUnidirectionalStream(), "one way"u8);

        link.RunUntil(() => link.Server.Closure is not null, "the close");

        Assert.Equal(
            new ConnectionClosure(ConnectionCloseOrigin.Local, null, ProtocolViolation, "unidirectional streams are not used"), link.Client.Closure);
        Assert.Equal(ConnectionCloseOrigin.Peer, link.Server.Closure!.Origin);
        Assert.Empty(link.Client.Accepted);
    }

    [Fact]
    public void A_unidirectional_stream_more_than_the_application_takes_is_refused_whatever_the_checks_of_paths_allowed()
    {
        using var link = new CoreLink(CoreLink.NewClientSettings() with { MaxUnidirectionalStreams = 2 }).Establish();
        var stream = link.OpenStream();
        for (var i = 1; i <= 3; i++)
        {
            link.ClientAddress = new IPEndPoint(IPAddress.Loopback, 41000 + i);
            CoreLink.Write(stream, "from here"u8);
            link.RunUntil(() => link.Server!.PathEvents.Count == 2 * i, "the new path's validation");
            link.RunFor(TimeSpan.FromSeconds(1));
        }

        for (var i = 1; i <= 2; i++)
        {
            CoreLink.Write(link.Server!.Core.OpenUnidirectionalStream(), "one way"u8, end: i == 1);
            link.RunUntil(() => link.Client.Accepted.Count == i, "a stream that is allowed");
        }

        // One that has ended makes room for another.
        CoreLink.Read(link.Client.Accepted.Dequeue());
        link.RunFor(TimeSpan.FromSeconds(1));
        CoreLink.Write(link.Server!.Core.OpenUnidirectionalStream(), "one way"u8);
        link.RunUntil(() => link.Client.Accepted.Count == 2, "another stream that is allowed");
        Assert.Null(link.Client.Closure);

        CoreLink.Write(link.Server!.Core.OpenUnidirectionalStream(), "one too many"u8);
        link.RunUntil(() => link.Server.Closure is not null, "the close");
        Assert.Equal(
            new ConnectionClosure(ConnectionCloseOrigin.Local, null, ProtocolViolation, "more unidirectional streams than are taken"), link.Client.Closure);
        Assert.Equal(2, link.Client.Accepted.Count);
    }

    [Fact]
    public void All_memory_comes_back_with_the_end_of_both_sides()
    {
        var client = CoreLink.NewClientSettings();
        var server = CoreLink.NewServerSettings();
        using (var link = new CoreLink(client, server))
        {
            link.Establish();
            for (var i = 0; i < 20; i++)
            {
                CoreLink.Write(link.OpenStream(), new byte[50_000], end: i % 2 == 0);
            }

            link.RunFor(TimeSpan.FromSeconds(1));
            Assert.NotEqual(0, server.Pool.Rented);
            foreach (var stream in link.Server!.Accepted)
            {
                CoreLink.Read(stream);
                stream.ApplicationWriter.Complete();
                stream.ApplicationReader.Complete();
            }

            Assert.Equal(0, server.Pool.Rented);
        }
    }

    // Sends bytes to the server and back, and compares.
    private static void Transfer(CoreLink link, int length)
    {
        var sent = new byte[length];
        new Random(length).NextBytes(sent);
        var stream = link.OpenStream();
        CoreLink.Write(stream, sent, end: true);
        var atServer = new List<byte>();
        var back = new List<byte>();
        link.RunUntil(
            () =>
            {
                if (link.Server!.Accepted.TryPeek(out var accepted))
                {
                    var bytes = CoreLink.Read(accepted);
                    atServer.AddRange(bytes);
                    if (bytes.Length > 0)
                    {
                        CoreLink.Write(accepted, bytes);
                    }
                }

                back.AddRange(CoreLink.Read(stream));
                return back.Count == length;
            },
            $"{length} bytes and back",
            TimeSpan.FromMinutes(10));
        Assert.Equal(sent, atServer);
        Assert.Equal(sent, back);
    }
}
