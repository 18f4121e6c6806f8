using static QuicChat.Benchmarks.Budget;
using static QuicChat.Benchmarks.Compare.BenchProgram;

namespace QuicChat.Benchmarks.Compare;

/// <summary>All workloads. docs/benchmarks.md says why these.</summary>
internal static class Workloads
{
    private const string Fair = "--settings fair";

    // What the names of our processes begin with.
    private const string Gateway = "gw-";
    private const string Silo = "silo-";

    // One of each pair moves, once, one after the other.
    private const string Pairs = $"--rooms 100 --members 2 --publishers 2 --rate 2000 --movers half --changes 10 --changes-each 1 --warm-up 15s --duration 16s";

    // What is left of a change that a client of the pairs does not notice: its next message is at most this far away.
    private const double UntilNextMs = 100;

    private const string Storm = $"--rooms 100 --members 21 --publishers 1 --rate 200 --movers listeners --storm 2s --warm-up 5s --duration 15s";

    /// <summary>Makes them.</summary>
    /// <param name="isQuick">Whether the largest numbers of connections are left out, and each takes a shorter time.</param>
    public static IReadOnlyList<Workload> Create(bool isQuick) =>
    [
        Throughput(isQuick),
        LargeRoom(isQuick),
        Idle(isQuick),
        Roaming(),
        Storms(),
        HeadOfLine(),
        Migration(),
    ];

    private static Workload Throughput(bool isQuick)
    {
        var times = isQuick ? "--warm-up 6s --duration 6s" : "--warm-up 10s --duration 12s";
        var load = $"--rooms 50 --members 20 --publishers 20 {times}";
        return new Workload(
            "W1",
            "50 rooms of 20, all publish",
            [new("max", Load, load), new("half", Load, load, Half)],
            [new("max", SignalR, $"{load} {Fair}"), new("half", SignalR, $"{load} {Fair}", Half)],
            [
                Measure.OfBoth("delivered", "1/s", found => found.Number("max", "deliveredPerSecond"), RatioAtLeast(1.5)),
                Measure.OfBoth("p99 at half of each one's maximum", "ms", found => found.Number("half", "deliveryMs.p99"), RatioAtMost(1)),
                Measure.OfBoth("p99 at its maximum", "ms", found => found.Number("max", "deliveryMs.p99")),
                Measure.OfBoth("delivered for a second of the servers' processor time", "1/s", found => PerServerSecond(found, "max")),
            ]);

        static string Half(Found found) => $"--rate {Math.Max(1, (int)(found.Number("max", "publishedPerSecond") / 2))}";
    }

    private static Workload LargeRoom(bool isQuick)
    {
        var times = isQuick ? "--warm-up 6s --duration 6s" : "--warm-up 10s --duration 12s";
        var one = $"--rooms 1 --members 200 --publishers 1 {times}";
        var twenty = $"--rooms 1 --members 200 --publishers 20 --rate 200 {times}";
        return new Workload(
            "W2",
            "A room of 200: one publisher in a closed loop, and twenty with 200 messages a second",
            [new("one", Load, one), new("twenty", Load, twenty)],
            [new("one", SignalR, $"{one} {Fair}"), new("twenty", SignalR, $"{twenty} {Fair}")],
            [
                Measure.OfBoth("one publisher: delivered", "1/s", found => found.Number("one", "deliveredPerSecond"), RatioAtLeast(1.5)),
                Measure.OfBoth("one publisher: p99", "ms", found => found.Number("one", "deliveryMs.p99"), RatioAtMost(1)),
                Measure.OfBoth("twenty: p99", "ms", found => found.Number("twenty", "deliveryMs.p99"), RatioAtMost(1)),
                Measure.OfBoth("twenty: the servers' processor time", "s", found => found.OfServers("twenty", "cpuSeconds")),
            ]);
    }

    private static Workload Idle(bool isQuick)
    {
        var most = isQuick ? 5_000 : 20_000;

        // Each client says twice that it is there.
        var quiet = isQuick ? "10s" : "40s";
        var steps = isQuick ? "1000,2000,5000" : "1000,2000,5000,20000";
        const string Idle = "--publishers 0 --members 20 --duration 1s";
        return new Workload(
            "W3",
            "Idle connections, each in a room",
            [new("idle", Load, $"{Idle} --steps {steps} --step-time {quiet} --sockets 64")],
            [new("idle", SignalR, $"{Idle} --steps 1000,2000,5000 --step-time 10s {Fair}")],
            [
                new(
                    "server's memory a connection, 2,000 to 5,000",
                    "KiB",
                    found => Slope(found, Gateway, 2_000, 5_000),
                    found => Slope(found, "server", 2_000, 5_000),
                    RatioAtMost(0.4)),
                Measure.OfOurs("gateway's memory a connection, to the last step over the step before", "×", Growth, AtMost(1)),
                Measure.OfOurs("silo's memory a connection, 2,000 to 5,000", "KiB", found => Slope(found, Silo, 2_000, 5_000), AtMost(8)),
                Measure.OfBoth("connected", "1/s", found => found.Number("idle", "connectedPerSecond"), RatioAtLeast(3)),
                Measure.OfOurs("gateway's processor at the last step", "% of a core", found => found.AtStep("idle", most, Gateway, "cpuPercent"), AtMost(15)),
                Measure.OfOurs("processor a connection at the last step over that at 1,000", "×", found => PerConnection(found, most) / PerConnection(found, 1_000), AtMost(1.3)),
            ]);

        double Growth(Found found)
            => most == 5_000
                ? Slope(found, Gateway, 2_000, 5_000) / Slope(found, Gateway, 1_000, 2_000)
                : Slope(found, Gateway, 5_000, most) / Slope(found, Gateway, 2_000, 5_000);

        static double Slope(Found found, string kind, int from, int to)
            => (found.AtStep("idle", to, kind, "rssBytes") - found.AtStep("idle", from, kind, "rssBytes")) / (to - from) / 1024;

        static double PerConnection(Found found, int connections) => found.AtStep("idle", connections, Gateway, "cpuPercent") / connections;
    }

    private static Workload Roaming() => new(
        "W4",
        "100 pairs at 10 messages a second, a path change each",
        [
            new("nat", Load, $"{Pairs} --change-kind nat"),
            new("address", Load, $"{Pairs} --change-kind address"),
            new("active", Load, $"{Pairs} --change-kind active"),
            new("none", Load, $"{Pairs} --change-kind none"),
            new("nat 40 ms", Load, $"{Pairs} --change-kind nat --delay 20ms"),
            new("active 40 ms", Load, $"{Pairs} --change-kind active --delay 20ms"),
        ],
        [new("blackhole", SignalR, $"{Pairs} {Fair}"), new("reset", SignalR, $"{Pairs} --reset {Fair}")],
        [
            new("gap p99: our NAT rebinding, SignalR's silent path", "ms", found => Gap(found, "nat", "p99"), found => Gap(found, "blackhole", "p99"), RatioAtMost(1 / 20.0)),
            new("gap p99: our address change, SignalR's reset", "ms", found => Gap(found, "address", "p99"), found => Gap(found, "reset", "p99"), null),
            Measure.OfOurs("nothing changes: gap p99, which is the machine's", "ms", found => Gap(found, "none", "p99")),
            Measure.OfOurs("active: gap p99", "ms", found => Gap(found, "active", "p99"), AtMost(50)),
            Measure.OfOurs("active at 40 ms: gap p99", "ms", found => Gap(found, "active 40 ms", "p99"), AtMost(50)),
            Measure.OfOurs("NAT: gap p99", "ms", found => Gap(found, "nat", "p99"), AtMost(UntilNextMs + 50)),
            Measure.OfOurs("address: gap p99", "ms", found => Gap(found, "address", "p99"), AtMost(UntilNextMs + 50)),
            Measure.OfOurs("NAT at 40 ms: gap p99", "ms", found => Gap(found, "nat 40 ms", "p99"), AtMost(UntilNextMs + 50 + (2.5 * 40))),
            Measure.OfOurs("lost", "messages", found => found.Total("lost"), AtMost(0)),
        ]);

    private static Workload Storms() => new(
        "W5",
        "2,000 listeners in 100 rooms, whose paths all change within a second",
        [new("nat", Load, $"{Storm} --change-kind nat"), new("active", Load, $"{Storm} --change-kind active")],
        [new("blackhole", SignalR, $"{Storm} {Fair}")],
        [
            new("longest gap: our NAT rebinding, SignalR's silent path", "ms", found => Gap(found, "nat", "max"), found => Gap(found, "blackhole", "max"), RatioAtMost(1 / 5.0)),
            Measure.OfOurs("active: gap p99", "ms", found => Gap(found, "active", "p99"), AtMost(500)),
            Measure.OfOurs("NAT: gap p99", "ms", found => Gap(found, "nat", "p99"), AtMost(1_500)),
            Measure.OfOurs("lost", "messages", found => found.Total("lost"), AtMost(0)),
            Measure.OfOurs("changes that did not complete", "", found => found.Total("pathChanges") - found.Total("migrations"), AtMost(0)),
        ]);

    private static Workload HeadOfLine()
    {
        const string Room = $"--rooms 1 --members 20 --publishers 1 --rate 200 --blackhole 5% --warm-up 3s --duration 24s";
        return new Workload(
            "W6",
            "A room of 20 at 200 messages a second, one member of which cannot be reached",
            [new("one", Load, Room)],
            [new("one", SignalR, $"{Room} {Fair}"), new("defaults", SignalR, $"{Room} --settings default")],
            [
                Measure.OfBoth("longest gap of the other 19, SignalR's fair settings", "ms", found => found.Number("one", "gapMs.others.max"), AtMost(50)),
                new(
                    "longest gap of the other 19, SignalR's defaults",
                    "ms",
                    found => found.Number("one", "gapMs.others.max"),
                    found => found.Number("defaults", "gapMs.others.max"),
                    null),
            ]);
    }

    private static Workload Migration()
    {
        // What is compiled and what idle connections cost is the same in both; what remains is what the further ones cost.
        const string Moving = "--connections 1000 --publishers 0 --members 20 --change-kind active --duration 20s";
        return new Workload(
            "migration",
            "Idle connections that move: what a migration costs gateway, silo and store, from its detection until it is counted",
            [new("few", Load, $"{Moving} --changes 20"), new("many", Load, $"{Moving} --changes 220")],
            [],
            [
                Measure.OfOurs("servers' processor time a migration", "ms", Cost, AtMost(0.5)),
                Measure.OfOurs("changes that did not complete", "", found => found.Total("pathChanges") - found.Total("migrations"), AtMost(0)),
            ]);

        static double Cost(Found found)
            => (found.OfServers("many", "cpuSeconds") - found.OfServers("few", "cpuSeconds"))
                / (found.Number("many", "migrations") - found.Number("few", "migrations")) * 1_000;
    }

    private static double PerServerSecond(Found found, string trial)
        => found.Number(trial, "deliveredPerSecond") * found.Number(trial, "seconds") / found.OfServers(trial, "cpuSeconds");

    private static double Gap(Found found, string trial, string percentile)
    {
        var clients = found.Number(trial, "gapMs.publishers.count") > 0 ? "publishers" : "listeners";
        return found.Number(trial, $"gapMs.{clients}.{percentile}");
    }
}
