using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// The migration state machine of one connection: events go in by <see cref="Handle"/>, <see cref="Close"/> and <see cref="Fail"/>; the new
/// state and the effects come out. It does no I/O, knows no clock, and throws for nothing that a gateway may send.
/// </summary>
internal sealed class MigrationStateMachine(MigrationTracking tracking, MigrationCircumstances circumstances)
{
    // What a gateway sends is kept in the record: more than any end point or honest reason needs is cut off, or refused.
    private const int MaxEndPointLength = 64;

    // A hole is what a gateway dropped; none drops this many events of one connection.
    private const int MaxHole = 1_000_000;

    private readonly List<MigrationEffect> _effects = [];

    /// <summary>The state after all that was handled.</summary>
    public MigrationTracking Tracking { get; private set; } = tracking;

    /// <summary>What happened, in order.</summary>
    public IReadOnlyList<MigrationEffect> Effects => _effects;

    /// <summary>Applies one event of a report.</summary>
    public void Handle(PathObservation? observation)
    {
        if (observation is null
            || observation.Number <= Tracking.LastEventNumber
            || observation.Number - MaxHole > Tracking.LastEventNumber)
        {
            Ignore();
            return;
        }

        if (observation.Number > Tracking.LastEventNumber + 1)
        {
            // The gateway drops what was acknowledged, so what is missing will not come; going on without it keeps state and path together.
            Ignore();
        }

        Tracking = Tracking with { LastEventNumber = observation.Number };
        switch (observation.Type)
        {
            case PathObservationType.Detected when IsPossible(observation):
                Begin(observation);
                break;
            case PathObservationType.Validated when Tracking.Attempt is { } attempt:
                End(attempt, MigrationOutcome.Completed, observation);
                Tracking = Tracking with { RemoteEndPoint = IsEndPoint(observation.To) ? observation.To : attempt.To, LastMigration = circumstances.Now };
                break;
            case PathObservationType.Reverted when Tracking.Attempt is { } attempt:
                End(attempt, MigrationOutcome.Reverted, observation);
                break;
            case PathObservationType.Unknown when Tracking.Attempt is { } attempt:
                End(attempt, MigrationOutcome.Unknown, observation);
                break;
            case PathObservationType.Failed when Tracking.Attempt is { } attempt:
                End(attempt, MigrationOutcome.Failed, observation);
                EndConnection(Tracking.History[^1].Reason ?? "the path could not be validated");
                break;
            case PathObservationType.Denied:
                Tracking = Tracking with { Totals = Tracking.Totals with { Denied = Tracking.Totals.Denied + 1 } };
                _effects.Add(new MigrationEffect.Denied(
                    Named(observation.From), Named(observation.To), observation.Kind, Plausible(observation.At), Cut(observation.Reason)));
                break;
            default:
                Ignore();
                break;
        }
    }

    /// <summary>The connection was closed: an attempt in flight is abandoned.</summary>
    public void Close(string reason)
    {
        if (Tracking.Attempt is { } attempt)
        {
            End(attempt, MigrationOutcome.Abandoned, circumstances.Now - attempt.StartedAt, false, reason);
        }
    }

    /// <summary>The attempt in flight has failed, or the connection where there is none.</summary>
    public void Fail(string reason)
    {
        if (Tracking.Attempt is { } attempt)
        {
            End(attempt, MigrationOutcome.Failed, circumstances.Now - attempt.StartedAt, false, reason);
        }
        else
        {
            _effects.Add(new MigrationEffect.Failed(Tracking.RemoteEndPoint, Cut(reason) ?? ""));
        }

        EndConnection(reason);
    }

    private void EndConnection(string reason)
    {
        Tracking = Tracking with { State = MigrationState.MigrationFailed, FailureReason = Cut(reason) };
    }

    private static bool IsEndPoint(string? text) => text is { Length: > 0 and <= MaxEndPointLength };

    private static string Named(string? text) => text is not null && IsEndPoint(text) ? text : "";

    private static string? Cut(string? reason) => reason is { Length: > MigrationLimits.ReasonLength } ? reason[..MigrationLimits.ReasonLength] : reason;

    private bool IsPossible(PathObservation detected)
        => Tracking.State != MigrationState.MigrationFailed
            && Enum.IsDefined(detected.Kind)
            && IsEndPoint(detected.From)
            && IsEndPoint(detected.To)
            && detected.To != detected.From
            && detected.To != Tracking.Attempt?.To;

    private void Begin(PathObservation detected)
    {
        var startedAt = Plausible(detected.At);
        var superseded = Tracking.Attempt;
        if (superseded is not null)
        {
            End(superseded, MigrationOutcome.Superseded, startedAt - superseded.StartedAt, false, null);
        }

        var attempt = new PendingAttempt(
            detected.From, detected.To, detected.Kind, startedAt, superseded?.UnresolvedSince ?? startedAt);
        Tracking = Tracking with
        {
            State = MigrationState.Migrating,
            RemoteEndPoint = detected.From,
            Attempt = attempt,
            Totals = Tracking.Totals with { Started = Tracking.Totals.Started + 1 },
        };
        _effects.Add(new MigrationEffect.Started(attempt));
    }

    private void End(PendingAttempt attempt, MigrationOutcome outcome, PathObservation observation)
        => End(attempt, outcome, observation.Duration, observation.Inferred, observation.Reason);

    private void End(PendingAttempt attempt, MigrationOutcome outcome, TimeSpan duration, bool inferred, string? reason)
    {
        var ended = new MigrationAttempt(
            attempt.From,
            attempt.To,
            attempt.Kind,
            outcome,
            Cut(reason),
            attempt.StartedAt,
            Plausible(duration, attempt),
            inferred,
            circumstances.GatewayId,
            circumstances.Silo);
        var history = Tracking.History.Length < MigrationTracking.HistoryLength ? Tracking.History : Tracking.History.RemoveAt(0);
        Tracking = Tracking with
        {
            State = MigrationState.Stable,
            Attempt = null,
            Totals = Tracking.Totals.Plus(outcome),
            History = history.Add(ended),
        };
        _effects.Add(new MigrationEffect.Ended(ended));
    }

    private void Ignore()
    {
        Tracking = Tracking with { Totals = Tracking.Totals with { Ignored = Tracking.Totals.Ignored + 1 } };
        _effects.Add(new MigrationEffect.Ignored());
    }

    // A gateway's clock may be wrong. Its word on when an attempt began is taken only where the attempt could still be in flight.
    private DateTimeOffset Plausible(DateTimeOffset at)
        => at <= circumstances.Now && at >= circumstances.Now - circumstances.Timeout ? at : circumstances.Now;

    private TimeSpan Plausible(TimeSpan duration, PendingAttempt attempt)
    {
        var seen = circumstances.Now - attempt.StartedAt;
        var longest = seen > circumstances.Timeout ? seen : circumstances.Timeout;
        return duration < TimeSpan.Zero ? TimeSpan.Zero : duration > longest ? longest : duration;
    }
}
