using System.Net;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>A chat whose client's port changes again and again, faster than lost datagrams are repaired.</summary>
public sealed class RebindingTests
{
    private const int Connections = 40;
    private static readonly TimeSpan Duration = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    // Probe time-outs double; at these rates of loss several in a row are lost now and then.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(500, 0)]
    [InlineData(500, 0.05)]
    [InlineData(500, 0.15)]
    [InlineData(250, 0.1)]
    public void Neither_end_falls_silent_for_good(int intervalMs, double loss)
    {
        var seed = Seeds.New();
        for (var i = 0; i < Connections; i++)
        {
            Chat(seed + i, TimeSpan.FromMilliseconds(intervalMs), loss);
        }
    }

    private static void Chat(int seed, TimeSpan interval, double loss)
    {
        var random = new Random(seed);
        using var link = new CoreLink { Delay = TimeSpan.FromMilliseconds(1) }.Establish();
        var client = link.OpenStream();
        CoreLink.Write(client, "first"u8);
        link.RunUntil(() => link.Server!.Accepted.Count > 0, "the stream");
        var server = link.Server!.Accepted.Dequeue();
        link.Wire = (_, datagram) =>
        {
            link.Delay = TimeSpan.FromMilliseconds(random.Next(20) == 0 ? random.Next(400) : 1);
            return random.NextDouble() < loss ? [] : [datagram];
        };

        var (sent, received, heard) = (0L, 0L, TimeSpan.Zero);
        for (var time = TimeSpan.Zero; time < Duration; time += Step)
        {
            if (time.Ticks % interval.Ticks == 0)
            {
                link.ClientAddress = new IPEndPoint(IPAddress.Loopback, 41000 + (int)(time / interval));
            }

            CoreLink.Write(client, new byte[100]);
            CoreLink.Write(server, new byte[200]);
            sent += 200;
            link.RunFor(Step);

            CoreLink.Read(server);
            var arrived = CoreLink.Read(client).Length;
            received += arrived;
            heard = arrived > 0 ? time : heard;
            Assert.True(time - heard < LongestSilence, $"Seed {seed}: nothing arrived between {heard} and {time}. {Describe(link.Server)}");
        }

        // On a path that stays, everything arrives.
        link.Wire = null;
        link.RunUntil(() => (received += CoreLink.Read(client).Length) == sent, "the rest", LongestSilence);
        link.RunUntil(() => link.Server.PathEvents[^1] is PathEvent.Validated, "the last path's validation", LongestSilence);
        Assert.True(!link.Server.PathEvents.Any(e => e is PathEvent.Failed), $"Seed {seed}: {Describe(link.Server)}");
    }

    private static string Describe(CoreLink.End end)
        => $"{string.Join(' ', end.PathEvents.CountBy(e => e.GetType().Name))}; closed: {end.Closure?.ToString() ?? "no"}";
}
