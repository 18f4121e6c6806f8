using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>Somebody who observes migrations.</summary>
/// <param name="Observer">Who.</param>
/// <param name="Renewal">Different whenever the observer has subscribed again.</param>
/// <param name="Remaining">How long the subscription runs from now.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.observer-lease")]
internal sealed record ObserverLease(
    [property: Id(0)] IMigrationObserver Observer, [property: Id(1)] Guid Renewal, [property: Id(2)] TimeSpan Remaining);
