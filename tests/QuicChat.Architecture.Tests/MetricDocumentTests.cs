using System.Text.RegularExpressions;

using Xunit;

namespace QuicChat.Architecture.Tests;

/// <summary>An operator looks a metric up in the documents.</summary>
public partial class MetricDocumentTests
{
    [Fact]
    public void The_table_of_a_gateways_metrics_has_each_of_them_and_no_other()
    {
        var made = Names(Instrument(), "gateway/Diagnostics/GatewayMetrics.cs");
        var told = Names(Row(), "docs/operating.md");

        Assert.True(made.Length > 20, $"Only {made.Length} metrics are made; does this test still find them?");
        Assert.Equal(made, told);
    }

    private static string[] Names(Regex name, string file)
        => [.. name.Matches(File.ReadAllText(Repository.Absolute(file))).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal)];

    [GeneratedRegex("""\"(?<name>quicchat\.[a-z_.]+)\",""")]
    private static partial Regex Instrument();

    [GeneratedRegex("""^\| `(?<name>quicchat\.[a-z_.]+)` \|""", RegexOptions.Multiline)]
    private static partial Regex Row();
}
