using System.Net;
using QuicChat.Quic.Conformance.Tests.Support;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>A chat whose client's port changes again and again, faster than lost datagrams are repaired.</summary>
public sealed class RebindingTests
{
    private const int Connections = 20;
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
        => ForEachSeed((seed, random) => Chat(seed, random, loss, TimeSpan.FromMilliseconds(intervalMs), changes => NewPort(changes)));

    [Fact]
    public void A_server_whose_window_is_full_of_what_was_lost_on_former_paths_goes_on()
    {
        // This order of losses once left the server with 3,024 bytes in flight, a window of 2,888 and no timer.
        const int Seed = 800626;
        Chat(Seed, new Random(Seed), 0.1, TimeSpan.FromMilliseconds(250), changes => NewPort(changes));
    }

    [Theory]
    [InlineData(500, 0)]
    [InlineData(1500, 0.05)]
    [InlineData(3500, 0.1)]
    public void A_client_that_flips_between_a_few_addresses_is_followed(int intervalMs, double loss)
        => ForEachSeed((seed, random) => Chat(
            seed, random, loss, TimeSpan.FromMilliseconds(intervalMs), _ => new IPEndPoint(new IPAddress([127, 0, 0, (byte)random.Next(1, 4)]), 40000)));

    [Theory]
    [InlineData(0, 0, 0.0)]
    [InlineData(0, 20, 0.0)]
    [InlineData(1, 5, 0.01)]
    [InlineData(10, 50, 0.0)]
    public void A_download_goes_on_through_rebindings(int jitterMs, int lateMs, double loss)
        => ForEachSeed((seed, random) =>
        {
            const int Length = 4_000_000;

            // A client that has nothing to send is not heard from a new port.
            var settings = CoreLink.NewClientSettings() with { KeepAliveInterval = TimeSpan.FromSeconds(1) };
            using var link = new CoreLink(settings) { Delay = TimeSpan.FromMilliseconds(0.1) }.Establish();
            var client = link.OpenStream();
            CoreLink.Write(client, "first"u8);
            link.RunUntil(() => link.Server!.Accepted.Count > 0, "the stream");
            CoreLink.Write(link.Server!.Accepted.Dequeue(), new byte[Length]);
            link.Wire = (_, datagram) =>
            {
                link.Delay = TimeSpan.FromMilliseconds(0.1 + (jitterMs * random.NextDouble()));
                return random.NextDouble() < loss ? [] : [datagram];
            };
            link.Lateness = () => TimeSpan.FromMilliseconds(random.Next(20) == 0 ? random.Next(lateMs + 1) : 0);
            var (received, changes, heard) = (0, 0, link.Now.Elapsed);
            link.RunUntil(
                () =>
                {
                    var arrived = CoreLink.Read(client).Length;
                    received += arrived;
                    heard = arrived > 0 ? link.Now.Elapsed : heard;
                    if (received > (changes + 1) * (Length / 12))
                    {
                        link.ClientAddress = NewPort(++changes);
                    }

                    Assert.True(
                        link.Now.Elapsed - heard < LongestSilence,
                        $"Seed {seed}: nothing since byte {received}, change {changes}. {Describe(link.Server)}");
                    return received == Length;
                },
                $"the download, seed {seed}",
                TimeSpan.FromMinutes(10));
        });

    [Fact]
    public void Copies_from_foreign_addresses_that_overtake_the_client_cost_it_nothing()
        => ForEachSeed((seed, random) => Chat(seed, random, loss: 0.02, TimeSpan.FromSeconds(5), changes => NewPort(changes), copies: 0.05));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_path_that_the_client_stays_on_after_its_attempt_was_reverted_is_told_again(bool isClientHeardBeforeItsAnswer)
    {
        using var link = new CoreLink(server: CoreLink.NewServerSettings() with { MigrationTimeout = TimeSpan.FromMilliseconds(300) });
        link.Delay = TimeSpan.FromMilliseconds(100);
        link.Establish();
        var (before, after) = (link.ClientAddress, new IPEndPoint(IPAddress.Loopback, 41000));
        var stream = link.OpenStream();
        byte[]? overtaken = null;
        link.Wire = (toServer, datagram) => toServer && (overtaken ??= datagram) == datagram ? [] : [datagram];
        CoreLink.Write(stream, "1"u8);
        link.RunFor(TimeSpan.Zero);

        // The deadline passes before the path's check, whose two round trips take 400 ms. Meanwhile the client was heard from where it was before.
        link.ClientAddress = after;
        CoreLink.Write(stream, "2"u8);
        link.RunUntil(() => link.Server!.PathEvents.Count == 1, "the change");
        link.Deliver(toServer: true, overtaken!, before);
        if (isClientHeardBeforeItsAnswer)
        {
            link.RunFor(TimeSpan.FromMilliseconds(250));
            CoreLink.Write(stream, "3"u8);
        }

        link.RunUntil(() => link.Server!.PathEvents.Count == 4, "the change to be told again", TimeSpan.FromSeconds(1));

        Assert.Collection(
            link.Server!.PathEvents,
            e => Assert.Equal((before, after), (Assert.IsType<PathEvent.Detected>(e).From.Remote, ((PathEvent.Detected)e).To.Remote)),
            e => Assert.Equal(before, Assert.IsType<PathEvent.Reverted>(e).Path.Remote),
            e => Assert.Equal((before, after), (Assert.IsType<PathEvent.Detected>(e).From.Remote, ((PathEvent.Detected)e).To.Remote)),
            e => Assert.Equal(after, Assert.IsType<PathEvent.Validated>(e).Path.Remote));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(40)]
    public void A_server_that_was_not_heard_for_a_while_sends_what_it_has(int seconds)
    {
        using var link = new CoreLink { Delay = TimeSpan.FromMilliseconds(1) }.Establish();
        var client = link.OpenStream();
        CoreLink.Write(client, "first"u8);
        link.RunUntil(() => link.Server!.Accepted.Count > 0, "the stream");
        var server = link.Server!.Accepted.Dequeue();
        var (sent, received, datagrams) = (0L, 0L, 0);

        link.Wire = (toServer, datagram) => toServer ? [datagram] : [];
        for (var time = TimeSpan.Zero; time < TimeSpan.FromSeconds(seconds); time += Step)
        {
            CoreLink.Write(client, new byte[100]);
            CoreLink.Write(server, new byte[1000]);
            sent += 1000;
            link.RunFor(Step);
            CoreLink.Read(server);
        }

        link.Wire = (_, datagram) =>
        {
            datagrams++;
            return [datagram];
        };
        CoreLink.Write(client, new byte[100]);
        link.RunUntil(() => (received += CoreLink.Read(client).Length) == sent, $"all after {seconds} s of silence; {received} of {sent} bytes came", 2 * LongestSilence);
        Assert.True(datagrams < 200 + (sent / 100), $"It took {datagrams} datagrams to bring {sent} bytes.");
    }

    [Theory]
    [InlineData(5, 200)]
    [InlineData(11, 1_000)]
    [InlineData(17, 200)]
    [InlineData(17, 1_000)]
    [InlineData(25, 1_000)]
    public void A_network_that_stood_still_for_a_while_and_then_delivers_all_at_once_is_survived(int seconds, int talkMs)
        => ForEachSeed((seed, random) =>
        {
            using var link = new CoreLink { Delay = TimeSpan.FromMilliseconds(1) }.Establish();
            var client = link.OpenStream();
            CoreLink.Write(client, "first"u8);
            link.RunUntil(() => link.Server!.Accepted.Count > 0, "the stream");
            var server = link.Server!.Accepted.Dequeue();
            var talk = TimeSpan.FromMilliseconds(talkMs);
            var held = new Queue<(bool ToServer, byte[] Datagram)>();
            var begin = TimeSpan.FromMilliseconds(random.Next(3_000, 4_000));
            var end = begin + TimeSpan.FromSeconds(seconds);
            var isHeld = false;
            link.Wire = (toServer, datagram) =>
            {
                if (!isHeld)
                {
                    return [datagram];
                }

                held.Enqueue((toServer, datagram));
                return [];
            };
            var (heard, changes) = (end, 0);
            for (var time = TimeSpan.Zero; time < end + TimeSpan.FromSeconds(35); time += Step)
            {
                var wasHeld = isHeld;
                isHeld = time >= begin && time < end;
                if (!isHeld && time.Ticks % TimeSpan.FromMilliseconds(500).Ticks == 0)
                {
                    link.ClientAddress = NewPort(++changes);
                }

                if (wasHeld && !isHeld)
                {
                    while (held.TryDequeue(out var next))
                    {
                        link.Deliver(next.ToServer, next.Datagram);
                    }
                }

                if (time.Ticks % TimeSpan.FromMilliseconds(200).Ticks == 0)
                {
                    CoreLink.Write(client, new byte[100]);
                    CoreLink.Write(server, new byte[200]);
                }

                link.RunFor(Step);
                CoreLink.Read(server);
                heard = CoreLink.Read(client).Length > 0 && time > end ? time : heard;
                Assert.True(
                    time - heard < TimeSpan.FromSeconds(5),
                    $"Seed {seed}: nothing arrived between {heard} and {time}; it stood still from {begin} to {end}. {Describe(link.Server)}");
            }

            Assert.DoesNotContain(link.Server.PathEvents, e => e is PathEvent.Failed);
        });

    private static IPEndPoint NewPort(int changes) => new(IPAddress.Loopback, 41000 + changes);

    private static void ForEachSeed(Action<int, Random> chat)
    {
        var seed = Seeds.New();
        for (var i = 0; i < Connections; i++)
        {
            chat(seed + i, new Random(seed + i));
        }
    }

    private static void Chat(int seed, Random random, double loss, TimeSpan interval, Func<int, IPEndPoint> next, double copies = 0)
    {
        using var link = new CoreLink { Delay = TimeSpan.FromMilliseconds(1) }.Establish();
        var client = link.OpenStream();
        CoreLink.Write(client, "first"u8);
        link.RunUntil(() => link.Server!.Accepted.Count > 0, "the stream");
        var server = link.Server!.Accepted.Dequeue();
        link.Wire = (toServer, datagram) =>
        {
            link.Delay = TimeSpan.FromMilliseconds(random.Next(20) == 0 ? random.Next(400) : 1);
            if (toServer && random.NextDouble() < copies)
            {
                link.Deliver(toServer, datagram, new IPEndPoint(new IPAddress([127, 0, 1, (byte)random.Next(1, 4)]), 666));
            }

            return random.NextDouble() < loss ? [] : [datagram];
        };

        var (sent, received, heard) = (0L, 0L, TimeSpan.Zero);
        for (var time = TimeSpan.Zero; time < Duration; time += Step)
        {
            if (time.Ticks % interval.Ticks == 0)
            {
                link.ClientAddress = next((int)(time / interval));
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

        // On a path that stays, everything arrives, and the server's view settles on it.
        link.Wire = null;
        link.RunUntil(() => (received += CoreLink.Read(client).Length) == sent, $"the rest, seed {seed}", LongestSilence);
        CoreLink.Write(client, new byte[100]);
        link.RunUntil(() => Settled(link), $"the last path's validation, seed {seed}", LongestSilence);
        AssertAttemptsEndOnce(seed, link.Server.PathEvents);
    }

    private static bool Settled(CoreLink link) => link.Server!.PathEvents[^1] switch
    {
        PathEvent.Validated e => e.Path.Remote.Equals(link.ClientAddress),
        PathEvent.Reverted e => e.Path.Remote.Equals(link.ClientAddress),
        _ => false,
    };

    private static void AssertAttemptsEndOnce(int seed, IEnumerable<PathEvent> events)
    {
        var migrating = false;
        foreach (var e in events)
        {
            Assert.True(e is not (PathEvent.Failed or PathEvent.Unknown), $"Seed {seed}: {e}");
            Assert.True(migrating == e is not PathEvent.Detected, $"Seed {seed}: {e} while {(migrating ? "migrating" : "stable")}");
            migrating = e is PathEvent.Detected;
        }
    }

    private static string Describe(CoreLink.End end)
        => $"{string.Join(' ', end.PathEvents.CountBy(e => e.GetType().Name))}; closed: {end.Closure?.ToString() ?? "no"}";
}
