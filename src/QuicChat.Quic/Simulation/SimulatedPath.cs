using System.Net;

namespace QuicChat.Quic.Simulation;

/// <summary>One of the paths between a client and the server: a source port that the server sees. It stays open after a rebinding, to go back to.</summary>
public sealed class SimulatedPath
{
    private readonly SocketAddress _serverAddress;
    private volatile LinkDirections _blackhole;
    private TaskCompletionSource _carriedToServer = NewCarried();
    private TaskCompletionSource _carriedToClient = NewCarried();

    internal SimulatedPath(UdpPort port, IPEndPoint server)
    {
        Port = port;
        ServerEndPoint = server;
        _serverAddress = server.Serialize();
    }

    /// <summary>The end point that the server sees as the client's.</summary>
    public IPEndPoint LocalEndPoint => Port.LocalEndPoint;

    /// <summary>The server's end point on this path.</summary>
    public IPEndPoint ServerEndPoint { get; }

    /// <summary>Directions in which nothing passes on this path, whatever passes on others.</summary>
    public LinkDirections Blackhole
    {
        get => _blackhole;
        set => _blackhole = value;
    }

    /// <summary>Completes when a client datagram has left by this path since the client last moved to it; cancelled when the path is closed.</summary>
    public Task CarriedToServer => _carriedToServer.Task;

    /// <summary>Completes when a server datagram of this path has reached the client since the client last moved to it; cancelled when the path is closed.</summary>
    public Task CarriedToClient => _carriedToClient.Task;

    internal UdpPort Port { get; }

    /// <summary>Both end points, the client's first.</summary>
    public override string ToString() => $"{LocalEndPoint} → {ServerEndPoint}";

    internal bool IsServer(SocketAddress sender) => sender.Equals(_serverAddress);

    internal void Begin()
    {
        _carriedToServer = NewCarried();
        _carriedToClient = NewCarried();
    }

    internal bool TrySend(ReadOnlySpan<byte> datagram)
    {
        if (!Port.TrySend(datagram, _serverAddress))
        {
            return false;
        }

        _carriedToServer.TrySetResult();
        return true;
    }

    internal void ReachedClient() => _carriedToClient.TrySetResult();

    internal void Close()
    {
        Port.Close();
        _carriedToServer.TrySetCanceled();
        _carriedToClient.TrySetCanceled();
    }

    private static TaskCompletionSource NewCarried() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
