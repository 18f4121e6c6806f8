using System.Globalization;
using System.Text;
using System.Text.Json;

namespace QuicChat.Benchmarks.Engine;

/// <summary>The results as text.</summary>
internal static class EngineReport
{
    /// <summary>One line of JSON: the workloads by name, each with medians, the ratio and its quartiles.</summary>
    public static string ToJson(EngineOptions options, IReadOnlyList<Measurement> results) => JsonSerializer.Serialize(
        new { options.Pairs, options.Bytes, options.Handshakes, options.Connections, Workloads = results.ToDictionary(r => r.Name, ToValue) },
        JsonSerializerOptions.Web);

    /// <summary>A table for a person.</summary>
    public static string ToTable(IReadOnlyList<Measurement> results)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{"",-26}{"ours",12}{"peer",12}{"ratio",8}  {"quartiles",-16}{"budget",-16}met");
        foreach (var result in results)
        {
            var hasPeer = result.Ratios.Count > 0;
            text.Append(CultureInfo.InvariantCulture, $"{result.Name + ", " + result.Unit,-26}{Measurement.Quantile(result.Ours, 0.5),12:0.###}");
            text.Append(CultureInfo.InvariantCulture, $"{(hasPeer ? Measurement.Quantile(result.Peer, 0.5).ToString("0.###", CultureInfo.InvariantCulture) : "-"),12}");
            text.Append(CultureInfo.InvariantCulture, $"{(hasPeer ? Measurement.Quantile(result.Ratios, 0.5).ToString("0.00", CultureInfo.InvariantCulture) : "-"),8}  ");
            text.Append(CultureInfo.InvariantCulture, $"{Spread(hasPeer ? result.Ratios : result.Ours),-16}{Describe(result.Budget),-16}");
            text.AppendLine(result.Met switch { true => "yes", false => "no", null => "-" });
        }

        return text.ToString().TrimEnd();
    }

    private static object ToValue(Measurement result) => new
    {
        result.Unit,
        Ours = Round(result.Ours, 0.5),
        Peer = Round(result.Peer, 0.5),
        Ratio = Round(result.Ratios, 0.5),
        Spread = result.Ratios.Count == 0 ? null : new[] { Round(result.Ratios, 0.25), Round(result.Ratios, 0.75) },
        Budget = result.Budget is null ? null : Describe(result.Budget),
        result.Met,
        OursAll = result.Ours,
        PeerAll = result.Peer,
    };

    private static double? Round(IReadOnlyList<double> values, double quantile)
        => values.Count == 0 ? null : Math.Round(Measurement.Quantile(values, quantile), 4);

    private static string Spread(IReadOnlyList<double> values)
        => string.Create(CultureInfo.InvariantCulture, $"{Measurement.Quantile(values, 0.25):0.00} – {Measurement.Quantile(values, 0.75):0.00}");

    private static string Describe(Budget? budget)
        => budget is null ? "-" : string.Create(CultureInfo.InvariantCulture, $"{(budget.IsLeast ? "≥" : "≤")} {budget.Limit}{(budget.IsOfRatio ? " ×" : "")}");
}
