using System.Collections.Immutable;

namespace QuicChat.Grains.Migrations;

/// <summary>Who observes migrations now.</summary>
/// <param name="Monitor">
/// This life of the monitor. Another one does not know who had subscribed before, so whoever is not on its list may still observe.
/// </param>
/// <param name="Leases">The observers.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.observer-list")]
internal sealed record ObserverList([property: Id(0)] Guid Monitor, [property: Id(1)] ImmutableArray<ObserverLease> Leases);
