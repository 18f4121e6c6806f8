using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Paths;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>
/// One socket of many client connections: finds the one that a datagram is for by its connection ID. Apart from <see cref="Users"/> it lives on the loop's thread.
/// </summary>
internal sealed class SharedSocket(SharedSockets sockets, UdpSocket socket) : IDatagramHandler
{
    private const byte LongHeader = 0x80;

    // 5 bytes and the token (RFC 9000, section 10.3).
    private const int MinResetLength = 21;

    private readonly Dictionary<ConnectionDriver, ClientConnection> _connections = [];

    /// <summary>The socket.</summary>
    public UdpSocket Socket => socket;

    /// <summary>The IDs of all its connections.</summary>
    public ConnectionIdTable Ids { get; } = new(new ClientConnectionIds());

    /// <summary>How many connections have a share; the pool's lock is held.</summary>
    public int Users { get; set; }

    /// <summary>A connection begins.</summary>
    public void Add(EventLoop loop, ConnectionDriver driver, ClientConnection connection)
    {
        if (socket.Handler is null)
        {
            loop.Add(socket);
            socket.Handler = this;
        }

        _connections.Add(driver, connection);
    }

    /// <summary>A connection has ended, or could not begin.</summary>
    public void Release(EventLoop loop, ConnectionDriver driver)
    {
        _connections.Remove(driver);
        socket.Blocked.Remove(driver);
        if (sockets.GiveBack(this))
        {
            loop.Remove(socket);
        }
    }

    /// <inheritdoc />
    public unsafe void OnDatagram(ReadOnlySpan<byte> datagram, in FourTuple path, Ecn ecn, Instant now)
    {
        if (datagram.IsEmpty)
        {
            return;
        }

        fixed (byte* data = datagram)
        {
            // A packet of another version has an ID, too: a server that knows none of ours answers so.
            Interop.Ngtcp2.VersionCid header;
            if (Interop.Ngtcp2.DecodeVersionCid(&header, data, (nuint)datagram.Length, (nuint)Ids.Ids.Length) is not (0 or Interop.Ngtcp2.ErrorVersionNegotiation))
            {
                return;
            }

            if (Ids.Find(new ReadOnlySpan<byte>(header.Dcid, (int)header.DcidLength)) is { Driver: ConnectionDriver driver })
            {
                _connections.GetValueOrDefault(driver)?.OnDatagram(datagram, path, ecn, now);
                return;
            }
        }

        // A stateless reset has no ID that anyone could know; whose it is, only the token at its end tells (RFC 9000, section 10.3.1).
        if ((datagram[0] & LongHeader) == 0 && datagram.Length >= MinResetLength)
        {
            foreach (var connection in _connections.Values)
            {
                connection.OnReset(datagram, path, ecn, now);
            }
        }
    }
}
