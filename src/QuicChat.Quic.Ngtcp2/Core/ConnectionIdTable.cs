namespace QuicChat.Quic.Ngtcp2.Core;

/// <summary>The connection IDs of one end point that are in use: finds the connection that a datagram is for.</summary>
/// <param name="ids">Mints them.</param>
internal sealed class ConnectionIdTable(ConnectionIds ids)
{
    private readonly Dictionary<WireConnectionId, ConnectionCore> _connections = [];

    /// <summary>How they look.</summary>
    public ConnectionIds Ids => ids;

    public int Count => _connections.Count;

    /// <summary>The connection of an ID. One longer than this version of QUIC allows names none; other versions have up to 255 bytes (RFC 8999, section 5.1).</summary>
    public ConnectionCore? Find(ReadOnlySpan<byte> id)
        => id.Length <= WireConnectionId.MaxLength ? _connections.GetValueOrDefault(new WireConnectionId(id)) : null;

    public void Add(WireConnectionId id, ConnectionCore connection) => _connections[id] = connection;

    public void Remove(WireConnectionId id) => _connections.Remove(id);
}
