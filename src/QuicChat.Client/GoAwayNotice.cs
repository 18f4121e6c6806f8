namespace QuicChat.Client;

/// <summary>The gateway is going away: no room can be joined any more, and the connection will end soon.</summary>
/// <param name="Reason">Why; may be empty.</param>
/// <param name="Alternatives">Other gateways, each as <c>host:port</c>; may be empty.</param>
public sealed record GoAwayNotice(string Reason, IReadOnlyList<string> Alternatives);
