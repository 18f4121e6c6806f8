using System.Net;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>A client that moves by its own will, again and again, in virtual time.</summary>
public sealed class MovingTests(ITestOutputHelper output)
{
    private const int Runs = 5;
    private const int Moves = 100;

    private static readonly IPAddress[] Addresses = [IPAddress.Parse("127.0.0.2"), IPAddress.IPv6Loopback, IPAddress.Loopback];

    [Theory]
    [InlineData(0, 0, 0.0, 0, 0)]
    [InlineData(0, 1, 0.0, 0, 0)]
    [InlineData(0, 0, 0.0, 5, 0)]
    [InlineData(0, 0, 0.0, 50, 0)]
    [InlineData(0, 0, 0.0, 500, 0)]
    [InlineData(0, 0, 0.0, 500, 1000)]
    [InlineData(0, 1, 0.0, 100, 0)]
    [InlineData(0, 1, 0.01, 20, 3)]
    [InlineData(0, 30, 0.0, 0, 0)]
    [InlineData(10, 0, 0.0, 0, 0)]
    [InlineData(10, 10, 0.0, 0, 0)]
    [InlineData(10, 0, 0.05, 0, 0)]
    [InlineData(10, 10, 0.05, 50, 0)]
    [InlineData(10, 40, 0.05, 500, 0)]
    [InlineData(20, 5, 0.02, 30, 1000)]
    public void A_hundred_moves_in_a_row_are_a_hundred_migrations(int delayMs, int jitterMs, double loss, int lateMs, int pauseMs)
    {
        var first = Seeds.New();
        for (var run = 0; run < Runs; run++)
        {
            var seed = unchecked(first + run);
            var random = new Random(seed);
            using var link = new CoreLink { Delay = TimeSpan.FromMilliseconds(delayMs) }.Establish();
            link.Wire = (_, datagram) =>
            {
                link.Delay = TimeSpan.FromMilliseconds(delayMs + (jitterMs * random.NextDouble()));
                return random.NextDouble() < loss ? [] : [datagram];
            };
            link.Lateness = () => TimeSpan.FromMilliseconds(random.Next(10) == 0 ? random.Next(lateMs + 1) : 0);
            var stream = link.OpenStream();
            Exchange(link, stream, $"the stream, seed {seed}");
            var began = link.Now.Elapsed;
            for (var i = 0; i < Moves; i++)
            {
                link.RunFor(TimeSpan.FromMilliseconds(pauseMs));
                Move(link, i, $"move {i}, seed {seed}");
                Exchange(link, stream, $"a byte after move {i}, seed {seed}");
            }

            output.WriteLine($"seed {seed}: {((link.Now.Elapsed - began).TotalMilliseconds / Moves) - pauseMs:0} ms a move");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(1000)]
    public void A_client_whose_address_has_changed_moves_before_the_check_of_the_former_one_is_over(int afterMs)
    {
        using var link = new CoreLink().Establish();
        var stream = link.OpenStream();
        Exchange(link, stream, "the stream");
        link.ClientAddress = new IPEndPoint(IPAddress.Loopback, 50_000);
        Exchange(link, stream, "a byte by the changed path");
        link.RunFor(TimeSpan.FromMilliseconds(afterMs));
        for (var i = 0; i < 10; i++)
        {
            Move(link, i, $"move {i}");
            Exchange(link, stream, $"a byte after move {i}");
            link.RunFor(TimeSpan.FromSeconds(1));
        }
    }

    private static void Move(CoreLink link, int number, string what)
    {
        var isOver = false;
        Exception? error = null;
        link.Move(new IPEndPoint(Addresses[number % Addresses.Length], 20_000 + number), e => (isOver, error) = (true, e));
        link.RunUntil(() => isOver, what);
        Assert.True(error is null, $"{what}: {error?.Message}");
    }

    // A byte to the server, and one back.
    private static void Exchange(CoreLink link, StreamCore stream, string what)
    {
        CoreLink.Write(stream, [1]);
        link.RunUntil(() => IsClosed(link) || (link.Server!.Accepted.TryPeek(out var accepted) && CoreLink.Read(accepted).Length > 0), what);
        AssertOpen(link, what);
        CoreLink.Write(link.Server!.Accepted.Peek(), [2]);
        link.RunUntil(() => IsClosed(link) || CoreLink.Read(stream).Length > 0, what);
        AssertOpen(link, what);
    }

    private static bool IsClosed(CoreLink link) => link.Client.Closure is not null || link.Server!.Closure is not null;

    private static void AssertOpen(CoreLink link, string what)
        => Assert.False(IsClosed(link), $"{what}: the server's end is closed by {link.Server!.Closure}, the client's by {link.Client.Closure}");
}
