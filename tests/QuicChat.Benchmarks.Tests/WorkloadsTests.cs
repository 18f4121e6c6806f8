using QuicChat.Benchmarks.Compare;
using QuicChat.Benchmarks.SignalR;
using QuicChat.Cli.Bench;
using QuicChat.Cli.Load;

namespace QuicChat.Benchmarks.Tests;

/// <summary>A mistake in a workload is found here, and not after an hour of measuring.</summary>
public sealed class WorkloadsTests
{
    public static TheoryData<string, bool> All
        => [.. CompareSettings.SystemKeys.SelectMany(key => new (string, bool)[] { (key, false), (key, true) })];

    [Theory, MemberData(nameof(All))]
    public void Each_trial_is_taken_by_its_program_and_each_measure_finds_its_number(string key, bool isQuick)
    {
        var workload = Workloads.Create(isQuick).Single(workload => workload.Key == key);

        var pair = SamplePair.Of(workload, new Random(1));

        Assert.NotEmpty(workload.Measures);
        Assert.All(workload.Measures, measure =>
        {
            var measurement = measure.Over([pair]);
            Assert.All(measurement.Ours.Concat(measurement.Peer), figure => Assert.True(double.IsFinite(figure), measure.Name));
            Assert.Equal(measure.Peer is null ? 0 : 1, measurement.Peer.Count);
        });
    }

    [Fact]
    public void There_is_a_workload_for_each_name_and_one_alone()
        => Assert.Equal(CompareSettings.SystemKeys, Workloads.Create(isQuick: false).Select(workload => workload.Key));

    [Fact]
    public void Names_of_trials_and_measures_are_unique_in_their_workload()
        => Assert.All(Workloads.Create(isQuick: false), workload =>
        {
            Assert.Distinct(workload.Ours.Select(trial => trial.Name));
            Assert.Distinct(workload.Peer.Select(trial => trial.Name));
            Assert.Distinct(workload.Measures.Select(measure => measure.Name));
        });

    [Fact]
    public void Each_side_runs_at_half_of_what_it_has_reached_itself()
    {
        var workload = Workloads.Create(isQuick: true).Single(workload => workload.Key == "W1");
        var found = new Found();
        found.Add("max", System.Text.Json.JsonDocument.Parse("""{ "publishedPerSecond": 4321.9 }""").RootElement);

        Assert.All(
            workload.Ours.Concat(workload.Peer).Where(trial => trial.Name == "half"),
            trial => Assert.EndsWith(" --rate 2160", trial.OptionsAfter(found), StringComparison.Ordinal));
    }

    [Fact]
    public void The_peer_refuses_what_it_cannot_do()
    {
        var verb = new PeerVerb();

        Assert.Throws<Cli.Verbs.UsageException>(() => verb.Read(verb.Parse("--changes 1 --change-kind active")));
        Assert.Empty(new LoadVerb().Parse("--changes 1 --change-kind active").Errors);
    }
}
