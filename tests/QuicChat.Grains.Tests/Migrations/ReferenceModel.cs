using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Tests.Migrations;

/// <summary>
/// What the transition table says, as plainly as it can be said and without the code under test: a state, the attempt's destination, and a
/// list of outcomes.
/// </summary>
internal sealed class ReferenceModel
{
    public MigrationState State { get; private set; }

    public string? Destination { get; private set; }

    public DateTimeOffset? UnresolvedSince { get; private set; }

    public long LastNumber { get; private set; }

    public long Started { get; private set; }

    public long Denied { get; private set; }

    public long Ignored { get; private set; }

    public List<MigrationOutcome> Outcomes { get; } = [];

    public MigrationTotals Totals => new(
        Started,
        Count(MigrationOutcome.Completed),
        Count(MigrationOutcome.Reverted),
        Count(MigrationOutcome.Superseded),
        Count(MigrationOutcome.Abandoned),
        Count(MigrationOutcome.Unknown),
        Count(MigrationOutcome.Failed),
        Denied,
        Ignored);

    public void Handle(PathObservation observation, DateTimeOffset startedAt)
    {
        if (observation.Number <= LastNumber)
        {
            Ignored++;
            return;
        }

        Ignored += observation.Number == LastNumber + 1 ? 0 : 1;
        LastNumber = observation.Number;
        var isPath = observation.To.Length > 0 && observation.From.Length > 0 && observation.To != observation.From
            && observation.To != Destination && Enum.IsDefined(observation.Kind);
        switch (observation.Type, State)
        {
            case (PathObservationType.Denied, _):
                Denied++;
                break;
            case (PathObservationType.Detected, MigrationState.Stable) when isPath:
                (State, UnresolvedSince) = (MigrationState.Migrating, startedAt);
                Begin(observation.To);
                break;
            case (PathObservationType.Detected, MigrationState.Migrating) when isPath:
                Outcomes.Add(MigrationOutcome.Superseded);
                Begin(observation.To);
                break;
            case (PathObservationType.Validated, MigrationState.Migrating):
                End(MigrationOutcome.Completed);
                break;
            case (PathObservationType.Reverted, MigrationState.Migrating):
                End(MigrationOutcome.Reverted);
                break;
            case (PathObservationType.Unknown, MigrationState.Migrating):
                End(MigrationOutcome.Unknown);
                break;
            case (PathObservationType.Failed, MigrationState.Migrating):
                End(MigrationOutcome.Failed);
                State = MigrationState.MigrationFailed;
                break;
            default:
                Ignored++;
                break;
        }
    }

    public void Close()
    {
        if (State == MigrationState.Migrating)
        {
            End(MigrationOutcome.Abandoned);
        }
    }

    public void Fail()
    {
        if (State == MigrationState.Migrating)
        {
            End(MigrationOutcome.Failed);
        }

        State = MigrationState.MigrationFailed;
    }

    private long Count(MigrationOutcome outcome) => Outcomes.Count(ended => ended == outcome);

    private void Begin(string destination)
    {
        Started++;
        Destination = destination;
    }

    private void End(MigrationOutcome outcome)
    {
        Outcomes.Add(outcome);
        (State, Destination, UnresolvedSince) = (MigrationState.Stable, null, null);
    }
}
