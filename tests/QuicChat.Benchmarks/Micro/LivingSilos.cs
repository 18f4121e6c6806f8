using System.Net;

namespace QuicChat.Benchmarks.Micro;

/// <summary>A membership in which every silo is alive, whatever its address.</summary>
internal sealed class LivingSilos : ISiloStatusOracle
{
    /// <inheritdoc />
    public SiloStatus CurrentStatus => SiloStatus.Active;

    /// <inheritdoc />
    public string SiloName => "silo";

    /// <inheritdoc />
    public SiloAddress SiloAddress { get; } = SiloAddress.New(IPAddress.Loopback, 11110, 1);

    /// <inheritdoc />
    public SiloAddress[] GetActiveSilos() => [SiloAddress];

    /// <inheritdoc />
    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => SiloStatus.Active;

    /// <inheritdoc />
    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false)
        => new() { [SiloAddress] = SiloStatus.Active };

    /// <inheritdoc />
    public bool TryGetSiloName(SiloAddress siloAddress, out string siloName)
    {
        siloName = siloAddress.ToString();
        return true;
    }

    /// <inheritdoc />
    public bool IsFunctionalDirectory(SiloAddress siloAddress) => true;

    /// <inheritdoc />
    public bool IsDeadSilo(SiloAddress silo) => false;

    /// <inheritdoc />
    public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => true;

    /// <inheritdoc />
    public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) => true;
}
