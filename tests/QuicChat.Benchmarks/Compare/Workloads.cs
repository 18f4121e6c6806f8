using static QuicChat.Benchmarks.Budget;
using static QuicChat.Benchmarks.Compare.BenchProgram;

namespace QuicChat.Benchmarks.Compare;

/// <summary>All workloads. docs/benchmarks.md says why these.</summary>
internal static class Workloads
{
    private const string Fair = "--settings fair";
    private const string Defaults = "--settings default";

    // What the names of our processes begin with, and the peer's.
    private const string Gateway = "gw-";
    private const string Silo = "silo-";
    private const string Server = "server";

    // The trial in which no path changes.
    private const string Control = "none";

    // One of each pair moves, once, one after the other, for ten seconds; the last one is watched for five more.
    private const string Pairs =
        "--rooms 100 --members 2 --publishers 2 --rate 2000 --movers half --changes 10 --changes-each 1 --warm-up 10s --duration 15s";

    // All move within the third second, and are watched for five more.
    private const string Storm =
        "--rooms 100 --members 21 --publishers 1 --rate 200 --movers listeners --storm 2s --warm-up 5s --duration 12s";

    // The round trip of trials that are delayed by half of it each way.
    private const double RoundTripMs = 40;

    // Those that move: in pairs both publish; in a storm only listeners move; and where one is cut off it is the others that are watched.
    private const string OfPublishers = "publishers";
    private const string OfListeners = "listeners";
    private const string OfOthers = "others";

    private static readonly Trial.Later Half = new(
        found => $"--rate {Math.Max(1, (int)(found.Number("max", "publishedPerSecond") / 2))}", "--rate HALF-OF-WHAT-MAX-PUBLISHED");

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
        var load = $"--rooms 50 --members 20 --publishers 20 {Times(isQuick)}";
        return new Workload(
            "W1",
            "50 rooms of 20, all publish",
            [new("max", Load, load), new("half", Load, load, Half)],
            [
                new("max", SignalR, $"{load} {Fair}"),
                new("half", SignalR, $"{load} {Fair}", Half),
                new("defaults", SignalR, $"{load} {Defaults}"),
            ],
            [
                Measure.OfBoth("delivered", "1/s", found => found.Number("max", "deliveredPerSecond"), RatioAtLeast(1.5)),
                Measure.OfBoth(
                    "p99 at half of each one's maximum", "ms", found => found.Times("half", "deliveryMs", "p99"), RatioAtMost(1)),
                Measure.OfBoth("p99 at its maximum", "ms", found => found.Times("max", "deliveryMs", "p99")),
                Measure.OfBoth("delivered for a second of the servers' processor time", "1/s", found => PerServerSecond(found, "max")),
                BesideDefaults("delivered, SignalR's defaults", "1/s", "max", (found, trial) => found.Number(trial, "deliveredPerSecond")),
                .. Correctness(),
            ]);
    }

    private static Workload LargeRoom(bool isQuick)
    {
        var one = $"--rooms 1 --members 200 --publishers 1 {Times(isQuick)}";
        var sixteen = $"{one} --in-flight 16";
        var twenty = $"--rooms 1 --members 200 --publishers 20 --rate 200 {Times(isQuick)}";
        return new Workload(
            "W2",
            "A room of 200: one publisher in a closed loop, and twenty with 200 messages a second",
            [new("one", Load, one), new("twenty", Load, twenty), new("sixteen", Load, sixteen)],
            [
                new("one", SignalR, $"{one} {Fair}"),
                new("twenty", SignalR, $"{twenty} {Fair}"),
                new("sixteen", SignalR, $"{sixteen} {Fair}"),
                new("defaults", SignalR, $"{one} {Defaults}"),
            ],
            [
                Measure.OfBoth("one publisher: delivered", "1/s", found => found.Number("one", "deliveredPerSecond"), RatioAtLeast(1.5)),
                Measure.OfBoth("one publisher: p99", "ms", found => found.Times("one", "deliveryMs", "p99"), RatioAtMost(1)),
                Measure.OfBoth("twenty: p99", "ms", found => found.Times("twenty", "deliveryMs", "p99"), RatioAtMost(1)),
                Measure.OfBoth("twenty: the servers' processor time", "s", found => found.OfServers("twenty", "cpuSeconds")),
                Measure.OfBoth(
                    "one publisher with 16 messages under way: delivered", "1/s", found => found.Number("sixteen", "deliveredPerSecond")),
                Measure.OfBoth("one publisher with 16 messages under way: p99", "ms", found => found.Times("sixteen", "deliveryMs", "p99")),
                BesideDefaults(
                    "one publisher: delivered, SignalR's defaults",
                    "1/s",
                    "one",
                    (found, trial) => found.Number(trial, "deliveredPerSecond")),
                .. Correctness(),
            ]);
    }

    private static Workload Idle(bool isQuick)
    {
        // The same time for both, in which each of our clients says twice that it is there.
        var each = $"--publishers 0 --members 20 --duration 1s --step-time {(isQuick ? "10s" : "40s")}";
        int[] both = [1_000, 2_000, 5_000];
        int[] ours = isQuick ? both : [.. both, 20_000];
        var (before, most) = (ours[^2], ours[^1]);
        var peers = $"{each} --steps {string.Join(',', both)}";
        return new Workload(
            "W3",
            "Idle connections, each in a room",
            [new("idle", Load, $"{each} --steps {string.Join(',', ours)} --sockets 64")],
            [new("idle", SignalR, $"{peers} {Fair}"), new("defaults", SignalR, $"{peers} {Defaults}")],
            [
                new(
                    "server's memory a connection, 2,000 to 5,000",
                    "KiB",
                    found => Memory(found, "idle", Gateway, 2_000, 5_000),
                    found => Memory(found, "idle", Server, 2_000, 5_000),
                    RatioAtMost(0.4)),
                Measure.OfOurs("gateway's memory a connection, to the last step over the step before", "×", MemoryGrowth, AtMost(1)),
                Measure.OfOurs(
                    "silo's memory a connection, 2,000 to 5,000", "KiB", found => Memory(found, "idle", Silo, 2_000, 5_000), AtMost(8)),
                Measure.OfBoth(
                    "connected, 2,000 to 5,000", "1/s", found => found.OfStep("idle", 5_000, "connectedPerSecond"), RatioAtLeast(3)),
                Measure.OfOurs(
                    "gateway's processor at the last step",
                    "% of a core",
                    found => found.AtStep("idle", most, Gateway, "cpuPercent"),
                    AtMost(15)),
                Measure.OfOurs(
                    "gateway's processor for each further connection, at the last step over from 1,000 to the step before",
                    "×",
                    found => Processor(found, before, most) / Processor(found, 1_000, before),
                    AtMost(1.3)),
                new(
                    "server's memory a connection, 2,000 to 5,000, SignalR's defaults",
                    "KiB",
                    found => Memory(found, "idle", Gateway, 2_000, 5_000),
                    found => Memory(found, "defaults", Server, 2_000, 5_000),
                    null),
            ]);

        double MemoryGrowth(Found found)
            => Memory(found, "idle", Gateway, before, most) / Memory(found, "idle", Gateway, ours[^3], before);

        static double Memory(Found found, string trial, string kind, int from, int to)
            => found.Slope(trial, from, to, kind, "rssBytes") / 1024;

        // All steps take the same time.
        static double Processor(Found found, int from, int to) => found.Slope("idle", from, to, Gateway, "cpuSeconds");
    }

    private static Workload Roaming() => new(
        "W4",
        "100 pairs at 10 messages a second, a path change each",
        [
            new("nat", Load, $"{Pairs} --change-kind nat"),
            new("address", Load, $"{Pairs} --change-kind address"),
            new("active", Load, $"{Pairs} --change-kind active"),
            new(Control, Load, $"{Pairs} --change-kind none"),
            new("nat 40 ms", Load, $"{Pairs} --change-kind nat --delay 20ms"),
            new("active 40 ms", Load, $"{Pairs} --change-kind active --delay 20ms"),
        ],
        [new("blackhole", SignalR, $"{Pairs} {Fair}"), new("reset", SignalR, $"{Pairs} --reset {Fair}")],
        [
            new(
                "gap p99: our NAT rebinding, SignalR's silent path",
                "ms",
                found => found.Gap("nat", OfPublishers, "p99"),
                found => found.Gap("blackhole", OfPublishers, "p99"),
                RatioAtMost(1 / 20.0)),
            new(
                "gap p99: our address change, SignalR's reset",
                "ms",
                found => found.Gap("address", OfPublishers, "p99"),
                found => found.Gap("reset", OfPublishers, "p99"),
                null),
            Measure.OfOurs("nothing changes: gap p99, which is the machine's", "ms", found => found.Gap(Control, OfPublishers, "p99")),
            Measure.OfOurs("active: gap p99", "ms", found => found.Gap("active", OfPublishers, "p99"), AtMost(50)),
            Measure.OfOurs("active at 40 ms: gap p99", "ms", found => found.Gap("active 40 ms", OfPublishers, "p99"), AtMost(50)),
            Beyond("NAT", "nat", 0),
            Beyond("address", "address", 0),
            Beyond("NAT at 40 ms", "nat 40 ms", RoundTripMs),
            .. Correctness(),
            Incomplete(),
        ]);

    private static Workload Storms() => new(
        "W5",
        "2,000 listeners in 100 rooms, whose paths all change within a second",
        [new("nat", Load, $"{Storm} --change-kind nat"), new("active", Load, $"{Storm} --change-kind active")],
        [new("blackhole", SignalR, $"{Storm} {Fair}")],
        [
            new(
                "longest gap: ours by either change, SignalR's silent path",
                "ms",
                found => Math.Max(found.Gap("nat", OfListeners, "max"), found.Gap("active", OfListeners, "max")),
                found => found.Gap("blackhole", OfListeners, "max"),
                RatioAtMost(1 / 5.0)),
            Measure.OfOurs("active: gap p99", "ms", found => found.Gap("active", OfListeners, "p99"), AtMost(500)),
            Measure.OfOurs("NAT: gap p99", "ms", found => found.Gap("nat", OfListeners, "p99"), AtMost(1_500)),
            .. Correctness(),
            Incomplete(),
        ]);

    private static Workload HeadOfLine()
    {
        const string Room = "--rooms 1 --members 20 --publishers 1 --rate 200 --blackhole 5% --warm-up 3s --duration 18s";
        return new Workload(
            "W6",
            "A room of 20 at 200 messages a second, one member of which cannot be reached",
            [new("one", Load, Room)],
            [new("one", SignalR, $"{Room} {Fair}"), new("defaults", SignalR, $"{Room} {Defaults}")],
            [
                Measure.OfBoth(
                    "longest gap of the other 19, SignalR's fair settings", "ms", found => found.Gap("one", OfOthers, "max"), AtMost(50)),
                BesideDefaults(
                    "longest gap of the other 19, SignalR's defaults", "ms", "one", (found, trial) => found.Gap(trial, OfOthers, "max")),
                .. Correctness(),
            ]);
    }

    private static Workload Migration()
    {
        // What is compiled and what idle connections cost is the same in both; what remains is what the further ones cost. They move for
        // 20 s, and the last ones have two more until they are counted.
        const string Moving = "--connections 1000 --publishers 0 --members 20 --change-kind active --duration 22s";
        return new Workload(
            "migration",
            "Idle connections that move: what a migration costs gateway, silo and store, from its detection until it is counted",
            [new("few", Load, $"{Moving} --changes 50 --changes-each 1"), new("many", Load, $"{Moving} --changes 250 --changes-each 5")],
            [],
            [
                Measure.OfOurs("servers' processor time a migration", "ms", Cost, AtMost(0.5)),
                Incomplete(),
            ]);

        static double Cost(Found found)
            => (found.OfServers("many", "cpuSeconds") - found.OfServers("few", "cpuSeconds"))
                / (found.Number("many", "migrations") - found.Number("few", "migrations")) * 1_000;
    }

    // The servers' processors are busy with compiling for 15 s to 20 s of a load that begins with new processes.
    private static string Times(bool isQuick) => isQuick ? "--warm-up 6s --duration 6s" : "--warm-up 20s --duration 12s";

    // What the peer does as it comes, which is told and not judged.
    private static Measure BesideDefaults(string name, string unit, string trial, Func<Found, string, double> read)
        => new(name, unit, found => read(found, trial), found => read(found, "defaults"), null);

    // From the client's next datagram on, for until then nobody can know of its new address.
    private static Measure Beyond(string name, string trial, double roundTripMs) => Measure.OfOurs(
        $"{name}: p99 of the gap from the client's next datagram",
        "ms",
        found => found.Times(trial, $"beyondMs.{OfPublishers}", "p99"),
        AtMost(50 + (2.5 * roundTripMs)));

    // A trial that delivers more than it should is as wrong as one that loses; the peer cannot tell the one from a lost acknowledgement.
    private static IEnumerable<Measure> Correctness() =>
    [
        new(
            "lost",
            "messages",
            found => found.Trials.Sum(trial => Math.Abs(found.Number(trial, "lost"))),
            found => found.Trials.Sum(trial => Math.Max(0, found.Number(trial, "lost"))),
            NeverAbove(0)),
        Measure.OfBoth(
            "twice or out of order",
            "messages",
            found => found.Trials.Sum(trial => found.Number(trial, "duplicated") + found.Number(trial, "reordered")),
            NeverAbove(0)),
    ];

    // Of each trial by itself: too many in one must not make up for too few in another.
    private static Measure Incomplete() => Measure.OfOurs(
        "changes that did not complete, or that the cluster has not counted once as completed",
        "",
        found => found.Trials.Where(trial => trial != Control).Sum(trial => found.Number(trial, "changesNotMade")
            + Math.Abs(found.Number(trial, "pathChanges") - found.Number(trial, "migrations"))
            + Math.Abs(found.Number(trial, "pathChanges") - found.Number(trial, "counted.completed"))),
        NeverAbove(0));

    private static double PerServerSecond(Found found, string trial)
        => found.Number(trial, "deliveredPerSecond") * found.Number(trial, "seconds") / found.OfServers(trial, "cpuSeconds");
}
