using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace QuicChat.Benchmarks;

/// <summary>Measurements as programs and people read them.</summary>
internal static class MeasurementText
{
    /// <summary>As a JSON object: medians, the ratio and its quartiles, and each pair's figures.</summary>
    public static MeasurementValue ToValue(Measurement measurement) => new(
        measurement.Name,
        measurement.Unit,
        Round(measurement.Ours, 0.5),
        Round(measurement.Peer, 0.5),
        Round(measurement.Ratios, 0.5),
        measurement.Judged.Count == 0 ? null : [Round(measurement.Judged, 0.25), Round(measurement.Judged, 0.75)],
        measurement.Budget?.ToString(),
        measurement.Budget,
        measurement.Met,
        [.. measurement.Ours.Select(Finite)],
        [.. measurement.Peer.Select(Finite)],
        [.. measurement.Ratios.Select(Finite)]);

    /// <summary>As a table.</summary>
    public static IRenderable Draw(IEnumerable<(string Name, IReadOnlyList<Measurement> Measurements)> groups)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("", "measure");
        foreach (var heading in (string[])["ours", "peer", "ratio", "quartiles", "budget", "met"])
        {
            table.AddColumn(new TableColumn(heading).RightAligned());
        }

        foreach (var (name, measurements) in groups)
        {
            foreach (var (index, measurement) in measurements.Index())
            {
                var met = measurement.Met switch { true => "[green]yes[/]", false => "[red]no[/]", null => "" };
                table.AddRow([index == 0 ? name : "", .. Cells(measurement).Select(Markup.Escape), met]);
            }
        }

        return table;
    }

    private static string[] Cells(Measurement measurement) =>
    [
        measurement.Unit.Length == 0 ? measurement.Name : $"{measurement.Name}, {measurement.Unit}",
        Number(measurement.Ours),
        Number(measurement.Peer),
        measurement.Ratios.Count == 0 ? "" : Measurement.Quantile(measurement.Ratios, 0.5).ToString("0.00", CultureInfo.InvariantCulture),
        measurement.Judged.Count == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $"{Measurement.Quantile(measurement.Judged, 0.25):0.###} – {Measurement.Quantile(measurement.Judged, 0.75):0.###}"),
        measurement.Budget?.ToString() ?? "",
    ];

    private static string Number(IReadOnlyList<double> values)
        => values.Count == 0 ? "" : Measurement.Quantile(values, 0.5).ToString("#,0.###", CultureInfo.InvariantCulture);

    private static double? Round(IReadOnlyList<double> values, double quantile)
        => values.Count == 0 ? null : Finite(Math.Round(Measurement.Quantile(values, quantile), 4));

    // A ratio to nothing, which JSON cannot say.
    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
