namespace QuicChat.Client;

/// <summary>The networks that this machine is on.</summary>
internal interface ILocalNetworks
{
    /// <summary>Something has changed; it says neither what, nor that it is over.</summary>
    event Action? Changed;

    /// <summary>Those that are up now.</summary>
    IReadOnlyList<LocalNetwork> List();
}
