using System.Collections.Immutable;
using System.Net;

namespace QuicChat.Quic.Routing;

/// <summary>A pool of servers as one of them knows it.</summary>
/// <param name="ServerId">The server's own ID, not 0, which no other server of the pool has.</param>
/// <param name="Secrets">The secrets, at least one, the one in use for new connection IDs first.</param>
/// <param name="Peers">Where the links of the other servers are, by their server IDs.</param>
public sealed record PoolView(uint ServerId, ImmutableArray<PoolSecret> Secrets, ImmutableDictionary<uint, IPEndPoint> Peers);
