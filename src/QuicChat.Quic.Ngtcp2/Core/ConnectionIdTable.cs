using System.Security.Cryptography;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>
/// The connection IDs of one end point: mints them and finds the connection that a datagram is for. A server's are 17 bytes, a first octet, then the
/// 4-byte server ID and a 12-byte nonce, so that a load balancer can route by them; a client's are 8 random bytes.
/// </summary>
internal sealed class ConnectionIdTable
{
    public const int ServerLength = 1 + ConnectionId.Length;
    public const int ClientLength = 8;

    // QUIC-LB: the first three bits are the configuration's ID, the other five random.
    private const byte RandomBitsOfFirstOctet = 0x1f;

    private readonly Dictionary<WireConnectionId, ConnectionCore> _connections = [];
    private readonly byte[] _resetSecret = RandomNumberGenerator.GetBytes(32);
    private readonly uint? _serverId;

    /// <param name="serverId">The server ID, or <see langword="null"/> for a client.</param>
    public ConnectionIdTable(uint? serverId) => _serverId = serverId;

    /// <summary>Length of the IDs minted here; also that of the destination ID in every short header received (RFC 9000, section 17.3).</summary>
    public int Length => _serverId is null ? ClientLength : ServerLength;

    public int Count => _connections.Count;

    /// <summary>The secret that stateless reset tokens derive from (RFC 9000, section 10.3.2).</summary>
    public ReadOnlySpan<byte> ResetSecret => _resetSecret;

    /// <summary>The connection of an ID. One longer than this version of QUIC allows names none; other versions have up to 255 bytes (RFC 8999, section 5.1).</summary>
    public ConnectionCore? Find(ReadOnlySpan<byte> id)
        => id.Length <= WireConnectionId.MaxLength ? _connections.GetValueOrDefault(new WireConnectionId(id)) : null;

    public void Add(WireConnectionId id, ConnectionCore connection) => _connections[id] = connection;

    public void Remove(WireConnectionId id) => _connections.Remove(id);

    /// <summary>Fills <paramref name="id"/> with a new ID that names no connection yet.</summary>
    public void Mint(Span<byte> id)
    {
        if (_serverId is { } serverId)
        {
            Mint(id, ConnectionId.Create(serverId));
        }
        else
        {
            RandomNumberGenerator.Fill(id);
        }
    }

    /// <summary>Fills <paramref name="id"/> with the wire form of a connection's identity: its first wire ID.</summary>
    public static void Mint(Span<byte> id, ConnectionId identity)
    {
        RandomNumberGenerator.Fill(id[..1]);
        id[0] &= RandomBitsOfFirstOctet;
        identity.Write(id[1..]);
    }
}
