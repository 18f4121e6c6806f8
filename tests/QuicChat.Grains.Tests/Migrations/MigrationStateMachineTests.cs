using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Migrations;
using Xunit;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>The transition table, row by row.</summary>
public sealed class MigrationStateMachineTests
{
    private const string A = "192.0.2.1:1000";
    private const string B = "192.0.2.1:2000";
    private const string C = "198.51.100.7:3000";

    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private DateTimeOffset _now = Noon;
    private MigrationTracking _tracking = MigrationTracking.Begin(A);
    private long _number;

    [Fact]
    public void StableDetectedIsMigrating()
    {
        var effect = Assert.Single(Handle(Detected, A, B));

        var attempt = new PendingAttempt(A, B, MigrationKind.PortOnly, Noon, Noon);
        Assert.Equal(new MigrationEffect.Started(attempt), effect);
        Assert.Equal(MigrationState.Migrating, _tracking.State);
        Assert.Equal(attempt, _tracking.Attempt);
        Assert.Equal(A, _tracking.RemoteEndPoint);
        Assert.Equal(MigrationTotals.Zero with { Started = 1 }, _tracking.Totals);
    }

    [Fact]
    public void MigratingDetectedAnotherPathSupersedesAndKeepsTheDeadline()
    {
        Handle(Detected, A, B);
        Pass(2);

        var effects = Handle(Detected, A, C, MigrationKind.Address);

        Assert.Collection(
            effects,
            ended => Assert.Equal(Attempt(B, MigrationKind.PortOnly, MigrationOutcome.Superseded, Noon, 2), Ended(ended)),
            started => Assert.Equal(
                new PendingAttempt(A, C, MigrationKind.Address, Noon.AddSeconds(2), UnresolvedSince: Noon), ((MigrationEffect.Started)started).Attempt));
        Assert.Equal(MigrationState.Migrating, _tracking.State);
        Assert.Equal(MigrationTotals.Zero with { Started = 2, Superseded = 1 }, _tracking.Totals);
    }

    [Fact]
    public void MigratingValidatedIsCompletedAndStableAgain()
    {
        Handle(Detected, A, B);
        Pass(1);

        var effect = Assert.Single(Handle(Validated, A, B, seconds: 0.7));

        Assert.Equal(Attempt(B, MigrationKind.PortOnly, MigrationOutcome.Completed, Noon, 0.7), Ended(effect));
        Assert.Equal(MigrationState.Stable, _tracking.State);
        Assert.Null(_tracking.Attempt);
        Assert.Equal(B, _tracking.RemoteEndPoint);
        Assert.Equal(_now, _tracking.LastMigration);
        Assert.Equal(MigrationTotals.Zero with { Started = 1, Completed = 1 }, _tracking.Totals);
    }

    [Theory]
    [InlineData(Reverted, MigrationOutcome.Reverted)]
    [InlineData(Unknown, MigrationOutcome.Unknown)]
    public void MigratingRevertedOrUnknownIsStableOnTheOldPath(PathObservationType type, MigrationOutcome outcome)
    {
        Handle(Detected, A, B);
        Pass(1);

        var effect = Assert.Single(Handle(type, A, B, seconds: 1));

        Assert.Equal(Attempt(B, MigrationKind.PortOnly, outcome, Noon, 1), Ended(effect));
        Assert.Equal(MigrationState.Stable, _tracking.State);
        Assert.Equal(A, _tracking.RemoteEndPoint);
        Assert.Null(_tracking.LastMigration);
        Assert.Equal(MigrationTotals.Zero.Plus(outcome) with { Started = 1 }, _tracking.Totals);
    }

    [Fact]
    public void MigratingFailedIsTerminal()
    {
        Handle(Detected, A, B);
        Pass(30);

        var effect = Assert.Single(Handle(Failed, A, B, seconds: 30, reason: "no answer"));

        Assert.Equal(Attempt(B, MigrationKind.PortOnly, MigrationOutcome.Failed, Noon, 30) with { Reason = "no answer" }, Ended(effect));
        Assert.Equal(MigrationState.MigrationFailed, _tracking.State);
        Assert.Null(_tracking.Attempt);
        foreach (var type in new[] { Detected, Validated, Reverted, Unknown, Failed })
        {
            Assert.IsType<MigrationEffect.Ignored>(Assert.Single(Handle(type, A, C)));
            Assert.Equal(MigrationState.MigrationFailed, _tracking.State);
        }

        Assert.Equal(MigrationTotals.Zero with { Started = 1, Failed = 1, Ignored = 5 }, _tracking.Totals);
    }

    [Fact]
    public void MigratingClosedIsAbandoned()
    {
        Handle(Detected, A, B);
        Pass(3);

        var effect = Assert.Single(Run(machine => machine.Close("the client left")));

        Assert.Equal(Attempt(B, MigrationKind.PortOnly, MigrationOutcome.Abandoned, Noon, 3) with { Reason = "the client left" }, Ended(effect));
        Assert.Null(_tracking.Attempt);
        Assert.Equal(MigrationTotals.Zero with { Started = 1, Abandoned = 1 }, _tracking.Totals);
    }

    [Fact]
    public void StableClosedCountsNothing()
    {
        Assert.Empty(Run(machine => machine.Close("the client left")));

        Assert.Equal(MigrationTotals.Zero, _tracking.Totals);
    }

    [Fact]
    public void MigratingWithTheGatewayLostHasFailed()
    {
        Handle(Detected, A, B);
        Pass(12);

        var effect = Assert.Single(Run(machine => machine.Fail("gateway lost")));

        Assert.Equal(Attempt(B, MigrationKind.PortOnly, MigrationOutcome.Failed, Noon, 12) with { Reason = "gateway lost" }, Ended(effect));
        Assert.Equal(MigrationState.MigrationFailed, _tracking.State);
    }

    [Fact]
    public void StableFailedByAnOperatorCountsNoAttempt()
    {
        Assert.Equal([new MigrationEffect.Failed("192.0.2.1:1000", "an operator said so")], Run(machine => machine.Fail("an operator said so")));

        Assert.Equal(MigrationState.MigrationFailed, _tracking.State);
        Assert.Equal(MigrationTotals.Zero, _tracking.Totals);
    }

    [Theory]
    [InlineData(Validated)]
    [InlineData(Reverted)]
    [InlineData(Unknown)]
    [InlineData(Failed)]
    public void StableIgnoresWhatComesLate(PathObservationType type)
    {
        var effect = Assert.Single(Handle(type, A, B));

        Assert.IsType<MigrationEffect.Ignored>(effect);
        Assert.Equal(MigrationTracking.Begin(A) with { LastEventNumber = 1, Totals = MigrationTotals.Zero with { Ignored = 1 } }, _tracking);
    }

    [Fact]
    public void DeniedIsCountedAndChangesNoState()
    {
        Assert.IsType<MigrationEffect.Denied>(Assert.Single(Handle(Denied, A, C)));
        Assert.Equal(MigrationState.Stable, _tracking.State);
        Handle(Detected, A, B);
        Assert.IsType<MigrationEffect.Denied>(Assert.Single(Handle(Denied, A, C)));
        Assert.Equal(MigrationState.Migrating, _tracking.State);

        Assert.Equal(MigrationTotals.Zero with { Started = 1, Denied = 2 }, _tracking.Totals);
    }

    [Theory]
    [InlineData(A, A, MigrationKind.PortOnly)]
    [InlineData(A, B, (MigrationKind)7)]
    public void ADetectedThatCannotBeIsIgnored(string from, string to, MigrationKind kind)
    {
        Assert.IsType<MigrationEffect.Ignored>(Assert.Single(Handle(Detected, from, to, kind)));

        Assert.Equal(MigrationState.Stable, _tracking.State);
    }

    [Fact]
    public void TheSamePathDetectedAgainIsIgnored()
    {
        Handle(Detected, A, B);

        Assert.IsType<MigrationEffect.Ignored>(Assert.Single(Handle(Detected, A, B)));

        Assert.Equal(MigrationTotals.Zero with { Started = 1, Ignored = 1 }, _tracking.Totals);
    }

    [Fact]
    public void AnUnknownTypeIsIgnored()
        => Assert.IsType<MigrationEffect.Ignored>(Assert.Single(Handle((PathObservationType)99, A, B)));

    [Fact]
    public void AnEventAtOrBelowTheLastNumberIsIgnored()
    {
        Handle(Detected, A, B);
        Handle(Reverted, A, B);
        var before = _tracking;
        _number = 0;

        Handle(Detected, A, B);
        Handle(Reverted, A, B);

        Assert.Equal(before with { Totals = before.Totals with { Ignored = 2 } }, _tracking);
    }

    [Fact]
    public void AHoleIsCountedAndWhatFollowsIsApplied()
    {
        _number = 5;

        var effects = Handle(Detected, A, B);

        Assert.Collection(
            effects,
            hole => Assert.IsType<MigrationEffect.Ignored>(hole),
            started => Assert.IsType<MigrationEffect.Started>(started));
        Assert.Equal(6, _tracking.LastEventNumber);
        Assert.Equal(MigrationState.Migrating, _tracking.State);
    }

    [Theory]
    [InlineData(-31)]
    [InlineData(1)]
    [InlineData(1e9)]
    [InlineData(-1e9)]
    public void AnAbsurdTimeIsReplacedByTheSilosOwn(double seconds)
    {
        Run(machine => machine.Handle(Event(Detected, A, B) with { At = Noon.AddSeconds(seconds) }));

        Assert.Equal(Noon, _tracking.Attempt!.StartedAt);
    }

    [Theory]
    [InlineData(-5, 0)]
    [InlineData(1e9, 30)]
    public void AnAbsurdDurationIsBounded(double seconds, double expected)
    {
        Handle(Detected, A, B);

        var effect = Assert.Single(Handle(Validated, A, B, seconds: seconds));

        Assert.Equal(TimeSpan.FromSeconds(expected), Ended(effect).Duration);
    }

    [Fact]
    public void TheHistoryKeepsTheLast32Attempts()
    {
        for (var attempt = 0; attempt < 40; attempt++)
        {
            Handle(Detected, A, B);
            Handle(Reverted, A, B, reason: $"{attempt}");
        }

        Assert.Equal(Enumerable.Range(8, 32).Select(attempt => $"{attempt}"), _tracking.History.Select(attempt => attempt.Reason));
    }

    private static MigrationAttempt Ended(MigrationEffect effect) => Assert.IsType<MigrationEffect.Ended>(effect).Attempt;

    private static MigrationAttempt Attempt(string to, MigrationKind kind, MigrationOutcome outcome, DateTimeOffset startedAt, double seconds)
        => new(A, to, kind, outcome, null, startedAt, TimeSpan.FromSeconds(seconds), false, "gw-1", "silo-1");

    private PathObservation Event(
        PathObservationType type, string from, string to, MigrationKind kind = MigrationKind.PortOnly, double seconds = 0, string? reason = null)
        => new(++_number, type, from, to, kind, _now, TimeSpan.FromSeconds(seconds), false, reason);

    private IReadOnlyList<MigrationEffect> Handle(
        PathObservationType type, string from, string to, MigrationKind kind = MigrationKind.PortOnly, double seconds = 0, string? reason = null)
        => Run(machine => machine.Handle(Event(type, from, to, kind, seconds, reason)));

    private IReadOnlyList<MigrationEffect> Run(Action<MigrationStateMachine> act)
    {
        var machine = new MigrationStateMachine(_tracking, new MigrationCircumstances(_now, Timeout, "gw-1", "silo-1"));
        act(machine);
        _tracking = machine.Tracking;
        return machine.Effects;
    }

    private void Pass(double seconds) => _now = _now.AddSeconds(seconds);
}
