using System.Collections.Immutable;
using System.Text.Json;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Load;

namespace QuicChat.Benchmarks.Tests;

/// <summary>What a load would report, of made-up numbers.</summary>
internal static class SampleResult
{
    public static readonly ImmutableArray<string> OurProcesses = ["gw-1", "silo-1", "store", "load"];
    public static readonly ImmutableArray<string> PeerProcesses = ["server", "redis", "load"];

    /// <summary>Makes one, in the shape that the programs print.</summary>
    /// <param name="settings">What was run.</param>
    /// <param name="processes">The names of the processes.</param>
    /// <param name="random">The numbers.</param>
    public static JsonElement Of(LoadSettings settings, ImmutableArray<string> processes, Random random)
    {
        var changes = (long)(settings.ChangeRate > 0 ? settings.ChangeRate * settings.Duration.TotalSeconds : 100);
        var result = new LoadResult
        {
            Partial = false,
            Load = LoadFacts.Of(settings, settings.Connections),
            Seconds = settings.Duration.TotalSeconds,
            Published = 1000,
            Acknowledged = 1000,
            Unacknowledged = 0,
            Refused = 0,
            Unsent = 0,
            Expected = 20_000,
            Delivered = 20_000,
            Lost = 0,
            Duplicated = 0,
            Reordered = 0,
            Foreign = 0,
            PublishedPerSecond = 1000 + random.Next(100),
            DeliveredPerSecond = 20_000 + random.Next(1000),
            DeliveryMs = Times(),
            AckMs = Times(),
            ConnectMs = Times(),
            ConnectedPerSecond = 800 + random.Next(100),
            Reconnects = 0,
            PathChanges = changes,
            ChangesNotMade = 0,
            ChangesAt = [],
            Migrations = changes,
            Counted = MigrationTotals.Zero with { Started = changes, Completed = changes },
            GapMs = new LoadGaps(Times(), Times(), Times()),
            BeyondMs = new LoadGaps(Times(), Times(), Times()),
            NotBack = new LoadNotBack(0, 0, 0),
            Processes = Costs(settings.Connections),
            ProcessesGone = [],
            AllocatedBytesPerSecond = 1e6,
            Steps = [.. settings.Steps.Select(connections => new LoadStep(connections, 800, 1, Costs(connections)))],
            ProcessNames = processes,
            Series = [],
        };
        return JsonSerializer.SerializeToElement(result, JsonSerializerOptions.Web);

        Distribution Times()
        {
            var median = 2 + random.NextDouble();
            return new Distribution(1000, median, median, median * 2, median * 4, median * 6, median * 8, [], []);
        }

        ImmutableArray<ProcessReport> Costs(int connections)
            => [.. processes.Select(name => new ProcessReport(
                name,
                1,
                1 + (connections * (2 + random.NextDouble()) / 10_000),
                5 + random.NextDouble(),
                100_000_000 + (connections * (20_000L + random.Next(1000)))))];
    }
}
