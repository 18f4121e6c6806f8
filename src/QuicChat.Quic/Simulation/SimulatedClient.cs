using System.Net;
using System.Net.Sockets;

namespace QuicChat.Quic.Simulation;

/// <summary>
/// A client as its source address tells it, with the paths that it had and the one that it has. Its links lie between the client and its NAT:
/// what is under way at a rebinding leaves by the new path.
/// </summary>
public sealed class SimulatedClient
{
    private readonly PathSimulator _simulator;
    private readonly SocketAddress _address;
    private readonly Lock _gate = new();
    private readonly List<SimulatedPath> _paths = [];
    private readonly List<Task> _reading = [];
    private readonly List<(ForeignSource Source, CopyOrder Order, TaskCompletionSource Sent)> _copies = [];
    private LinkDirections _blackhole;
    private SimulatedPath _path;
    private byte[] _last = [];
    private int _lastLength;
    private bool _wasActive = true;
    private bool _closed;

    internal SimulatedClient(PathSimulator simulator, DelayLine line, SocketAddress address, IPEndPoint endPoint, ulong index, SimulatedPath path)
    {
        _simulator = simulator;
        _address = address;
        EndPoint = endPoint;
        var seed = (ulong)simulator.Seed;
        ToServer = new SimulatedLink(_gate, line, SplitMix64.Split(seed, 2 * index), simulator.ConditionsToServer, SendToServer);
        ToClient = new SimulatedLink(_gate, line, SplitMix64.Split(seed, (2 * index) + 1), simulator.ConditionsToClient, SendToClient);
        _path = path;
        Add(path);
    }

    /// <summary>The address and port that the client sends from.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The client's datagrams on their way to the server.</summary>
    public SimulatedLink ToServer { get; }

    /// <summary>The server's datagrams on their way to the client.</summary>
    public SimulatedLink ToClient { get; }

    /// <summary>The path that the client has now.</summary>
    public SimulatedPath Path
    {
        get
        {
            lock (_gate)
            {
                return _path;
            }
        }
    }

    /// <summary>The open paths, the oldest first.</summary>
    public IReadOnlyList<SimulatedPath> Paths
    {
        get
        {
            lock (_gate)
            {
                return [.. _paths];
            }
        }
    }

    /// <summary>Directions in which nothing passes on any path of this client. Once it is set, nothing passes any more, also nothing that is under way.</summary>
    public LinkDirections Blackhole
    {
        get
        {
            lock (_gate)
            {
                return _blackhole;
            }
        }

        set
        {
            lock (_gate)
            {
                _blackhole = value;
            }
        }
    }

    /// <summary>
    /// Gives the client a new path: a new source port on the address it has, or on another one. On return all its datagrams leave by the new path.
    /// </summary>
    /// <param name="localAddress">
    /// The address, such as 127.0.0.2 or ::1; unset, the one it has. Of the other address family it goes to <see cref="PathSimulatorOptions.AlternateServer"/>.
    /// </param>
    /// <exception cref="ArgumentException">The server has no end point of that address family.</exception>
    /// <exception cref="InvalidOperationException">The client is forgotten.</exception>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public SimulatedPath Rebind(IPAddress? localAddress = null)
    {
        var current = Path;
        var address = localAddress ?? current.LocalEndPoint.Address;
        var server = address.AddressFamily == current.ServerEndPoint.AddressFamily ? current.ServerEndPoint : _simulator.ServerFor(address);
        return Rebind(new IPEndPoint(address, 0), server);
    }

    /// <summary>Gives the client a new path between two end points.</summary>
    /// <param name="local">The end point that the server is to see; port 0 takes a free one.</param>
    /// <param name="server">The server's end point, of the same address family.</param>
    /// <exception cref="ArgumentException">The end points are of different address families.</exception>
    /// <exception cref="InvalidOperationException">The client is forgotten.</exception>
    /// <exception cref="SocketException">The end point cannot be bound.</exception>
    public SimulatedPath Rebind(IPEndPoint local, IPEndPoint server)
    {
        var path = _simulator.OpenPath(local, server);
        SimulatedPath? closed = null;
        lock (_gate)
        {
            if (_closed)
            {
                path.Close();
                throw Forgotten();
            }

            if (_paths.Count == _simulator.MaxPathsPerClient)
            {
                closed = _paths.First(p => p != _path);
                _paths.Remove(closed);
            }

            Add(path);
            _path = path;
        }

        closed?.Close();
        _simulator.LogRebound(EndPoint, path);
        return path;
    }

    /// <summary>Gives the client an earlier path again: the server sees the old source port. On return all its datagrams leave by it.</summary>
    /// <exception cref="InvalidOperationException">The path is not one of <see cref="Paths"/>, or the client is forgotten.</exception>
    public SimulatedPath ReturnTo(SimulatedPath path)
    {
        ArgumentNullException.ThrowIfNull(path);
        lock (_gate)
        {
            if (_closed)
            {
                throw Forgotten();
            }

            if (!_paths.Contains(path))
            {
                throw new InvalidOperationException(
                    $"{path} is not an open path of the client {EndPoint}; at most {_simulator.MaxPathsPerClient} are kept.");
            }

            path.Begin();
            _path = path;
        }

        _simulator.LogRebound(EndPoint, path);
        return path;
    }

    /// <summary>Copies the next client datagram that reaches the server, from a foreign source.</summary>
    /// <returns>A task that completes when copy and original have left; cancelled where the simulator forgets the client first.</returns>
    public Task CopyNextAsync(ForeignSource source, CopyOrder order)
    {
        ArgumentNullException.ThrowIfNull(source);
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_closed)
            {
                sent.SetCanceled();
            }
            else
            {
                _copies.Add((source, order, sent));
            }
        }

        return sent.Task;
    }

    /// <summary>Sends the server once more, from a foreign source, the client datagram that reached it last.</summary>
    /// <exception cref="InvalidOperationException">None has reached it yet.</exception>
    public void CopyLast(ForeignSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        lock (_gate)
        {
            if (_lastLength == 0)
            {
                throw new InvalidOperationException($"No datagram of the client {EndPoint} has reached the server yet.");
            }

            source.Send(_last.AsSpan(0, _lastLength));
        }
    }

    internal void FromClient(ReadOnlySpan<byte> datagram)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                _wasActive = true;
                ToServer.Accept(datagram);
            }
        }
    }

    /// <summary>Whether anything came since the last call.</summary>
    internal bool TakeActivity()
    {
        lock (_gate)
        {
            var wasActive = _wasActive;
            _wasActive = false;
            return wasActive;
        }
    }

    internal Task CloseAsync()
    {
        lock (_gate)
        {
            _closed = true;
            ToServer.Close();
            ToClient.Close();
            _paths.ForEach(path => path.Close());
            _copies.ForEach(copy => copy.Sent.SetCanceled());
            _copies.Clear();
            return Task.WhenAll(_reading);
        }
    }

    private void Add(SimulatedPath path)
    {
        _paths.Add(path);
        path.Port.Start((sender, datagram) => FromServer(path, sender, datagram));
        _reading.RemoveAll(reading => reading.IsCompletedSuccessfully);
        _reading.Add(path.Port.Completion);
    }

    private void FromServer(SimulatedPath path, SocketAddress sender, ReadOnlySpan<byte> datagram)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return;
            }

            _wasActive = true;
            if (!path.IsServer(sender) || (path != _path && !_simulator.KeepsOldMappings))
            {
                ToClient.Reject(LinkOutcome.Unmapped);
            }
            else
            {
                ToClient.Accept(datagram, path);
            }
        }
    }

    private LinkOutcome SendToServer(ReadOnlySpan<byte> datagram, SimulatedPath? _)
    {
        if ((_blackhole | _path.Blackhole | _simulator.Blackhole).HasFlag(LinkDirections.ToServer))
        {
            return LinkOutcome.Blackholed;
        }

        if (_last.Length < datagram.Length)
        {
            _last = new byte[Math.Max(2048, datagram.Length)];
        }

        datagram.CopyTo(_last);
        _lastLength = datagram.Length;
        if (_copies.Count == 0)
        {
            return _path.TrySend(datagram) ? LinkOutcome.Forwarded : LinkOutcome.Refused;
        }

        SendCopies(CopyOrder.CopyFirst, datagram);
        var isSent = _path.TrySend(datagram);
        SendCopies(CopyOrder.CopyAfter, datagram);
        _copies.ForEach(copy => copy.Sent.SetResult());
        _copies.Clear();
        return isSent ? LinkOutcome.Forwarded : LinkOutcome.Refused;
    }

    private void SendCopies(CopyOrder order, ReadOnlySpan<byte> datagram)
    {
        foreach (var copy in _copies)
        {
            if (copy.Order == order)
            {
                copy.Source.Send(datagram);
            }
        }
    }

    private LinkOutcome SendToClient(ReadOnlySpan<byte> datagram, SimulatedPath? path)
    {
        if ((_blackhole | path!.Blackhole | _simulator.Blackhole).HasFlag(LinkDirections.ToClient))
        {
            return LinkOutcome.Blackholed;
        }

        if (!_simulator.SendToClient(datagram, _address))
        {
            return LinkOutcome.Refused;
        }

        path.ReachedClient();
        return LinkOutcome.Forwarded;
    }

    private InvalidOperationException Forgotten() => new($"The simulator has forgotten the client {EndPoint}.");
}
