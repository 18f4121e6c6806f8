using System.Net;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Simulation;

namespace QuicChat.Cli.Load;

/// <summary>The simulated networks of those clients that need one. Each serves many clients; one that is blackholed has its own.</summary>
internal sealed class LoadNetwork : IAsyncDisposable
{
    // A simulator reads what its clients send in one loop, so a few share the work.
    private const int SharedPerServer = 4;
    private const int PathsKept = 2;
    private const int SocketBufferBytes = 1024 * 1024;

    private readonly LoadSettings _settings;
    private readonly List<PathSimulator[]> _shared = [];
    private readonly Dictionary<int, PathSimulator> _own = [];

    private LoadNetwork(LoadSettings settings) => _settings = settings;

    /// <summary>Starts what the clients need.</summary>
    /// <param name="settings">Who is behind it, and how long datagrams are under way.</param>
    /// <param name="servers">The gateways.</param>
    /// <param name="blackholed">The clients that will be cut off.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">A gateway's name has no address.</exception>
    public static async Task<LoadNetwork> StartAsync(
        LoadSettings settings, IReadOnlyList<string> servers, IReadOnlySet<int> blackholed, CancellationToken cancellationToken)
    {
        var network = new LoadNetwork(settings);
        if (Enumerable.Range(0, settings.Connections).Any(client => settings.IsRelayed(client, blackholed.Contains(client))))
        {
            foreach (var server in servers)
            {
                var endPoint = await ResolveAsync(server, cancellationToken);
                network._shared.Add([.. Enumerable.Range(0, SharedPerServer).Select(index => network.Start(endPoint, index))]);
            }

            foreach (var client in blackholed)
            {
                network._own.Add(client, network.Start(await ResolveAsync(servers[client % servers.Count], cancellationToken), client));
            }
        }

        return network;
    }

    /// <summary>The network of a client; <see langword="null"/> where it has none between.</summary>
    public PathSimulator? Of(int client)
        => _own.TryGetValue(client, out var own) ? own
            : _settings.IsRelayed(client, isBlackholed: false) ? _shared[client % _shared.Count][client / _shared.Count % SharedPerServer]
            : null;

    /// <summary>Cuts those off that are to be, or lets them be back.</summary>
    public void Blackhole(bool isOn)
    {
        foreach (var simulator in _own.Values)
        {
            simulator.Blackhole = isOn ? LinkDirections.Both : LinkDirections.None;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var simulator in _shared.SelectMany(simulators => simulators).Concat(_own.Values))
        {
            await simulator.DisposeAsync();
        }
    }

    private PathSimulator Start(IPEndPoint server, int index)
    {
        var conditions = LinkConditions.Unimpaired with { Delay = _settings.Delay };
        return PathSimulator.Start(new PathSimulatorOptions
        {
            Server = server,
            ToServer = conditions,
            ToClient = conditions,
            Seed = unchecked(_settings.Seed + index),
            MaxPathsPerClient = PathsKept,
            SocketBufferBytes = SocketBufferBytes,
        });
    }

    private static async Task<IPEndPoint> ResolveAsync(string server, CancellationToken cancellationToken)
    {
        var colon = server.LastIndexOf(':');
        var host = server[..colon].Trim('[', ']');
        var port = int.Parse(server.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture);
        try
        {
            return new IPEndPoint((await Dns.GetHostAddressesAsync(host, cancellationToken))[0], port);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new ToolException($"the gateway's name '{host}' has no address ({ToolException.OneLine(e)}).", e);
        }
    }
}
