using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using QuicChat.Quic.Routing;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>Tokens on the wire: those of Retry packets and those of earlier connections (RFC 9000, section 8.1), good ones and others.</summary>
public sealed class AddressTokenTests
{
    [Fact]
    public async Task A_client_that_comes_back_is_spared_the_Retry_each_time()
    {
        await using var server = await StartAsync();
        await using var tap = new WireTap(server.EndPoint);
        var options = new QuicClientOptions { Trust = Clients.Trust, Resumption = new ResumptionCache() };
        for (var i = 0; i < 3; i++)
        {
            var before = tap.Seen.Count;
            await using var client = await TestEngine.Ngtcp2.ConnectAsync(tap.EndPoint, options);
            await using var stream = await client.OpenStreamAsync();
            Assert.Equal("hello", await stream.EchoAsync("hello"));
            Assert.Equal(i == 0 ? 0 : 41, tap.FirstToken(before).Length);
            Assert.Equal(1, tap.Retries);
        }
    }

    [Fact]
    public async Task What_a_client_keeps_is_for_one_server()
    {
        await using var server = await StartAsync();
        await using var other = await StartAsync();
        await using var tap = new WireTap(server.EndPoint);
        await using var otherTap = new WireTap(other.EndPoint);
        var options = new QuicClientOptions { Trust = Clients.Trust, Resumption = new ResumptionCache() };
        await EchoAsync(tap, options);
        await EchoAsync(otherTap, options);
        Assert.Empty(otherTap.FirstToken());

        // And none where none is to be kept.
        var before = tap.Seen.Count;
        await EchoAsync(tap, new QuicClientOptions { Trust = Clients.Trust, Resumption = null });
        Assert.Empty(tap.FirstToken(before));
    }

    [Fact]
    public async Task A_client_whose_address_has_changed_gets_a_token_for_the_new_one()
    {
        await using var server = await StartAsync();
        await using var simulator = PathSimulator.Start(new PathSimulatorOptions { Server = server.EndPoint });
        var cache = new ResumptionCache();
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(simulator.ListenEndPoint, new QuicClientOptions { Trust = Clients.Trust, Resumption = cache });
        await using var stream = await client.OpenStreamAsync();
        await stream.EchoAsync("before");
        var accepted = await server.NextConnectionAsync();
        var key = new ResumptionKey(
            simulator.ListenEndPoint.ToString(), QuicDefaults.ApplicationProtocol, $"pinned {EchoServer.Certificate.Fingerprint}");
        Assert.NotNull(cache.TakeToken(key));

        var path = await simulator.WaitForClientAsync();
        path.Rebind(IPAddress.Loopback);
        await stream.EchoAsync("another port");
        await accepted.NextPathEventAsync<Paths.PathEvent.Detected>();
        await accepted.NextPathEventAsync<Paths.PathEvent.Validated>();
        await stream.EchoAsync("validated");
        Assert.Null(cache.TakeToken(key));

        path.Rebind(IPAddress.Parse("127.0.0.2"));
        await stream.EchoAsync("another address");
        await accepted.NextPathEventAsync<Paths.PathEvent.Detected>();
        await accepted.NextPathEventAsync<Paths.PathEvent.Validated>();
        await stream.EchoAsync("validated");
        var token = cache.TakeToken(key);
        Assert.NotNull(token);

        using var there = new RawUdp(IPAddress.Parse("127.0.0.2"));
        using var here = new RawUdp();
        await AssertProvesAsync(token, there, server.EndPoint);
        await AssertProvesNothingAsync(token, here, server.EndPoint);
    }

    [Fact]
    public async Task Any_server_of_a_pool_takes_the_answer_to_anothers_Retry_and_anothers_token_and_its_successor_too()
    {
        var secret = RandomNumberGenerator.GetBytes(PoolSecret.MinLength);
        await using var first = await StartAsync(Pool(1, secret));
        await using var second = await StartAsync(Pool(2, secret));
        using var socket = new RawUdp();
        using var client = new WireClient();
        var following = await client.FollowRetryAsync(socket, first.EndPoint);
        socket.Send(following, second.EndPoint);
        await client.TakeAnswerAsync(socket);
        Assert.True(await client.CompleteAsync(socket, second.EndPoint), $"The second server refused: {client.Closure}");
        var token = client.TakeToken()!;
        await AssertProvesAsync(token, socket, first.EndPoint);

        await first.DisposeAsync();
        await using var successor = await StartAsync(Pool(1, secret));
        await AssertProvesAsync(token, socket, successor.EndPoint);

        await using var foreign = await StartAsync(Pool(1, RandomNumberGenerator.GetBytes(PoolSecret.MinLength)));
        await AssertProvesNothingAsync(token, socket, foreign.EndPoint);
        using var stray = new WireClient();
        await stray.AssertInvalidTokenAsync(await stray.FollowRetryAsync(socket, successor.EndPoint), socket, foreign.EndPoint);
    }

    [Theory]
    [InlineData(RetryPolicy.Always)]
    [InlineData(RetryPolicy.Never)]
    public async Task The_token_of_a_Retry_that_is_damaged_or_moved_ends_the_attempt_at_once(RetryPolicy policy)
    {
        await using var asking = await StartAsync();
        await using var server = policy == RetryPolicy.Always ? null : await StartAsync(policy: policy);
        var judge = server ?? asking;
        using var socket = new RawUdp();
        using var elsewhere = new RawUdp();
        using (var forged = new WireClient())
        {
            var datagram = await forged.FollowRetryAsync(socket, asking.EndPoint);
            datagram[Datagrams.TokenAt(datagram).Start.Value + 20] ^= 1;
            await forged.AssertInvalidTokenAsync(datagram, socket, judge.EndPoint);
        }

        using (var moved = new WireClient())
        {
            await moved.AssertInvalidTokenAsync(await moved.FollowRetryAsync(socket, asking.EndPoint), elsewhere, judge.EndPoint);
        }

        Assert.Equal(0, judge.Listener.Ngtcp2().ConnectionIds);
    }

    [Fact]
    public async Task A_Retrys_answer_that_is_replayed_from_elsewhere_leaves_the_connection_alone()
    {
        await using var server = await StartAsync();
        using var socket = new RawUdp();
        using var elsewhere = new RawUdp();
        using var client = new WireClient();
        var following = await client.FollowRetryAsync(socket, server.EndPoint);
        socket.Send(following, server.EndPoint);
        await client.TakeAnswerAsync(socket);
        elsewhere.Send(following, server.EndPoint);
        socket.Send(following, server.EndPoint);
        Assert.True(await client.CompleteAsync(socket, server.EndPoint), $"The server refused: {client.Closure}");
        Assert.Equal(server.EndPoint, (await server.NextConnectionAsync()).LocalEndPoint);
    }

    public static TheoryData<string, byte[]> Tokens { get; } = new()
    {
        { "one byte", [0] },
        { "a kind alone", [0x36] },
        { "the length of a token", [0x36, .. new byte[40]] },
        { "another server's", [.. Enumerable.Repeat((byte)0x5a, 64)] },
        { "long", [0x36, .. new byte[400]] },
    };

    [Theory]
    [MemberData(nameof(Tokens))]
    public async Task A_token_that_is_not_this_servers_counts_as_none(string what, byte[] token)
    {
        Assert.NotEmpty(what);
        await using var server = await StartAsync();
        using var socket = new RawUdp();
        await AssertProvesNothingAsync(token, socket, server.EndPoint);
    }

    [Fact]
    public async Task A_token_that_proves_nothing_does_not_lift_the_limit_on_what_is_sent()
    {
        using var authority = new TestAuthority();
        var certificate = authority.Issue("large.example", furtherNames: 200);
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2, configure: _ => new QuicListenerOptions
        {
            Certificate = certificate,
            Retry = RetryPolicy.Never,
            HandshakeTimeout = TimeSpan.FromSeconds(1),
        });
        using var victim = new RawUdp();
        using var client = new WireClient([.. Enumerable.Repeat((byte)0x5a, 64)]);
        var sent = client.TakeFlight();
        sent.ForEach(datagram => victim.Send(datagram, server.EndPoint));
        var received = (await victim.ReceiveAsync("the server's answer")).Datagram.Length;

        // The server has twice as much to say as it may until its handshake times out: three bytes for each (RFC 9000, section 8.1).
        var ended = server.Listener.Ngtcp2().WhenEmptyAsync();
        while (true)
        {
            var next = victim.ReceiveAsync("a datagram");
            if (await Task.WhenAny(next, ended) == ended)
            {
                break;
            }

            received += (await next).Datagram.Length;
        }

        Assert.True(received <= 3 * sent.Sum(datagram => datagram.Length), $"The server sent {received} bytes.");
    }

    [Fact]
    public async Task A_first_destination_ID_is_not_too_short_whatever_token_comes_with_it()
    {
        await using var server = await StartAsync();
        using var socket = new RawUdp();
        foreach (var length in new[] { 0, 1, 7, 8 })
        {
            // A long header as far as a token of 90 bytes, which claims to be a Retry's.
            var datagram = Datagrams.LongHeader(1, new byte[length], [(byte)length], 1200);
            (datagram[8 + length], datagram[9 + length], datagram[10 + length]) = (0x40, 90, 0xb7);
            socket.Send(datagram, server.EndPoint);
        }

        // Only the last is long enough to be answered (RFC 9000, section 7.2).
        var (answer, _) = await socket.ReceiveAsync("the answer");
        Assert.True(Datagrams.IsInitial(answer));
        Assert.Equal([8], Datagrams.ReadLongHeader(answer).Dcid);
    }

    private static async Task EchoAsync(WireTap tap, QuicClientOptions options)
    {
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(tap.EndPoint, options);
        await using var stream = await client.OpenStreamAsync();
        Assert.Equal("hello", await stream.EchoAsync("hello"));
    }

    private static async Task AssertProvesAsync(byte[] token, RawUdp socket, IPEndPoint server)
    {
        using var client = new WireClient(token);
        Assert.True(Datagrams.IsInitial(await client.ExchangeAsync(socket, server)), "The server asked for a proof in spite of the token.");
        Assert.True(await client.CompleteAsync(socket, server), $"The server refused: {client.Closure}");
    }

    private static async Task AssertProvesNothingAsync(byte[] token, RawUdp socket, IPEndPoint server)
    {
        using var client = new WireClient(token);
        Assert.Equal(token, Datagrams.TokenOf(client.TakeFlight() is [var first] ? Send(socket, server, first) : []));
        Assert.True(Datagrams.IsRetry(await client.TakeAnswerAsync(socket)), "The server asked for no proof.");
        Assert.True(await client.CompleteAsync(socket, server), $"The server refused: {client.Closure}");
    }

    private static byte[] Send(RawUdp socket, IPEndPoint server, byte[] datagram)
    {
        socket.Send(datagram, server);
        return datagram;
    }

    private static ServerPool Pool(uint serverId, byte[] secret)
        => new(new IPEndPoint(IPAddress.Loopback, 0)) { View = new PoolView(serverId, [new PoolSecret(3, secret)], ImmutableDictionary<uint, IPEndPoint>.Empty) };

    private static Task<EchoServer> StartAsync(ServerPool? pool = null, RetryPolicy policy = RetryPolicy.Always)
        => EchoServer.StartAsync(TestEngine.Ngtcp2, configure: _ => new QuicListenerOptions
        {
            Certificate = EchoServer.Certificate,
            Retry = policy,
            Pool = pool,
            HandshakeTimeout = TimeSpan.FromSeconds(2),
        });
}
