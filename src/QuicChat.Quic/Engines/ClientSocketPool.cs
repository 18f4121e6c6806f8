namespace QuicChat.Quic.Engines;

/// <summary>
/// UDP sockets that client connections share, where a process has more of them than it may have open files or ports: each takes the next socket in turn,
/// and datagrams find their connection by its ID. A connection that moves by its own will leaves for a socket of its own. What is behind a NAT rebinds
/// together. The engine on System.Net.Quic shares sockets as MsQuic sees fit, whatever is asked for here.
/// </summary>
public sealed class ClientSocketPool
{
    /// <summary>Makes a pool; sockets are opened as connections need them, and closed with the last that does.</summary>
    /// <param name="count">How many sockets, for each address that is connected to.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not from 1 to 65,535.</exception>
    public ClientSocketPool(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, ushort.MaxValue);
        Count = count;
    }

    /// <summary>How many sockets, for each address that is connected to.</summary>
    public int Count { get; }

    /// <summary>What the engine keeps with the pool.</summary>
    internal object? Sockets;
}
