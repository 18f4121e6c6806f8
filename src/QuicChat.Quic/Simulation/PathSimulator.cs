using System.Net;
using System.Net.Sockets;

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace QuicChat.Quic.Simulation;

/// <summary>
/// A UDP relay that stands for the network between clients and one server. Each client, told by its source address, has a source port of its own towards
/// the server, which a script can change, take back and cut off, and a link a direction that delays, loses, duplicates, reorders and limits datagrams.
/// </summary>
public sealed partial class PathSimulator : IAsyncDisposable
{
    private readonly PathSimulatorOptions _options;
    private readonly ILogger _logger;
    private readonly UdpPort _listener;
    private readonly DelayLine _line;
    private readonly Lock _gate = new();
    private readonly Dictionary<SocketAddress, SimulatedClient> _clients = [];
    private readonly List<ForeignSource> _sources = [];
    private readonly List<(Func<SimulatedClient, bool> Match, TaskCompletionSource<SimulatedClient> Found)> _waiters = [];
    private readonly List<Task> _closing = [];
    private readonly ITimer _forgetting;
    private readonly ITimer? _rebinding;
    private readonly IPEndPoint _server;
    private LinkConditions _conditionsToServer;
    private LinkConditions _conditionsToClient;
    private LinkCounters _forgottenToServer;
    private LinkCounters _forgottenToClient;
    private ulong _clientsSeen;
    private volatile LinkDirections _blackhole;
    private bool _disposed;

    private PathSimulator(PathSimulatorOptions options, TimeProvider time, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _server = options.Server.Unmapped();
        _conditionsToServer = options.ToServer;
        _conditionsToClient = options.ToClient;
        _blackhole = options.Blackhole;
        Seed = options.Seed ?? Random.Shared.Next();
        _listener = new UdpPort(options.Listen.Unmapped(), options.SocketBufferBytes, logger);
        _line = new DelayLine(time);
        _forgetting = time.CreateTimer(_ => ForgetSilentClients(), null, options.ClientIdleTimeout, options.ClientIdleTimeout);
        if (options.RebindEvery is { } every)
        {
            _rebinding = time.CreateTimer(_ => RebindByClock(), null, every, every);
        }
    }

    /// <summary>The end point that clients speak to.</summary>
    public IPEndPoint ListenEndPoint => _listener.LocalEndPoint;

    /// <summary>Where all random decisions come from; given again in <see cref="PathSimulatorOptions.Seed"/>, it repeats them.</summary>
    public int Seed { get; }

    /// <summary>The clients seen and not forgotten.</summary>
    public IReadOnlyList<SimulatedClient> Clients
    {
        get
        {
            lock (_gate)
            {
                return [.. _clients.Values];
            }
        }
    }

    /// <summary>Directions in which nothing passes for any client, now and later.</summary>
    public LinkDirections Blackhole
    {
        get => _blackhole;
        set => _blackhole = value;
    }

    /// <summary>What became of all clients' datagrams to the server.</summary>
    public LinkCounters ToServer => Sum(client => client.ToServer, ref _forgottenToServer);

    /// <summary>What became of the server's datagrams to all clients.</summary>
    public LinkCounters ToClient => Sum(client => client.ToClient, ref _forgottenToClient);

    internal LinkConditions ConditionsToServer => _conditionsToServer;

    internal LinkConditions ConditionsToClient => _conditionsToClient;

    internal int MaxPathsPerClient => _options.MaxPathsPerClient;

    internal bool KeepsOldMappings => _options.KeepOldMappings;

    /// <summary>Binds the listening end point and begins to forward.</summary>
    /// <param name="options">How.</param>
    /// <param name="timeProvider">The clock of delays and rates; unset, the system's.</param>
    /// <param name="loggerFactory">Where to log; unset, nowhere.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message says which, a line each.</exception>
    /// <exception cref="SocketException"><see cref="PathSimulatorOptions.Listen"/> cannot be bound.</exception>
    public static PathSimulator Start(PathSimulatorOptions options, TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null)
    {
        var failures = PathSimulatorOptionsValidator.Validate(options);
        if (failures.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, failures), nameof(options));
        }

        var logger = (ILogger?)loggerFactory?.CreateLogger<PathSimulator>() ?? NullLogger.Instance;
        var simulator = new PathSimulator(options, timeProvider ?? TimeProvider.System, logger);
        simulator._listener.Start(simulator.FromClient);
        simulator.LogStarted(simulator.ListenEndPoint, simulator._server, simulator.Seed);
        return simulator;
    }

    /// <summary>Waits for a client, or finds one that is there already.</summary>
    /// <param name="match">Which; unset, any. It must not block.</param>
    /// <returns>A task that is cancelled where the simulator is disposed.</returns>
    public Task<SimulatedClient> WaitForClientAsync(Func<SimulatedClient, bool>? match = null)
    {
        match ??= _ => true;
        var found = new TaskCompletionSource<SimulatedClient>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_clients.Values.FirstOrDefault(match) is { } client)
            {
                found.SetResult(client);
            }
            else if (_disposed)
            {
                found.SetCanceled();
            }
            else
            {
                _waiters.Add((match, found));
            }
        }

        return found.Task;
    }

    /// <summary>Changes what all clients' links do, now and for clients yet to come.</summary>
    /// <param name="toServer">On the way to the server; unset, unchanged.</param>
    /// <param name="toClient">On the way to the client; unset, unchanged.</param>
    /// <exception cref="ArgumentException">The conditions are not valid; the message says which.</exception>
    public void SetConditions(LinkConditions? toServer = null, LinkConditions? toClient = null)
    {
        lock (_gate)
        {
            if (toServer is not null)
            {
                SimulatedLink.ThrowIfNotValid(toServer);
                _conditionsToServer = toServer;
            }

            if (toClient is not null)
            {
                SimulatedLink.ThrowIfNotValid(toClient);
                _conditionsToClient = toClient;
            }

            foreach (var client in _clients.Values)
            {
                client.ToServer.Conditions = toServer ?? client.ToServer.Conditions;
                client.ToClient.Conditions = toClient ?? client.ToClient.Conditions;
            }
        }
    }

    /// <summary>Gives each client a new path, as <see cref="SimulatedClient.Rebind(IPAddress?)"/> does.</summary>
    public void RebindAll(IPAddress? localAddress = null)
    {
        foreach (var client in Clients)
        {
            client.Rebind(localAddress);
        }
    }

    /// <summary>Opens a socket on a foreign address, such as 127.0.0.9, to send the server copies of clients' datagrams or anything else.</summary>
    /// <exception cref="ArgumentException">The server has no end point of that address family.</exception>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public ForeignSource OpenForeignSource(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        address = PathSimulatorOptionsValidator.Unmap(address);
        var server = ServerFor(address);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            var source = new ForeignSource(new UdpPort(new IPEndPoint(address, 0), _options.SocketBufferBytes, _logger), server);
            _sources.Add(source);
            return source;
        }
    }

    /// <summary>Stops forwarding and closes all sockets. Datagrams under way are dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Task> closing;
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            closing = [.. _closing, .. _clients.Values.Select(client => client.CloseAsync())];
            closing.AddRange(_sources.Select(source => source.Port.Completion));
            _sources.ForEach(source => source.Close());
            _waiters.ForEach(waiter => waiter.Found.SetCanceled());
            _waiters.Clear();
        }

        _line.Dispose();
        _listener.Close();
        await _forgetting.DisposeAsync().ConfigureAwait(false);
        if (_rebinding is not null)
        {
            await _rebinding.DisposeAsync().ConfigureAwait(false);
        }

        await Task.WhenAll(closing.Append(_listener.Completion)).ConfigureAwait(false);
    }

    internal IPEndPoint ServerFor(IPAddress address)
    {
        var family = address.AddressFamily;
        if (family == _server.AddressFamily)
        {
            return _server;
        }

        return _options.AlternateServer?.Unmapped() is { } alternate && alternate.AddressFamily == family
            ? alternate
            : throw new ArgumentException(
                $"The server {_server} cannot be reached from {address}; give its end point of that address family as the alternate server.",
                nameof(address));
    }

    internal SimulatedPath OpenPath(IPEndPoint local, IPEndPoint server)
    {
        local = local.Unmapped();
        server = server.Unmapped();
        return local.AddressFamily == server.AddressFamily
            ? new SimulatedPath(new UdpPort(local, _options.SocketBufferBytes, _logger), server)
            : throw new ArgumentException($"{local} and the server {server} have different address families.", nameof(server));
    }

    internal bool SendToClient(ReadOnlySpan<byte> datagram, SocketAddress client) => _listener.TrySend(datagram, client);

    private void FromClient(SocketAddress sender, ReadOnlySpan<byte> datagram)
    {
        SimulatedClient? client;
        lock (_gate)
        {
            if (!_clients.TryGetValue(sender, out client))
            {
                client = _disposed ? null : AddClient(sender);
            }
        }

        client?.FromClient(datagram);
    }

    private SimulatedClient? AddClient(SocketAddress sender)
    {
        var endPoint = (IPEndPoint)_listener.LocalEndPoint.Create(sender);
        SimulatedPath path;
        try
        {
            path = OpenPath(new IPEndPoint(FirstLocalAddress(), 0), _server);
        }
        catch (SocketException e)
        {
            LogNoPath(endPoint, e.Message);
            return null;
        }

        // The receiving loop uses its address again for the next datagram.
        var key = new SocketAddress(sender.Family, sender.Size);
        sender.Buffer[..sender.Size].CopyTo(key.Buffer);
        var client = new SimulatedClient(this, _line, key, endPoint, _clientsSeen++, path);
        _clients.Add(key, client);
        LogClientSeen(endPoint, path);
        foreach (var waiter in _waiters.Where(waiter => waiter.Match(client)).ToList())
        {
            _waiters.Remove(waiter);
            waiter.Found.SetResult(client);
        }

        return client;
    }

    private IPAddress FirstLocalAddress()
    {
        var isIPv4 = _server.AddressFamily == AddressFamily.InterNetwork;
        if (_options.LocalAddress is { } address)
        {
            return PathSimulatorOptionsValidator.Unmap(address);
        }

        return IPAddress.IsLoopback(_server.Address)
            ? isIPv4 ? IPAddress.Loopback : IPAddress.IPv6Loopback
            : isIPv4 ? IPAddress.Any : IPAddress.IPv6Any;
    }

    private void ForgetSilentClients()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _closing.RemoveAll(closing => closing.IsCompletedSuccessfully);
            foreach (var (address, client) in _clients.Where(entry => !entry.Value.TakeActivity()).ToList())
            {
                _clients.Remove(address);
                _closing.Add(client.CloseAsync());
                _forgottenToServer += client.ToServer.Counters;
                _forgottenToClient += client.ToClient.Counters;
                LogForgotten(client.EndPoint);
            }
        }
    }

    private void RebindByClock()
    {
        foreach (var client in Clients)
        {
            try
            {
                client.Rebind();
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                LogNoPath(client.EndPoint, e.Message);
            }
        }
    }

    private LinkCounters Sum(Func<SimulatedClient, SimulatedLink> link, ref LinkCounters forgotten)
    {
        lock (_gate)
        {
            return _clients.Values.Aggregate(forgotten, (sum, client) => sum + link(client).Counters);
        }
    }
}
