using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>What a client keeps of one server.</summary>
/// <param name="Cache">Where.</param>
/// <param name="Key">Under what.</param>
internal sealed record ServerMemory(ResumptionCache Cache, ResumptionKey Key);
