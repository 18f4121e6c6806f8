using System.Net;

namespace QuicChat.Quic.Simulation;

/// <summary>How a path simulator listens, forwards and impairs.</summary>
public sealed class PathSimulatorOptions
{
    /// <summary>The server's end point, to which client datagrams go.</summary>
    public required IPEndPoint Server { get; init; }

    /// <summary>The server's end point of the other address family; needed to rebind a client from IPv4 to IPv6 or back.</summary>
    public IPEndPoint? AlternateServer { get; init; }

    /// <summary>The end point that clients speak to; port 0 takes a free one. It is one address, so that answers leave from the address that was spoken to.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>The address that a client's first path has towards the server; unset, the loopback address where the server is on it, else the system's choice.</summary>
    public IPAddress? LocalAddress { get; init; }

    /// <summary>What clients' datagrams meet on their way to the server.</summary>
    public LinkConditions ToServer { get; init; } = LinkConditions.Unimpaired;

    /// <summary>What the server's datagrams meet on their way to a client.</summary>
    public LinkConditions ToClient { get; init; } = LinkConditions.Unimpaired;

    /// <summary>Directions in which nothing passes from the start.</summary>
    public LinkDirections Blackhole { get; init; }

    /// <summary>How often each client gets a new source port; unset, only when told.</summary>
    public TimeSpan? RebindEvery { get; init; }

    /// <summary>
    /// Whether the server still reaches a client by source ports that it has left. A NAT that rebinds has forgotten the old mapping, so the default is no.
    /// </summary>
    public bool KeepOldMappings { get; init; }

    /// <summary>Where all random decisions come from; the same seed and the same datagrams meet the same fate. Unset, a random one is taken.</summary>
    public int? Seed { get; init; }

    /// <summary>How many paths of a client stay open to go back to; beyond, the oldest is closed. 16 bounds the sockets of a relay that rebinds for hours.</summary>
    public int MaxPathsPerClient { get; init; } = 16;

    /// <summary>Silence after which a client is forgotten and its sockets closed: 5 minutes, longer than any idle time-out in use. It may take up to twice as long.</summary>
    public TimeSpan ClientIdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The size of each socket's send and receive buffer in bytes. 4 MiB holds bursts of many clients; the system may grant less.</summary>
    public int SocketBufferBytes { get; init; } = 4 * 1024 * 1024;
}
