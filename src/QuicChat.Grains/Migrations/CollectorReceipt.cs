using QuicChat.Grains.Gateways;

namespace QuicChat.Grains.Migrations;

/// <summary>The monitor's answer to a silo's report.</summary>
/// <param name="DurableSequence">The last report of this silo whose contents are in the store.</param>
/// <param name="Gateways">What the silo needs to know of gateways; <see langword="null"/> where that is not known now.</param>
[GenerateSerializer, Immutable, Alias("quicchat.migration.collector-receipt")]
internal sealed record CollectorReceipt([property: Id(0)] long DurableSequence, [property: Id(1)] GatewayLiveness? Gateways)
{
    /// <summary>Whom the silo tells of its migrations; <see langword="null"/> where nothing is said of that.</summary>
    [Id(2)]
    public ObserverList? Observers { get; init; }
}
