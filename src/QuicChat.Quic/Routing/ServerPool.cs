using System.Net;

namespace QuicChat.Quic.Routing;

/// <summary>
/// The pool of servers that a listener is one of. A datagram that belongs to a connection of another server, for its client's new path leads here, is handed to that
/// server, and the answers leave from here. The application says who is in the pool; until it has, the listener takes no connections. Safe for use by many threads.
/// </summary>
public sealed class ServerPool
{
    /// <summary>
    /// The largest datagram that fits from server to server: what Ethernet carries over IPv6, less what the link adds. All servers of a pool send and take no
    /// larger ones, since any datagram may have to be handed on.
    /// </summary>
    public const int MaxDatagramSize = 1380;

    private volatile PoolView? _view;
    private volatile IPEndPoint? _linkEndPoint;
    private long _handedOn;
    private long _taken;
    private long _returned;

    /// <summary>Prepares a listener's part.</summary>
    /// <param name="link">Where to listen for other servers; port 0 takes a free one. Clients need not reach it.</param>
    public ServerPool(IPEndPoint link)
    {
        ArgumentNullException.ThrowIfNull(link);
        Link = link;
    }

    /// <summary>Where to listen for other servers.</summary>
    public IPEndPoint Link { get; }

    /// <summary>Where other servers are listened for, once the listener is bound.</summary>
    public IPEndPoint? LinkEndPoint
    {
        get => _linkEndPoint;
        internal set => _linkEndPoint = value;
    }

    /// <summary>Who is in the pool; <see langword="null"/> while it is not known.</summary>
    public PoolView? View
    {
        get => _view;
        set
        {
            if (value is not null)
            {
                ArgumentOutOfRangeException.ThrowIfZero(value.ServerId, nameof(value));
                ArgumentOutOfRangeException.ThrowIfZero(value.Secrets.Length, nameof(value));
            }

            _view = value;
        }
    }

    /// <summary>Datagrams of clients handed on to the server of their connection.</summary>
    public long HandedOn => Interlocked.Read(ref _handedOn);

    /// <summary>Datagrams of clients taken from other servers.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Datagrams sent to clients for other servers.</summary>
    public long Returned => Interlocked.Read(ref _returned);

    internal void CountHandedOn() => Interlocked.Increment(ref _handedOn);

    internal void CountTaken() => Interlocked.Increment(ref _taken);

    internal void CountReturned() => Interlocked.Increment(ref _returned);
}
