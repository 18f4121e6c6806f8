using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;
using QuicChat.Quic.Routing;
using QuicChat.Quic.Simulation;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>Servers that share clients' addresses: a connection goes on where its client's new path leads to another server.</summary>
public sealed class ServerPoolTests(ITestOutputHelper output)
{
    private const int IdLength = 1 + ConnectionId.Length;

    [Theory]
    [InlineData(null)]
    [InlineData("127.0.0.2")]
    public async Task A_connection_goes_on_by_another_server_and_back(string? address)
    {
        await using var crossing = await Crossing.StartAsync();
        var (pool, client, stream, path) = crossing;
        var accepted = await pool.First.NextConnectionAsync();
        var local = new IPEndPoint(IPAddress.Parse(address ?? "127.0.0.1"), 0);

        var crossed = path.Rebind(local, pool.Second.EndPoint);
        Assert.Equal("crossed", await stream.EchoAsync("crossed"));

        var detected = await accepted.NextPathEventAsync<PathEvent.Detected>();
        var validated = await accepted.NextPathEventAsync<PathEvent.Validated>();
        output.WriteLine($"validated after {validated.Duration.TotalMilliseconds:0.0} ms");
        Assert.Equal(crossed.LocalEndPoint, detected.To.Remote);
        Assert.Equal((2u, pool.Second.Port), (detected.To.Ingress!.Value, detected.To.Local.Port));
        Assert.Equal(detected.To, validated.Path);
        Assert.True(pool.Pools[1].HandedOn > 0 && pool.Pools[0].Taken > 0 && pool.Pools[1].Returned > 0);

        // The same end point of the client by the first server is a path of its own.
        path.Rebind(local, pool.First.EndPoint);
        Assert.Equal("back", await stream.EchoAsync("back"));
        Assert.Null((await accepted.NextPathEventAsync<PathEvent.Detected>()).To.Ingress);
        await accepted.NextPathEventAsync<PathEvent.Validated>();
        Assert.Equal(0, pool.Rejections.Sum(r => r[RejectionReason.Link]));
    }

    [Fact]
    public async Task A_transfer_both_ways_crosses_ten_times_and_arrives_whole()
    {
        await using var crossing = await Crossing.StartAsync();
        var (pool, client, stream, path) = crossing;
        var data = RandomNumberGenerator.GetBytes(256 * 1024);
        for (var i = 0; i < 10; i++)
        {
            var writing = stream.Transport.Output.WriteAsync(data).AsTask();
            path.Rebind(new IPEndPoint(IPAddress.Loopback, 0), i % 2 == 0 ? pool.Second.EndPoint : pool.First.EndPoint);
            var received = new byte[data.Length];
            for (var at = 0; at < received.Length;)
            {
                var result = await stream.Transport.Input.ReadAsync().AsTask().Within("echoed bytes");
                foreach (var segment in result.Buffer)
                {
                    segment.Span.CopyTo(received.AsSpan(at));
                    at += segment.Length;
                }

                stream.Transport.Input.AdvanceTo(result.Buffer.End);
            }

            await writing.Within("the write");
            Assert.True(received.AsSpan().SequenceEqual(data), $"What came back in round {i} is not what was sent.");
        }

        output.WriteLine($"{pool.Pools[1].HandedOn} datagrams handed on, {pool.Pools[1].Returned} returned");
        Assert.Equal(0, pool.Rejections.Sum(r => r[RejectionReason.Link]));
    }

    [Fact]
    public async Task A_server_that_has_left_the_pool_gets_nothing_and_who_is_not_in_it_yet_takes_no_connections()
    {
        await using var crossing = await Crossing.StartAsync();
        var (pool, client, stream, path) = crossing;
        var view = pool.Pools[1].View!;

        pool.Pools[1].View = view with { Peers = view.Peers.Clear() };
        path.Rebind(new IPEndPoint(IPAddress.Loopback, 0), pool.Second.EndPoint);
        var echo = stream.EchoAsync("crossed");
        await using (var other = await TestEngine.Ngtcp2.ConnectAsync(pool.Second.EndPoint))
        await using (var busy = await other.OpenStreamAsync())
        {
            var before = path.ToServer.Counters.Forwarded;
            await EchoUntilAsync(busy, () => path.ToServer.Counters.Forwarded > before + 2);
        }

        Assert.Equal(0, pool.Pools[1].HandedOn);
        Assert.False(echo.IsCompleted);

        pool.Pools[1].View = null;
        var refused = await Assert.ThrowsAsync<QuicConnectionClosedException>(() => TestEngine.Ngtcp2.ConnectAsync(
            pool.Second.EndPoint, new QuicClientOptions { Trust = Clients.Trust, HandshakeTimeout = TimeSpan.FromMilliseconds(500) }));
        Assert.Equal((ConnectionCloseOrigin.Peer, 2UL), (refused.Closure.Origin, refused.Closure.TransportErrorCode));

        pool.Pools[1].View = view;
        Assert.Equal("crossed", await echo);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Clients_of_a_former_life_are_told_at_once_that_their_connections_are_gone(bool byAnotherServer)
    {
        await using var crossing = await Crossing.StartAsync();
        var (pool, client, stream, path) = crossing;

        // As by kill -9: nothing is said.
        path.Blackhole = LinkDirections.ToClient;
        await using var successor = await pool.RestartFirstAsync();
        path.Rebind(new IPEndPoint(IPAddress.Loopback, 0), byAnotherServer ? pool.Second.EndPoint : successor.EndPoint);
        path.Blackhole = LinkDirections.None;
        await stream.Transport.Output.WriteAsync("after"u8.ToArray());

        var closure = await client.Feature<IConnectionCloseFeature>().Closed.Within("the end of the connection");
        Assert.Equal(ConnectionCloseOrigin.StatelessReset, closure.Origin);
    }

    [Fact]
    public async Task Of_clients_that_share_a_socket_each_is_told_by_a_reset_of_its_own()
    {
        await using var pool = await TwoServers.StartAsync();
        await using var simulator = PathSimulator.Start(new PathSimulatorOptions { Server = pool.First.EndPoint });
        var options = new QuicClientOptions { Trust = Clients.Trust, SocketPool = new ClientSocketPool(1) };
        await using var one = await TestEngine.Ngtcp2.ConnectAsync(simulator.ListenEndPoint, options);
        await using var other = await TestEngine.Ngtcp2.ConnectAsync(simulator.ListenEndPoint, options);
        await using var stream = await one.OpenStreamAsync();
        await using var otherStream = await other.OpenStreamAsync();
        await stream.EchoAsync("before");
        await otherStream.EchoAsync("before");
        var path = await simulator.WaitForClientAsync();
        path.Blackhole = LinkDirections.ToClient;
        await using var successor = await pool.RestartFirstAsync();
        path.Rebind(new IPEndPoint(IPAddress.Loopback, 0), successor.EndPoint);
        path.Blackhole = LinkDirections.None;

        await stream.Transport.Output.WriteAsync("after"u8.ToArray());
        var closure = await one.Feature<IConnectionCloseFeature>().Closed.Within("the end of the connection");
        Assert.Equal(ConnectionCloseOrigin.StatelessReset, closure.Origin);
        Assert.False(other.Feature<IConnectionCloseFeature>().Closed.IsCompleted);

        await otherStream.Transport.Output.WriteAsync("after"u8.ToArray());
        closure = await other.Feature<IConnectionCloseFeature>().Closed.Within("the end of the other connection");
        Assert.Equal(ConnectionCloseOrigin.StatelessReset, closure.Origin);
    }

    [Fact]
    public async Task A_reset_that_is_forged_ends_nothing()
    {
        await using var crossing = await Crossing.StartAsync();
        var (pool, client, stream, path) = crossing;
        using var attacker = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        for (var i = 0; i < 100; i++)
        {
            var packet = RandomNumberGenerator.GetBytes(21 + (i % 30));
            packet[0] = (byte)((packet[0] & 0x3f) | 0x40);
            await attacker.SendAsync(packet, new IPEndPoint(IPAddress.Loopback, ((IPEndPoint)client.LocalEndPoint!).Port));
            await attacker.SendAsync(packet, crossing.Simulator.ListenEndPoint);
        }

        Assert.Equal("after", await stream.EchoAsync("after"));
    }

    [Fact]
    public async Task Packets_of_a_former_life_draw_resets_and_those_of_this_life_draw_none()
    {
        const int Forgeries = 1_000;
        const int Former = 20;
        await using var crossing = await Crossing.StartAsync();
        var (pool, _, stream, _) = crossing;
        var (living, echo) = await CaptureAsync(pool, crossing.Simulator, stream);
        await echo;
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(pool.First.EndPoint);
        await using var other = await neighbour.OpenStreamAsync();
        using var attacker = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var rejections = pool.Rejections[0];
        for (var i = 0; i < Forgeries; i++)
        {
            byte[] forged = [.. living.AsSpan(0, 1 + IdLength), .. RandomNumberGenerator.GetBytes(30)];
            await attacker.SendAsync(forged, pool.First.EndPoint);
            if (i % 100 == 99)
            {
                await EchoUntilAsync(other, () => rejections[RejectionReason.Undecryptable] >= i);
            }
        }

        // As another process in the server's place would have made it.
        using var formerLife = new PoolConnectionIds(pool.Pools[0]);
        var former = new byte[1 + IdLength + 30];
        former[0] = 0x40;
        formerLife.Mint(former.AsSpan(1, IdLength));
        for (var i = 0; i < Former; i++)
        {
            await attacker.SendAsync(former, pool.First.EndPoint);
        }

        for (var i = 0; i < Former; i++)
        {
            var reset = await attacker.ReceiveAsync().Within($"reset {i}");
            Assert.InRange(reset.Buffer.Length, 21, former.Length - 1);
        }

        Assert.Equal(0, attacker.Available);
        Assert.Equal((Forgeries, Former), (rejections[RejectionReason.Undecryptable], rejections[RejectionReason.FormerLife]));
        Assert.Equal("after", await stream.EchoAsync("after"));
    }

    [Fact]
    public async Task A_datagram_that_an_attacker_sends_by_another_server_is_answered_there_with_three_times_its_bytes_at_most()
    {
        await using var crossing = await Crossing.StartAsync();
        var (pool, _, stream, _) = crossing;
        var accepted = await pool.First.NextConnectionAsync();
        await using var neighbour = await TestEngine.Ngtcp2.ConnectAsync(pool.First.EndPoint);
        await using var other = await neighbour.OpenStreamAsync();
        using var attacker = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));

        var sent = 0;
        var (_, echo) = await CaptureAsync(pool, crossing.Simulator, stream, async stolen =>
        {
            sent = await attacker.SendAsync(stolen, pool.Second.EndPoint);
            var detected = await accepted.NextPathEventAsync<PathEvent.Detected>();
            Assert.Equal(2u, detected.To.Ingress);
            Assert.Equal(attacker.Client.LocalEndPoint, detected.To.Remote);
        });

        Assert.Equal("captured", await echo);
        Assert.Equal("neighbour", await other.EchoAsync("neighbour"));
        var received = 0;
        while (attacker.Available > 0)
        {
            received += (await attacker.ReceiveAsync()).Buffer.Length;
        }

        output.WriteLine($"{received} bytes for {sent}");
        Assert.InRange(received, 1, 3 * sent);
    }

    // Takes a client's datagram off its way; the connection goes on after that.
    private static async Task<(byte[] Datagram, Task<string> Echo)> CaptureAsync(
        TwoServers pool, PathSimulator simulator, ConnectionContext stream, Func<byte[], Task>? use = null)
    {
        var path = await simulator.WaitForClientAsync();
        using var sniffer = new RawUdp();
        path.Rebind(new IPEndPoint(IPAddress.Loopback, 0), sniffer.EndPoint);
        var echo = stream.EchoAsync("captured");
        var (datagram, _) = await sniffer.ReceiveAsync("the client's datagram");
        await (use?.Invoke(datagram) ?? Task.CompletedTask);
        path.Rebind(new IPEndPoint(IPAddress.Loopback, 0), pool.First.EndPoint);
        return (datagram, echo);
    }

    [Fact]
    public async Task Garbage_and_forgeries_on_the_link_are_counted_and_change_nothing()
    {
        await using var pool = await TwoServers.StartAsync();
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(pool.First.EndPoint);
        await using var stream = await client.OpenStreamAsync();
        await stream.EchoAsync("before");
        using var attacker = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        const int Count = 200;
        for (var i = 0; i < Count; i++)
        {
            var frame = new byte[random.Next(1, 1600)];
            random.NextBytes(frame);
            if (i % 2 == 0)
            {
                // As far as anybody can tell who has not the key.
                new byte[] { (byte)(1 + (i / 2 % 2)), 3, 0, 0, 0, 2 }.AsSpan(0, Math.Min(6, frame.Length)).CopyTo(frame);
            }

            await attacker.SendAsync(frame, pool.Pools[0].LinkEndPoint!);
        }

        await EchoUntilAsync(stream, () => pool.Rejections[0][RejectionReason.Link] == Count);
        Assert.Equal("after", await stream.EchoAsync("after"));
    }

    private static async Task EchoUntilAsync(ConnectionContext stream, Func<bool> condition)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            await stream.EchoAsync("round");
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20), "It did not come true within 20 s of round trips.");
        }
    }

    /// <summary>A client that the first of two servers has answered, on a path that can be led to either.</summary>
    private sealed record Crossing(
        TwoServers Pool, PathSimulator Simulator, MultiplexedConnectionContext Client, ConnectionContext Stream, SimulatedClient Path) : IAsyncDisposable
    {
        public static async Task<Crossing> StartAsync()
        {
            var pool = await TwoServers.StartAsync();
            var simulator = PathSimulator.Start(new PathSimulatorOptions { Server = pool.First.EndPoint });
            var client = await TestEngine.Ngtcp2.ConnectAsync(simulator.ListenEndPoint);
            var stream = await client.OpenStreamAsync();
            await stream.EchoAsync("before");
            return new Crossing(pool, simulator, client, stream, await simulator.WaitForClientAsync());
        }

        public void Deconstruct(out TwoServers pool, out MultiplexedConnectionContext client, out ConnectionContext stream, out SimulatedClient path)
            => (pool, client, stream, path) = (Pool, Client, Stream, Path);

        public async ValueTask DisposeAsync()
        {
            await Stream.DisposeAsync();
            await Client.DisposeAsync();
            await Simulator.DisposeAsync();
            await Pool.DisposeAsync();
        }
    }

    /// <summary>Two servers in one process.</summary>
    private sealed class TwoServers : IAsyncDisposable
    {
        private TwoServers(ImmutableArray<ServerPool> pools, ImmutableArray<Rejections> rejections, EchoServer first, EchoServer second)
        {
            Pools = pools;
            Rejections = rejections;
            First = first;
            Second = second;
        }

        private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(PoolSecret.MinLength);

        public ImmutableArray<ServerPool> Pools { get; }

        public ImmutableArray<Rejections> Rejections { get; }

        public EchoServer First { get; }

        public EchoServer Second { get; }

        public static async Task<TwoServers> StartAsync()
        {
            ImmutableArray<ServerPool> pools = [new(new IPEndPoint(IPAddress.Loopback, 0)), new(new IPEndPoint(IPAddress.Loopback, 0))];
            ImmutableArray<Rejections> rejections = [new(), new()];
            var servers = await Task.WhenAll(pools.Zip(rejections, (pool, rejected) => EchoServer.StartAsync(
                TestEngine.Ngtcp2, configure: options => new QuicListenerOptions { Certificate = options.Certificate, Pool = pool, Rejections = rejected })));
            var secret = new PoolSecret(3, Secret);
            pools[0].View = new PoolView(1, [secret], ImmutableDictionary<uint, IPEndPoint>.Empty.Add(2, pools[1].LinkEndPoint!));
            pools[1].View = new PoolView(2, [secret], ImmutableDictionary<uint, IPEndPoint>.Empty.Add(1, pools[0].LinkEndPoint!));
            return new TwoServers(pools, rejections, servers[0], servers[1]);
        }

        /// <summary>Another process in the place of the first: the same server ID and secrets, and no connections.</summary>
        public async Task<EchoServer> RestartFirstAsync()
        {
            var view = Pools[0].View!;
            await First.DisposeAsync();
            var successor = new ServerPool(new IPEndPoint(IPAddress.Loopback, 0));
            var server = await EchoServer.StartAsync(
                TestEngine.Ngtcp2, configure: options => new QuicListenerOptions { Certificate = options.Certificate, Pool = successor });
            successor.View = view with { Secrets = [.. view.Secrets.Select(_ => new PoolSecret(3, Secret))] };
            Pools[1].View = Pools[1].View! with { Peers = ImmutableDictionary<uint, IPEndPoint>.Empty.Add(1, successor.LinkEndPoint!) };
            return server;
        }

        public async ValueTask DisposeAsync()
        {
            await First.DisposeAsync();
            await Second.DisposeAsync();
        }
    }
}
