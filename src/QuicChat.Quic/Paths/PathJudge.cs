namespace QuicChat.Quic.Paths;

/// <summary>Says whether a peer may use another path. Called on the engine's thread for datagrams that come from there, so it must be quick and must not block.</summary>
/// <param name="validated">The last validated path.</param>
/// <param name="candidate">The path that a datagram came from.</param>
/// <returns>Why not, in words for an operator; <see langword="null"/> where the peer may.</returns>
public delegate string? PathJudge(NetworkPath validated, NetworkPath candidate);
