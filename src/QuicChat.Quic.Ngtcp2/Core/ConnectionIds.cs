using System.Security.Cryptography;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>How an end point's connection IDs look, and the secret that their reset tokens derive from.</summary>
internal abstract class ConnectionIds
{
    /// <summary>Length of the IDs; also that of the destination ID in every short header received (RFC 9000, section 17.3).</summary>
    public abstract int Length { get; }

    /// <summary>Fills <paramref name="id"/> with a new ID.</summary>
    public abstract void Mint(Span<byte> id);

    /// <summary>The secret that the stateless reset token of an ID derives from (RFC 9000, section 10.3.2).</summary>
    public abstract ReadOnlySpan<byte> ResetKey(ReadOnlySpan<byte> id);
}

/// <summary>A client's: 8 random bytes.</summary>
internal sealed class ClientConnectionIds : ConnectionIds
{
    private readonly byte[] _resetKey = RandomNumberGenerator.GetBytes(32);

    public override int Length => 8;

    public override void Mint(Span<byte> id) => RandomNumberGenerator.Fill(id);

    public override ReadOnlySpan<byte> ResetKey(ReadOnlySpan<byte> id) => _resetKey;
}

/// <summary>A server's: 17 bytes, a first octet, then the 4-byte server ID and a 12-byte nonce, so that a load balancer can route by them.</summary>
internal abstract class ServerConnectionIds : ConnectionIds
{
    public override int Length => 1 + ConnectionId.Length;

    /// <summary>A new connection's identity, which no other has.</summary>
    public abstract ConnectionId NewIdentity();

    /// <summary>Fills <paramref name="id"/> with the wire form of a connection's identity: its first wire ID.</summary>
    public abstract void Mint(Span<byte> id, ConnectionId identity);

    public override void Mint(Span<byte> id) => Mint(id, NewIdentity());
}

/// <summary>Those of a server that stands alone, for all to read.</summary>
internal sealed class PlainConnectionIds(uint serverId) : ServerConnectionIds
{
    // QUIC-LB: the first three bits are the configuration's ID, the other five random.
    private const byte RandomBitsOfFirstOctet = 0x1f;

    private readonly byte[] _resetKey = RandomNumberGenerator.GetBytes(32);

    public override ConnectionId NewIdentity() => ConnectionId.Create(serverId);

    public override void Mint(Span<byte> id, ConnectionId identity)
    {
        RandomNumberGenerator.Fill(id[..1]);
        id[0] &= RandomBitsOfFirstOctet;
        identity.Write(id[1..]);
    }

    public override ReadOnlySpan<byte> ResetKey(ReadOnlySpan<byte> id) => _resetKey;
}
