using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>What the ends of a connection find out of their path: whether it tells of congestion, and how large its datagrams may be.</summary>
public sealed class PathPropertyTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Both_ends_go_on_marking_their_datagrams_where_the_marks_arrive()
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var relay = new Relay(server.EndPoint);
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(relay.EndPoint);
        await using var stream = await client.OpenStreamAsync();
        await EchoAsync(stream, 300);
        foreach (var toServer in new[] { true, false })
        {
            var last = relay.Seen.Where(seen => seen.ToServer == toServer).TakeLast(50).ToList();
            Assert.Equal(50, last.Count);
            Assert.All(last, datagram => Assert.Equal(Ecn.Capable0, datagram.Ecn));
        }
    }

    // ngtcp2 tries 1,406, 1,342, 1,232 and 1,444 bytes, each three times.
    [Theory]
    [InlineData(1200, 1200)]
    [InlineData(1280, 1232)]
    [InlineData(1400, 1342)]
    [InlineData(1406, 1406)]
    [InlineData(9000, 1444)]
    public async Task Both_ends_find_the_largest_datagrams_that_pass_and_go_on_in_spite_of_those_that_do_not(int passing, int expected)
    {
        await using var server = await EchoServer.StartAsync(TestEngine.Ngtcp2);
        await using var relay = new Relay(server.EndPoint) { MaxLength = passing };
        await using var client = await TestEngine.Ngtcp2.ConnectAsync(relay.EndPoint);
        await using var stream = await client.OpenStreamAsync();
        var began = TimeProvider.System.GetTimestamp();
        do
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(20), $"No datagrams of {expected} bytes within 20 s.");
            await EchoAsync(stream, 100);
        }
        while (Largest(relay, toServer: true) < expected || Largest(relay, toServer: false) < expected);

        foreach (var toServer in new[] { true, false })
        {
            var tooLarge = relay.Seen.Count(seen => seen.ToServer == toServer && seen.Length > passing);
            output.WriteLine($"{(toServer ? "to the server" : "to the client")}: {tooLarge} datagrams too large, then {Largest(relay, toServer)} bytes");
            Assert.Equal(expected, Largest(relay, toServer));
            Assert.InRange(tooLarge, expected is 1232 or 1342 ? 1 : 0, 12);
        }
    }

    // Of those that came last and passed.
    private static int Largest(Relay relay, bool toServer)
        => relay.Seen.Where(seen => seen.ToServer == toServer && seen.Length <= relay.MaxLength).TakeLast(50).Max(seen => seen.Length);

    // Sends KiB and reads them again.
    private static async Task EchoAsync(ConnectionContext stream, int kibibytes)
    {
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < kibibytes; i++)
            {
                await stream.Transport.Output.WriteAsync(new byte[1024]);
            }
        });
        await stream.SkipAsync(1024L * kibibytes);
        await writing.Within("the write");
    }
}
