using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Migrations;
using Xunit;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>What holds for any sequence of events, sensible or not.</summary>
public sealed class MigrationPropertyTests(ITestOutputHelper output)
{
    private const int Sequences = 2_000;
    private const int Steps = 60;

    private static readonly string[] EndPoints = ["192.0.2.1:1000", "192.0.2.1:2000", "198.51.100.7:3000", "[2001:db8::1]:4000", ""];
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void TheIdentityHoldsAndStateAndAttemptAgree()
        => ForRandomSequences((random, machine) =>
        {
            var before = machine.Tracking;
            Step(random, machine);

            var totals = machine.Tracking.Totals;
            Assert.Equal(machine.Tracking.Attempt is null ? 0 : 1, totals.InFlight);
            Assert.Equal(
                totals.Started,
                totals.Completed + totals.Reverted + totals.Superseded + totals.Abandoned + totals.Unknown + totals.Failed + totals.InFlight);
            Assert.Equal(machine.Tracking.State == MigrationState.Migrating, machine.Tracking.Attempt is not null);
            Assert.InRange(machine.Tracking.State, MigrationState.Stable, MigrationState.MigrationFailed);
            Assert.NotEqual(MigrationState.MigrationCompleted, machine.Tracking.State);
            Assert.True(totals.Failed <= 1, "A connection fails once.");
            Assert.InRange(machine.Tracking.History.Length, 0, MigrationTracking.HistoryLength);
            Assert.True(machine.Tracking.LastEventNumber >= before.LastEventNumber, "The event number never falls.");
            if (before.State == MigrationState.MigrationFailed)
            {
                Assert.Equal(MigrationState.MigrationFailed, machine.Tracking.State);
            }
        });

    [Fact]
    public void TheEffectsAddUpToTheTotals()
        => ForRandomSequences(
            Step,
            machine =>
            {
                var sums = GatewaySums.Zero.Plus(machine.Effects);
                Assert.Equal(machine.Tracking.Totals, sums.Totals);
                Assert.Equal(machine.Tracking.Totals.Completed, sums.Durations.Total);
                Assert.Equal(
                    machine.Tracking.Totals with { Denied = 0, Ignored = 0 },
                    sums.ByKind.PortOnly.Plus(sums.ByKind.Address).Plus(sums.ByKind.Family));
            });

    [Fact]
    public void ReplayedReportsChangeNothingButTheCountOfIgnoredEvents()
        => ForRandomSequences((random, machine) =>
        {
            var observation = Observation(random, machine.Tracking.LastEventNumber + 1);
            machine.Handle(observation);
            var before = machine.Tracking;

            machine.Handle(observation);

            Assert.Equal(before with { Totals = before.Totals with { Ignored = before.Totals.Ignored + 1 } }, machine.Tracking);
        });

    [Fact]
    public void ItDoesWhatTheTableSays()
    {
        var model = new ReferenceModel();
        ForRandomSequences((random, machine) =>
        {
            Step(
                random,
                machine,
                observation => model.Handle(observation, observation.At <= Noon && observation.At >= Noon.AddSeconds(-30) ? observation.At : Noon),
                model.Close,
                model.Fail);

            Assert.Equal(model.State, machine.Tracking.State);
            Assert.Equal(model.Totals, machine.Tracking.Totals);
            Assert.Equal(model.LastNumber, machine.Tracking.LastEventNumber);
            Assert.Equal(model.Destination, machine.Tracking.Attempt?.To);
            Assert.Equal(model.UnresolvedSince, machine.Tracking.Attempt?.UnresolvedSince);
            Assert.Equal(model.State == MigrationState.Migrating, machine.Tracking.Attempt?.StartedAt is not null);
            Assert.Equal(
                model.Outcomes.TakeLast(MigrationTracking.HistoryLength), machine.Tracking.History.Select(attempt => attempt.Outcome));
        },
        _ => model = new ReferenceModel());
    }

    private static void Step(Random random, MigrationStateMachine machine) => Step(random, machine, _ => { }, () => { }, () => { });

    private static void Step(
        Random random, MigrationStateMachine machine, Action<PathObservation> handled, Action closed, Action failed)
    {
        switch (random.Next(100))
        {
            case 0:
                machine.Fail("random");
                failed();
                break;
            case 1:
                machine.Close("random");
                closed();
                break;
            default:
                // Mostly the next number, sometimes an old one or one beyond a hole.
                var number = machine.Tracking.LastEventNumber + (random.Next(10) == 0 ? random.Next(-3, 4) : 1);
                var observation = Observation(random, number);
                machine.Handle(observation);
                handled(observation);
                break;
        }
    }

    private static PathObservation Observation(Random random, long number) => new(
        number,
        (PathObservationType)random.Next(-1, 8),
        EndPoints[random.Next(EndPoints.Length)],
        EndPoints[random.Next(EndPoints.Length)],
        (MigrationKind)random.Next(0, 4),
        Noon.AddSeconds(random.Next(-100, 100)),
        TimeSpan.FromSeconds(random.Next(-100, 100)),
        random.Next(2) == 0,
        null);

    private void ForRandomSequences(Action<Random, MigrationStateMachine> step, Action<MigrationStateMachine>? after = null)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        for (var sequence = 0; sequence < Sequences; sequence++)
        {
            var random = new Random(unchecked(seed + sequence));
            var machine = new MigrationStateMachine(
                MigrationTracking.Begin(EndPoints[0]), new MigrationCircumstances(Noon, TimeSpan.FromSeconds(30), "gw-1", "silo-1"));
            for (var count = 0; count < Steps; count++)
            {
                step(random, machine);
            }

            after?.Invoke(machine);
        }
    }
}
