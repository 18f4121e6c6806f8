using QuicChat.Quic.Paths;

namespace QuicChat.Client;

/// <summary>The client's network path changed, as the gateway sees it.</summary>
/// <param name="Kind">What changed of the client's end point.</param>
/// <param name="Outcome">How far it is.</param>
/// <param name="From">The client's address and port before, as the gateway saw it.</param>
/// <param name="To">And after.</param>
/// <param name="Duration">Time since the change was seen; zero when it has just started.</param>
/// <param name="Reason">Why it failed; else empty.</param>
public sealed record PathChange(PathChangeKind Kind, PathChangeOutcome Outcome, string From, string To, TimeSpan Duration, string Reason)
{
    /// <summary>Whether the client left the networks that the cluster's policy prefers: an application may wish to go back, or to send less.</summary>
    public bool LeftPreferredNetworks { get; init; }
}
