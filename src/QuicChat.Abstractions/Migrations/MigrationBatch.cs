using System.Collections.Immutable;

namespace QuicChat.Abstractions.Migrations;

/// <summary>
/// Migration events of one silo, in order. All batches that a silo sends to an observer are one stream, in which every event has its place
/// whether it was sent or not.
/// </summary>
/// <param name="Silo">The silo that recorded them.</param>
/// <param name="Stream">
/// Which stream. Another one begins where the silo was started again, or had ended the observer's subscription.
/// </param>
/// <param name="Sequence">
/// How many events of the stream come before the first of this batch: none of them is missing where that is the former batch's sequence and
/// events together, or 0 for the first batch. What is more did not arrive.
/// </param>
/// <param name="Missed">
/// How many events were left out since the last batch that was sent, because the observer was slow or there were too many.
/// </param>
/// <param name="Events">The events; none where there is only something missed to tell.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.batch")]
public sealed record MigrationBatch(
    [property: Id(0)] string Silo,
    [property: Id(1)] Guid Stream,
    [property: Id(2)] long Sequence,
    [property: Id(3)] long Missed,
    [property: Id(4)] ImmutableArray<MigrationEvent> Events);
