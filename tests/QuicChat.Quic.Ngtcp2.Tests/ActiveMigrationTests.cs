using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>A client that moves to another local address by its own will (RFC 9000, section 9.2), and what the server says of it.</summary>
public sealed class ActiveMigrationTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("127.0.0.1", PathChangeKind.PortOnly)]
    [InlineData("127.0.0.2", PathChangeKind.Address)]
    [InlineData("::1", PathChangeKind.Family)]
    public async Task The_connection_moves_and_the_server_sees_one_migration(string address, PathChangeKind kind)
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var client = await ConnectAsync(server);
        await using var stream = await client.OpenStreamAsync();
        await stream.EchoAsync("before");
        var accepted = await server.NextConnectionAsync();

        await MigrateAsync(client, address);
        Assert.Equal("after", await stream.EchoAsync("after"));

        var now = client.Feature<IConnectionPathFeature>().CurrentPath;
        Assert.Equal(IPAddress.Parse(address), now.Local.Address);
        var detected = await accepted.NextPathEventAsync<PathEvent.Detected>();
        var validated = await accepted.NextPathEventAsync<PathEvent.Validated>();
        output.WriteLine($"validated after {validated.Duration.TotalMilliseconds:0.0} ms");
        Assert.Equal((kind, now.Local), (detected.Kind, detected.To.Remote));
        Assert.Equal(now.Local, validated.Path.Remote);
        Assert.Equal(now.Local, accepted.RemoteEndPoint);
    }

    [Fact]
    public async Task Fifty_migrations_in_a_row_back_and_forth_are_fifty_and_use_few_sockets()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var client = await ConnectAsync(server);
        await using var stream = await client.OpenStreamAsync();
        await stream.EchoAsync("before");
        var accepted = await server.NextConnectionAsync();
        string[] addresses = ["127.0.0.2", "::1", "127.0.0.1"];
        var sockets = CountSockets();
        for (var i = 0; i < 50; i++)
        {
            await MigrateAsync(client, addresses[i % addresses.Length]);
            Assert.Equal($"message {i}", await stream.EchoAsync($"message {i}"));
            await accepted.NextPathEventAsync<PathEvent.Detected>();
            await accepted.NextPathEventAsync<PathEvent.Validated>();
        }

        // The current one and the one before it; other tests of this process may have some, too.
        Assert.InRange(CountSockets() - sockets, int.MinValue, 10);
    }

    [Fact]
    public async Task A_download_goes_on_through_moves_and_arrives_whole()
    {
        var data = RandomNumberGenerator.GetBytes(16 * 1024 * 1024);
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2, async stream =>
        {
            await stream.Transport.Input.ReadAsync();
            await stream.Transport.Output.WriteAsync(data);
            await stream.Transport.Output.CompleteAsync();
        });
        await using var client = await ConnectAsync(server);
        await using var stream = await client.OpenStreamAsync();
        await stream.Transport.Output.WriteAsync("go"u8.ToArray());

        // The handshake is confirmed then.
        stream.Transport.Input.AdvanceTo((await stream.Transport.Input.ReadAsync()).Buffer.Start);
        var download = stream.ReadToEndAsync();
        var moves = 0;
        for (; !download.IsCompleted && moves < 20; moves++)
        {
            await MigrateAsync(client, moves % 2 == 0 ? "127.0.0.2" : "127.0.0.1");
        }

        Assert.True(SHA256.HashData(await download).AsSpan().SequenceEqual(SHA256.HashData(data)), "What arrived is not what was sent.");
        output.WriteLine($"{moves} moves");
        Assert.True(moves > 1, "The download was over before the second move.");
    }

    [Fact]
    public async Task A_path_that_does_not_work_is_refused_and_the_connection_stays()
    {
        // Bound to one address, the server hears nothing that is sent to its IPv6 address.
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2, address: IPAddress.Loopback);
        await using var client = await ConnectAsync(server);
        await using var stream = await client.OpenStreamAsync();
        await stream.EchoAsync("before");
        var before = client.Feature<IConnectionPathFeature>().CurrentPath;

        var moving = client.Feature<IConnectionMigrationFeature>().MigrateAsync(new IPEndPoint(IPAddress.IPv6Loopback, 0)).AsTask();
        Assert.Equal("meanwhile", await stream.EchoAsync("meanwhile"));
        var error = await Assert.ThrowsAsync<PathValidationException>(() => moving.Within("the move to be given up"));

        Assert.Contains("stays where it is", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, client.Feature<IConnectionPathFeature>().CurrentPath);
        Assert.Equal("after", await stream.EchoAsync("after"));
    }

    [Fact]
    public async Task A_second_move_takes_the_place_of_the_first()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2, address: IPAddress.Loopback);
        await using var client = await ConnectAsync(server);
        await using var stream = await client.OpenStreamAsync();
        await stream.EchoAsync("before");

        var migration = client.Feature<IConnectionMigrationFeature>();
        var first = migration.MigrateAsync(new IPEndPoint(IPAddress.IPv6Loopback, 0)).AsTask();
        await MigrateAsync(client, "127.0.0.2");

        Assert.Contains("Another", (await Assert.ThrowsAsync<PathValidationException>(() => first.Within("the first move"))).Message, StringComparison.Ordinal);
        Assert.Equal("after", await stream.EchoAsync("after"));
    }

    [Fact]
    public async Task What_cannot_be_moved_to_is_refused_with_a_reason()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(server.EndPoint);
        await using var stream = await client.OpenStreamAsync();
        await stream.EchoAsync("before");
        var migration = client.Feature<IConnectionMigrationFeature>();

        var foreign = await Assert.ThrowsAsync<SocketException>(() => migration.MigrateAsync(IPEndPoint.Parse("192.0.2.1:0")).AsTask());
        Assert.Contains("192.0.2.1 is not an address of this machine", foreign.Message, StringComparison.Ordinal);
        var family = await Assert.ThrowsAsync<ArgumentException>(() => migration.MigrateAsync(IPEndPoint.Parse("[::1]:0")).AsTask());
        Assert.Contains("No IPv6 address of the server is known", family.Message, StringComparison.Ordinal);
        Assert.Equal("after", await stream.EchoAsync("after"));

        await client.DisposeAsync();
        await Assert.ThrowsAsync<QuicConnectionClosedException>(() => migration.MigrateAsync(IPEndPoint.Parse("127.0.0.2:0")).AsTask());
    }

    private static Task<MultiplexedConnectionContext> ConnectAsync(EchoServer server)
    {
        var features = new FeatureCollection();
        features.Set<IServerEndPointsFeature>(new Both(server.Port));
        return TestEngine.Ngtcp2.ConnectAsync(server.EndPoint, features: features);
    }

    private static Task MigrateAsync(MultiplexedConnectionContext client, string address)
        => client.Feature<IConnectionMigrationFeature>().MigrateAsync(new IPEndPoint(IPAddress.Parse(address), 0)).AsTask().Within($"the move to {address}");

    private sealed class Both(int port) : IServerEndPointsFeature
    {
        public IReadOnlyList<IPEndPoint> EndPoints => [new IPEndPoint(IPAddress.Loopback, port), new IPEndPoint(IPAddress.IPv6Loopback, port)];
    }

    private static int CountSockets()
        => new DirectoryInfo("/proc/self/fd").GetFiles().Count(file => file.LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
}
