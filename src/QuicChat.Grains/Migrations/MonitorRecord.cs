namespace QuicChat.Grains.Migrations;

/// <summary>What the monitor stores: checkpoints of the silos' sums.</summary>
[GenerateSerializer, Alias("quicchat.migration.monitor-record")]
internal sealed class MonitorRecord
{
    /// <summary>The name that earlier silos go under together, where there were too many.</summary>
    public const string FormerSilos = "(former)";

    // Names may be as many as containers ever ran; what is stored and shown each second must not be.
    private const int PastLimit = 64;

    /// <summary>Since when is counted; <see langword="null"/> before the first time.</summary>
    [Id(0)]
    public DateTimeOffset? Since { get; set; }

    /// <summary>The checkpoints of silos that report, or whose connections' records are not all read again yet, by incarnation.</summary>
    [Id(1)]
    public Dictionary<string, SiloSums> Present { get; set; } = [];

    /// <summary>The sums of earlier lives, by the silo's name.</summary>
    [Id(2)]
    public Dictionary<string, SumsByGateway> Past { get; set; } = [];

    /// <summary>What is not shown, because it was counted before the last reset, by the silo's name.</summary>
    [Id(3)]
    public Dictionary<string, SumsByGateway> Baseline { get; set; } = [];

    /// <summary>Adds up earlier lives of silos under one name, where there are more than 64 names, but for those of silos that are there.</summary>
    public void FoldPast(IReadOnlySet<string> present)
    {
        foreach (var silo in Past.Keys.Where(silo => silo != FormerSilos && !present.Contains(silo)).Take(Math.Max(0, Past.Count - PastLimit + 1)).ToList())
        {
            if (Past.Count > PastLimit)
            {
                Fold(Past, silo);
                Fold(Baseline, silo);
            }
        }

        static void Fold(Dictionary<string, SumsByGateway> sums, string silo)
        {
            if (sums.Remove(silo, out var former))
            {
                sums[FormerSilos] = sums.GetValueOrDefault(FormerSilos, SumsByGateway.Zero).Plus(former);
            }
        }
    }
}
