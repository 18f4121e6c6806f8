using System.Text.Json;
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

    // workload | measure | what it has to meet. Nothing else is judged.
    private const string Budgets =
        """
        W1 | delivered | ≥ 1.5 ×
        W1 | p99 at half of each one's maximum | ≤ 1 ×
        W1 | lost | ≤ 0, always
        W1 | twice or out of order | ≤ 0, always
        W2 | one publisher: delivered | ≥ 1.5 ×
        W2 | one publisher: p99 | ≤ 1 ×
        W2 | twenty: p99 | ≤ 1 ×
        W2 | lost | ≤ 0, always
        W2 | twice or out of order | ≤ 0, always
        W3 | server's memory a connection, 2,000 to 5,000 | ≤ 0.4 ×
        W3 | gateway's memory a connection, to the last step over the step before | ≤ 1
        W3 | silo's memory a connection, 2,000 to 5,000 | ≤ 8
        W3 | connected, 2,000 to 5,000 | ≥ 3 ×
        W3 | gateway's processor at the last step | ≤ 15
        W3 | gateway's processor for each further connection, at the last step over from 1,000 to the step before | ≤ 1.3
        W4 | gap p99: our NAT rebinding, SignalR's silent path | ≤ 0.05 ×
        W4 | active: gap p99 | ≤ 50
        W4 | active at 40 ms: gap p99 | ≤ 50
        W4 | NAT: p99 of the gap from the client's next datagram | ≤ 50
        W4 | address: p99 of the gap from the client's next datagram | ≤ 50
        W4 | NAT at 40 ms: p99 of the gap from the client's next datagram | ≤ 150
        W4 | lost | ≤ 0, always
        W4 | twice or out of order | ≤ 0, always
        W4 | changes that did not complete, or that the cluster has not counted once as completed | ≤ 0, always
        W5 | longest gap: ours by either change, SignalR's silent path | ≤ 0.2 ×
        W5 | active: gap p99 | ≤ 500
        W5 | NAT: gap p99 | ≤ 1500
        W5 | lost | ≤ 0, always
        W5 | twice or out of order | ≤ 0, always
        W5 | changes that did not complete, or that the cluster has not counted once as completed | ≤ 0, always
        W6 | longest gap of the other 19, SignalR's fair settings | ≤ 50
        W6 | lost | ≤ 0, always
        W6 | twice or out of order | ≤ 0, always
        migration | servers' processor time a migration | ≤ 0.5
        migration | changes that did not complete, or that the cluster has not counted once as completed | ≤ 0, always
        """;

    [Theory, InlineData(true), InlineData(false)]
    public void The_budgets_are_these(bool isQuick)
        => Assert.Equal(
            Budgets.Split('\n', StringSplitOptions.TrimEntries),
            Workloads.Create(isQuick).SelectMany(workload => workload.Measures
                .Where(measure => measure.Budget is not null)
                .Select(measure => $"{workload.Key} | {measure.Name} | {measure.Budget}")));

    [Theory, InlineData(true), InlineData(false)]
    public void Idle_connections_rest_for_the_same_time_on_both_sides(bool isQuick)
    {
        var idle = Workloads.Create(isQuick).Single(workload => workload.Key == "W3");

        Assert.Single(idle.Ours.Concat(idle.Peer).Select(trial => Word(trial, "--step-time")).Distinct());
        Assert.All(idle.Peer, trial => Assert.StartsWith(Word(trial, "--steps"), Word(idle.Ours[0], "--steps"), StringComparison.Ordinal));
        Assert.EndsWith(",5000", Word(idle.Peer[0], "--steps"), StringComparison.Ordinal);

        static string Word(Trial trial, string option) => trial.Options.Split(' ') is var words ? words[words.IndexOf(option) + 1] : "";
    }

    [Fact]
    public void Both_sides_run_alike_but_for_the_kind_of_change_and_what_the_peer_cannot()
    {
        string[] trials = ["W1 max", "W1 half", "W2 one", "W2 twenty", "W2 sixteen", "W6 one"];
        var workloads = Workloads.Create(isQuick: false).ToDictionary(workload => workload.Key);

        Assert.All(trials, name =>
        {
            var workload = workloads[name[..2]];
            var ours = workload.Ours.Single(trial => trial.Name == name[3..]);
            Assert.Equal($"{ours.Options} --settings fair", workload.Peer.Single(trial => trial.Name == name[3..]).Options);
        });
        Assert.All((string[])["W1", "W2", "W3", "W6"], key => Assert.EndsWith(
            " --settings default", workloads[key].Peer.Single(trial => trial.Name == "defaults").Options, StringComparison.Ordinal));
    }

    [Fact]
    public void Changes_too_many_in_one_trial_do_not_make_up_for_too_few_in_another()
    {
        var measure = Workloads.Create(isQuick: false).Single(workload => workload.Key == "W4").Measures[^1];
        var found = new Found();
        found.Add("nat", Changes(made: 100, told: 99, counted: 100));
        found.Add("active", Changes(made: 100, told: 101, counted: 100));
        found.Add("address", Changes(made: 100, told: 100, counted: 98));
        found.Add("none", Changes(made: 100, told: 0, counted: 0));

        Assert.Equal(4, measure.Ours(found));

        static JsonElement Changes(int made, int told, int counted) => Json(
            $$"""{ "pathChanges": {{made}}, "changesNotMade": 0, "migrations": {{told}}, "counted": { "completed": {{counted}} } }""");
    }

    [Fact]
    public void What_is_lost_twice_or_late_in_any_trial_is_judged()
    {
        var measures = Workloads.Create(isQuick: false).Single(workload => workload.Key == "W1").Measures;
        var found = new Found();
        found.Add("max", Json("""{ "lost": 0, "duplicated": 0, "reordered": 1 }"""));
        found.Add("half", Json("""{ "lost": 3, "duplicated": 2, "reordered": 0 }"""));

        Assert.Equal(3, measures.Single(measure => measure.Name == "lost").Ours(found));
        Assert.Equal(3, measures.Single(measure => measure.Name == "twice or out of order").Ours(found));
    }

    [Fact]
    public void A_number_that_is_missing_is_told_by_its_measure()
    {
        var workload = Workloads.Create(isQuick: false).Single(workload => workload.Key == "W6");
        var found = new Found();
        found.Add("one", Json("""{ "gapMs": { "others": { "count": 0, "max": 0 } } }"""));

        var error = Assert.Throws<BenchmarkException>(() => workload.Check((found, found)));

        Assert.Equal(
            "W6, longest gap of the other 19, SignalR's fair settings: the trial 'one' measured no gapMs.others, so it has no max.",
            error.Message);
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
        found.Add("max", Json("""{ "publishedPerSecond": 4321.9 }"""));

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

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
