using QuicChat.Benchmarks.Compare;
using QuicChat.EndToEnd.Tests.Support;

namespace QuicChat.Benchmarks.Tests;

/// <summary>The page of a comparison, in a browser.</summary>
public sealed class ComparePageTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("quicchat-compare-page-");

    [Fact]
    public void Every_plot_is_drawn_in_both_schemes_without_complaint()
    {
        var report = SampleComparison.Of(pairs: 5);
        using var browser = Browser.Open(new Uri(CompareVerb.Page.Write(_folder.FullName, report)));

        var measures = report.Workloads.Values.SelectMany(workload => workload.Measures).ToList();
        var budgeted = report.Workloads.Values.Count(workload => workload.Measures.Any(measure => measure.Limit is { Limit: > 0 }));
        Assert.Equal(measures.Count + budgeted, browser.Count(".plot .u-wrap"));
        Assert.Equal(measures.Count + report.Workloads.Count, browser.Count("table tr"));
        foreach (var scheme in (string[])["light", "dark"])
        {
            browser.PreferColors(scheme);
            Assert.All(
                Enumerable.Range(0, browser.Count(".plot")),
                index => Assert.True(browser.ColouredPixels(".plot", index) > 20, $"Plot {index} is not drawn in {scheme}."));
        }

        Assert.Matches("budgets that were judged are met", browser.Text("verdict"));
        Assert.Contains(report.Machine.Processor, browser.Text("machine"), StringComparison.Ordinal);
        Assert.Equal(report.Command, browser.Text("command"));
        Assert.Empty(browser.Complaints());
    }

    [Fact]
    public void An_interrupted_run_says_so_and_shows_what_there_is()
    {
        var report = SampleComparison.Of(pairs: 1, isPartial: true);
        var cut = report with
        {
            Command = "</script><script>console.error('markup')</script>",
            Workloads = new Dictionary<string, CompareReport.Entry>
            {
                ["W1"] = report.Workloads["W1"],
                ["W2"] = CompareReport.Entry.Of(new WorkloadResult("W2", "A large room", [])),
                ["W6"] = CompareReport.Entry.Of(
                    new WorkloadResult("W6", "No peer's figure", [new Measurement("gap", "ms", [3], [0], Budget.RatioAtMost(1))])),
            },
        };
        using var browser = Browser.Open(new Uri(CompareVerb.Page.Write(_folder.FullName, cut)));

        Assert.Equal("Partial: it was ended before its time. Too few pairs to judge a budget by.", browser.Text("verdict"));
        Assert.Equal(cut.Command, browser.Text("command"));
        Assert.Contains("It was not run to the end of a pair.", browser.Text("W2"), StringComparison.Ordinal);
        Assert.Empty(browser.Complaints());
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
