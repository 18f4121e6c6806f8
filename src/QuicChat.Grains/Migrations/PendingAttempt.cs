using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>An attempt in flight.</summary>
/// <param name="From">The last validated <c>address:port</c> of the client.</param>
/// <param name="To">The one that is not validated.</param>
/// <param name="Kind">What changed.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="UnresolvedSince">
/// When the first attempt began that this one and those before it have superseded: the deadline counts from here, so that a client that
/// hops from path to path cannot put it off.
/// </param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.pending")]
internal sealed record PendingAttempt(
    [property: Id(0)] string From,
    [property: Id(1)] string To,
    [property: Id(2)] MigrationKind Kind,
    [property: Id(3)] DateTimeOffset StartedAt,
    [property: Id(4)] DateTimeOffset UnresolvedSince);
