using System.Net;

using QuicChat.Quic.Simulation;

using Xunit;

namespace QuicChat.Quic.Tests.Simulation;

public class ConditionsTests
{
    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task A_delay_holds_datagrams_for_exactly_that_long()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions { Delay = 20 * Millisecond };

        await network.SendToServerAsync(1, 3);
        network.Time.Advance(19 * Millisecond);
        Assert.Equal(1, network.Path.ToServer.Counters.Forwarded);
        network.Time.Advance(Millisecond);

        Assert.Equal(4, network.Path.ToServer.Counters.Forwarded);
        Assert.Equal([1, 2, 3], await network.Server.ReceiveNumbersAsync(3));
    }

    [Fact]
    public async Task On_the_systems_clock_a_delay_takes_at_least_its_time()
    {
        const int Count = 500;
        await using var server = new UdpPeer(IPAddress.Loopback);
        await using var client = new UdpPeer(IPAddress.Loopback);
        await using var simulator = PathSimulator.Start(new PathSimulatorOptions
        {
            Server = server.EndPoint,
            ToServer = new LinkConditions { Delay = 5 * Millisecond, Jitter = 5 * Millisecond },
        });
        var longest = TimeSpan.Zero;

        for (var i = 0; i < Count; i += 10)
        {
            var begin = TimeProvider.System.GetTimestamp();
            for (var j = i; j < i + 10; j++)
            {
                client.Send(j, simulator.ListenEndPoint);
            }

            for (var j = i; j < i + 10; j++)
            {
                Assert.Equal(j, (await server.ReceiveAsync($"datagram {j}")).Number);
                var taken = TimeProvider.System.GetElapsedTime(begin);
                Assert.True(taken >= 5 * Millisecond, $"Datagram {j} took {taken}.");
                longest = taken > longest ? taken : longest;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"longest {longest}");
        Assert.Equal(Count, simulator.ToServer.Forwarded);
    }

    [Fact]
    public async Task Each_direction_has_its_own_conditions()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Simulator.SetConditions(toClient: new LinkConditions { Delay = 20 * Millisecond });

        await network.SendToServerAsync(1);
        await network.SendToClientAsync(network.Path.Path, 2);

        Assert.Equal(1, (await network.Server.ReceiveAsync()).Number);
        Assert.Equal(0, network.Path.ToClient.Counters.Forwarded);
        network.Time.Advance(20 * Millisecond);
        Assert.Equal(2, (await network.Client.ReceiveAsync()).Number);
    }

    [Fact]
    public async Task Jitter_spreads_arrivals_and_keeps_their_order()
    {
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions { Server = server, Seed = 1 });
        network.Path.ToServer.Conditions = new LinkConditions { Delay = 10 * Millisecond, Jitter = 10 * Millisecond };
        var forwarded = new List<long>();

        for (var i = 1; i <= 20; i++)
        {
            await network.SendToServerAsync(i);
            network.Time.Advance(Millisecond);
            forwarded.Add(network.Path.ToServer.Counters.Forwarded - 1);
        }

        Assert.All(forwarded.Take(9), count => Assert.Equal(0, count));
        Assert.InRange(forwarded[^1], 1, 10);
        network.Time.Advance(20 * Millisecond);
        Assert.Equal(Enumerable.Range(1, 20), await network.Server.ReceiveNumbersAsync(20));
    }

    [Fact]
    public async Task A_shorter_delay_does_not_let_later_datagrams_overtake()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions { Delay = 20 * Millisecond };
        await network.SendToServerAsync(1);

        network.Path.ToServer.Conditions = LinkConditions.Unimpaired;
        await network.SendToServerAsync(2);
        network.Time.Advance(20 * Millisecond);

        Assert.Equal([1, 2], await network.Server.ReceiveNumbersAsync(2));
    }

    [Fact]
    public async Task Loss_takes_about_its_share()
    {
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions { Server = server, Seed = 7 });
        network.Path.ToServer.Conditions = new LinkConditions { LossPercent = 10 };

        await network.SendToServerAsync(1, 1000);

        var counters = network.Path.ToServer.Counters;
        Assert.InRange(counters.Lost, 70, 130);
        Assert.Equal(1001 - counters.Lost, counters.Forwarded);
    }

    [Fact]
    public async Task The_same_seed_meets_the_same_datagrams_whatever_others_do()
    {
        var alone = await LostAsync(seed: 42, withAnother: false);
        var together = await LostAsync(seed: 42, withAnother: true);
        var otherSeed = await LostAsync(seed: 43, withAnother: false);

        Assert.Equal(alone, together);
        Assert.NotEqual(alone, otherSeed);
    }

    [Fact]
    public async Task The_fate_of_a_datagram_does_not_depend_on_earlier_conditions()
    {
        var throughout = await LostAsync(seed: 5, withAnother: false);
        var later = await LostAsync(seed: 5, withAnother: false, unimpairedBefore: 50);

        Assert.Equal(throughout.Where(number => number > 50), later);
    }

    [Fact]
    public async Task Without_a_seed_one_is_taken_that_repeats_the_run()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        await using var again = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions { Server = server, Seed = network.Simulator.Seed });
        foreach (var run in new[] { network, again })
        {
            run.Path.ToServer.Conditions = new LinkConditions { LossPercent = 50 };
            await run.SendToServerAsync(1, 100);
        }

        var count = (int)network.Path.ToServer.Counters.Forwarded - 1;
        Assert.Equal(await network.Server.ReceiveNumbersAsync(count), await again.Server.ReceiveNumbersAsync(count));
    }

    [Fact]
    public async Task Duplicates_follow_their_originals()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions { DuplicatePercent = 100 };

        await network.SendToServerAsync(1, 2);

        Assert.Equal([1, 1, 2, 2], await network.Server.ReceiveNumbersAsync(4));
        Assert.Equal(new LinkCounters { Received = 3, Forwarded = 5, Duplicated = 2 }, network.Path.ToServer.Counters);
    }

    [Fact]
    public async Task A_datagram_is_held_back_behind_later_ones()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions { ReorderPercent = 100, ReorderDistance = 3 };

        await network.SendToServerAsync(1, 8);

        Assert.Equal([2, 3, 4, 1, 6, 7, 8, 5], await network.Server.ReceiveNumbersAsync(8));
        Assert.Equal(2, network.Path.ToServer.Counters.Reordered);
    }

    [Fact]
    public async Task A_held_datagram_is_overtaken_on_a_link_with_delay_too()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions
        {
            ReorderPercent = 100,
            ReorderDistance = 2,
            Delay = 20 * Millisecond,
            ReorderHold = 50 * Millisecond,
        };

        await network.SendToServerAsync(1, 3);
        network.Time.Advance(20 * Millisecond);

        Assert.Equal([2, 3, 1], await network.Server.ReceiveNumbersAsync(3));
    }

    [Fact]
    public async Task A_held_datagram_that_nothing_follows_is_late_and_not_lost()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions { ReorderPercent = 100, ReorderHold = 20 * Millisecond };

        await network.SendToServerAsync(1);
        network.Time.Advance(20 * Millisecond);

        Assert.Equal(1, (await network.Server.ReceiveAsync()).Number);
        Assert.Equal(0, network.Path.ToServer.Counters.Reordered);
    }

    [Fact]
    public async Task A_limited_rate_spreads_a_burst_over_time()
    {
        await using var network = await SimulatedNetwork.StartAsync();

        // 100 bytes are 800 bits: 10 ms at 80 kbit/s.
        network.Path.ToServer.Conditions = new LinkConditions { BitsPerSecond = 80_000 };
        await network.SendToServerAsync(1, 5);

        for (var i = 1; i <= 5; i++)
        {
            network.Time.Advance(10 * Millisecond);
            Assert.Equal(1 + i, network.Path.ToServer.Counters.Forwarded);
        }
    }

    [Fact]
    public async Task What_does_not_fit_into_the_queue_is_dropped()
    {
        await using var network = await SimulatedNetwork.StartAsync();
        network.Path.ToServer.Conditions = new LinkConditions { BitsPerSecond = 80_000, QueueBytes = 300 };

        await network.SendToServerAsync(1, 10);
        network.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal([1, 2, 3], await network.Server.ReceiveNumbersAsync(3));
        Assert.Equal(7, network.Path.ToServer.Counters.Overflowed);
        await network.SendToServerAsync(11);
        network.Time.Advance(10 * Millisecond);
        Assert.Equal(11, (await network.Server.ReceiveAsync()).Number);
    }

    [Fact]
    public async Task All_together_every_datagram_is_accounted_for()
    {
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions { Server = server, Seed = 11 });
        network.Path.ToServer.Conditions = new LinkConditions
        {
            Delay = 20 * Millisecond,
            Jitter = 5 * Millisecond,
            LossPercent = 2,
            DuplicatePercent = 3,
            ReorderPercent = 4,
            BitsPerSecond = 1_000_000,
            QueueBytes = 20_000,
        };

        for (var i = 0; i < 20; i++)
        {
            await network.SendToServerAsync(100 * i, 100);
            network.Time.Advance(30 * Millisecond);
        }

        network.Time.Advance(TimeSpan.FromSeconds(1));

        var counters = network.Path.ToServer.Counters;
        Assert.Equal(2001, counters.Received);
        Assert.Equal(counters.Received + counters.Duplicated, counters.Forwarded + counters.Dropped);
        Assert.All([counters.Lost, counters.Duplicated, counters.Reordered, counters.Overflowed], count => Assert.NotEqual(0, count));
        await network.Server.ReceiveNumbersAsync((int)counters.Forwarded - 1);
        Assert.False(network.Server.HasReceived);
    }

    private static async Task<List<int>> LostAsync(int seed, bool withAnother, int unimpairedBefore = 0)
    {
        const int Count = 200;
        await using var network = await SimulatedNetwork.StartAsync(server => new PathSimulatorOptions { Server = server, Seed = seed });
        await using var other = new UdpPeer(IPAddress.Loopback);
        await network.SendToServerAsync(1, unimpairedBefore);
        network.Simulator.SetConditions(toServer: new LinkConditions { LossPercent = 20 });
        for (var i = unimpairedBefore + 1; i <= Count; i++)
        {
            if (withAnother)
            {
                other.Send(-i, network.Simulator.ListenEndPoint);
            }

            await network.SendToServerAsync(i);
        }

        await network.SendToServerAsync(Count + 1, Count);
        var lost = Enumerable.Range(1, Count).ToList();
        for (var arrived = 0; arrived < Count + 1;)
        {
            arrived = (await network.Server.ReceiveAsync()).Number;
            lost.Remove(arrived);
        }

        return lost;
    }
}
