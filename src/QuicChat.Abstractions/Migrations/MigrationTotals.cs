namespace QuicChat.Abstractions.Migrations;

/// <summary>
/// Attempts by outcome. Always: <see cref="Started"/> = completed + reverted + superseded + abandoned + unknown + failed + in flight.
/// </summary>
/// <param name="Started">Attempts that began.</param>
/// <param name="Completed">Ended on the new path.</param>
/// <param name="Reverted">Ended back on the old path.</param>
/// <param name="Superseded">Given up for a third path.</param>
/// <param name="Abandoned">Cut short by the end of the connection.</param>
/// <param name="Unknown">Of unknown end.</param>
/// <param name="Failed">Ended with the connection.</param>
/// <param name="Denied">Paths refused by policy; these are not attempts.</param>
/// <param name="Ignored">Late, repeated or impossible events; these are not attempts.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.totals")]
public sealed record MigrationTotals(
    [property: Id(0)] long Started,
    [property: Id(1)] long Completed,
    [property: Id(2)] long Reverted,
    [property: Id(3)] long Superseded,
    [property: Id(4)] long Abandoned,
    [property: Id(5)] long Unknown,
    [property: Id(6)] long Failed,
    [property: Id(7)] long Denied,
    [property: Id(8)] long Ignored)
{
    /// <summary>No attempts.</summary>
    public static MigrationTotals Zero { get; } = new(0, 0, 0, 0, 0, 0, 0, 0, 0);

    /// <summary>Attempts that have not ended.</summary>
    public long InFlight => Started - Completed - Reverted - Superseded - Abandoned - Unknown - Failed;

    /// <summary>Completed attempts as a share of those that ended completed or failed; <see langword="null"/> before the first.</summary>
    public double? SuccessRate => Completed + Failed is var ended and > 0 ? (double)Completed / ended : null;
}
