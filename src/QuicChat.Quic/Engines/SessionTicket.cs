namespace QuicChat.Quic.Engines;

/// <summary>A TLS session that can be gone on with.</summary>
/// <param name="Data">What the TLS library needs for it.</param>
/// <param name="Until">When the server is to be verified anew.</param>
internal sealed record SessionTicket(ReadOnlyMemory<byte> Data, DateTimeOffset Until);
