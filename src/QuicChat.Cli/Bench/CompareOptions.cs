using System.Collections.Immutable;
using System.CommandLine;
using QuicChat.Cli.Report;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Bench;

/// <summary>The options of <c>bench compare</c>.</summary>
internal sealed class CompareOptions
{
    private readonly Option<bool> _quick = new("--quick")
    {
        Description = "One short pair of each workload, with 5,000 connections at most: a look, by which no budget is judged.",
    };
    private readonly Option<int?> _pairs = Choice.NumberOrNone(
        "--pairs", 1, 100, $"How often each side runs, in turns; {CompareSettings.PairsToJudge} unless given, the fewest by which a budget is judged.");
    private readonly Option<ImmutableArray<string>> _only = Choice.Of<ImmutableArray<string>>(
        "--only", "W1,W2,...", $"Only these of {string.Join(", ", CompareSettings.Keys)}.", ReadKeys);
    private readonly Option<bool> _list = new("--list") { Description = "Prints the command line of each trial, and runs none." };
    private readonly Option<string?> _report = ReportOption.Create("Writes compare.html there: the result as tables and plots, in one file.");

    /// <summary>All of them, in the order of the help.</summary>
    public IReadOnlyList<Option> All => [_quick, _pairs, _only, _list, _report];

    /// <summary>Reads them.</summary>
    public CompareSettings Read(ParseResult parsed)
    {
        var isQuick = parsed.GetValue(_quick);
        var only = parsed.GetValue(_only);
        return new CompareSettings(
            parsed.GetValue(_pairs) ?? (isQuick ? 1 : CompareSettings.PairsToJudge),
            isQuick,
            only.IsDefault ? [] : only,
            parsed.GetValue(_report),
            parsed.GetValue(_list));
    }

    private static ImmutableArray<string> ReadKeys(string text)
    {
        ImmutableArray<string> keys = [.. text.Split(',')];
        return keys.FirstOrDefault(key => !CompareSettings.Keys.Contains(key, StringComparer.OrdinalIgnoreCase)) is { } unknown
            ? throw new FormatException($"there is no workload '{unknown}'; there are {string.Join(", ", CompareSettings.Keys)}")
            : keys;
    }
}
