using System.Net;
using QuicChat.Quic.Engines;

namespace QuicChat.Quic.Ngtcp2.Driver;

/// <summary>The sockets of one pool that are open.</summary>
internal sealed class SharedSockets(int count)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, SharedSocket?[]> _sockets = [];

    /// <summary>Those of a pool.</summary>
    public static SharedSockets Of(ClientSocketPool pool)
    {
        // Whoever comes first, makes them.
        if (Volatile.Read(ref pool.Sockets) is null)
        {
            Interlocked.CompareExchange(ref pool.Sockets, new SharedSockets(pool.Count), null);
        }

        return (SharedSockets)pool.Sockets!;
    }

    /// <summary>Takes a share of the socket with the fewest that reaches an address.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The system has no way to it, or no socket left.</exception>
    public SharedSocket Take(IPEndPoint remote)
    {
        lock (_gate)
        {
            if (!_sockets.TryGetValue(remote.Address, out var sockets))
            {
                _sockets.Add(remote.Address, sockets = new SharedSocket?[count]);
            }

            var fewest = Enumerable.Range(0, count).MinBy(index => sockets[index]?.Users ?? 0);
            var socket = sockets[fewest] ??= new SharedSocket(this, UdpSocket.Connect(remote, null));
            socket.Users++;
            return socket;
        }
    }

    /// <summary>Gives a share back.</summary>
    /// <returns>Whether it was the last, so that the socket is to be closed.</returns>
    public bool GiveBack(SharedSocket socket)
    {
        lock (_gate)
        {
            if (--socket.Users > 0)
            {
                return false;
            }

            foreach (var (address, sockets) in _sockets)
            {
                if (Array.IndexOf(sockets, socket) is >= 0 and var index)
                {
                    sockets[index] = null;
                    if (Array.TrueForAll(sockets, other => other is null))
                    {
                        _sockets.Remove(address);
                    }

                    break;
                }
            }

            return true;
        }
    }
}
