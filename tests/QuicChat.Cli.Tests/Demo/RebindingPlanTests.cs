using QuicChat.Cli.Demo;

namespace QuicChat.Cli.Tests.Demo;

public sealed class RebindingPlanTests
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(20);

    [Fact]
    public void Every_client_gets_its_changes_apart_and_before_the_end()
    {
        const int Seed = 7;
        var plan = RebindingPlan.Create(clients: 40, count: 5, Duration, Seed);

        Assert.Equal(200, plan.Count);
        Assert.Equal(plan.OrderBy(change => change.At), plan);
        foreach (var client in plan.GroupBy(change => change.Client))
        {
            var times = client.Select(change => change.At).ToList();
            Assert.Equal(5, times.Count);
            Assert.All(times.Zip(times.Skip(1)), pair => Assert.True(pair.Second - pair.First >= RebindingPlan.Pause));
            Assert.True(times[^1] <= Duration - RebindingPlan.Pause);
        }
    }

    [Fact]
    public void Changes_go_in_turn_to_a_new_port_and_to_an_address_not_used_just_before()
    {
        foreach (var client in RebindingPlan.Create(clients: 2, count: 6, Duration, seed: 1).GroupBy(change => change.Client))
        {
            var kinds = client.Select(change => change.NewAddress is not null).ToList();
            Assert.All(kinds.Zip(kinds.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
            var addresses = client.Select(change => change.NewAddress).OfType<System.Net.IPAddress>().ToList();
            Assert.Equal(addresses.Distinct(), addresses);
            Assert.DoesNotContain(System.Net.IPAddress.Loopback, addresses);
        }
    }

    [Fact]
    public void A_seed_repeats_a_plan_and_another_one_does_not()
    {
        var plan = RebindingPlan.Create(8, 3, Duration, seed: 42);

        Assert.Equal(plan, RebindingPlan.Create(8, 3, Duration, seed: 42));
        Assert.NotEqual(plan, RebindingPlan.Create(8, 3, Duration, seed: 43));
    }

    [Fact]
    public void More_changes_than_fit_are_refused()
    {
        var most = RebindingPlan.MostChanges(Duration);

        Assert.NotEmpty(RebindingPlan.Create(1, most, Duration, seed: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => RebindingPlan.Create(1, most + 1, Duration, seed: 1));
    }

    [Fact]
    public void Clients_that_move_by_themselves_go_to_another_address_each_time()
    {
        foreach (var client in RebindingPlan.Create(clients: 2, count: 6, Duration, seed: 1, PathChanges.Active).GroupBy(change => change.Client))
        {
            var addresses = client.Select(change => change.NewAddress?.ToString()).Prepend("127.0.0.1").ToList();

            Assert.All(addresses.Zip(addresses.Skip(1)), pair => Assert.NotEqual(pair.First, pair.Second));
            Assert.Equal(["127.0.0.1", "127.0.0.2", "::1"], addresses.Distinct().Order(StringComparer.Ordinal));
        }
    }
}
