using QuicChat.Benchmarks.Compare;
using QuicChat.Cli.Load;
using QuicChat.Cli.Verbs;

namespace QuicChat.Benchmarks.Tests;

/// <summary>What a comparison will lack is said before it begins.</summary>
public sealed class CompareNeedsTests
{
    private const int OfThePeer = 5_000 + LoadLimits.OtherFiles;

    private readonly Workload _idle = Workloads.Create(isQuick: false).Single(workload => workload.Key == "W3");

    [Fact]
    public void The_peers_clients_have_a_file_each()
    {
        var error = Assert.Throws<ToolException>(() => CompareNeeds.CheckLimits(_idle, new LoadLimits(OfThePeer - 1, null)));

        Assert.Equal(
            "W3, signalr: its clients need 5400 open files, and this process may have 5399; raise the limit with 'ulimit -n 5400', "
            + "or leave W3 away with --only.",
            error.Message);
    }

    [Fact]
    public void As_many_as_it_takes_are_enough() => CompareNeeds.CheckLimits(_idle, new LoadLimits(OfThePeer, null));

    [Fact]
    public void Ours_are_checked_first()
        => Assert.StartsWith(
            "W3, --connections: 20000 clients need ",
            Assert.Throws<ToolException>(() => CompareNeeds.CheckLimits(_idle, new LoadLimits(100, null))).Message,
            StringComparison.Ordinal);
}
