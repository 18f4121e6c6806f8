using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Simulation;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace QuicChat.Cli.Relay;

/// <summary><c>relay</c>: stands between clients and a gateway and makes the network worse.</summary>
internal sealed class RelayVerb : Verb
{
    private readonly Option<IPEndPoint> _listen = Choice.Of(
        "--listen", "ADDRESS:PORT", "Where clients connect; port 0 takes a free one.", Quantity.EndPoint);

    private readonly Option<DnsEndPoint?> _to = Choice.Of<DnsEndPoint?>(
        "--to", "HOST:PORT", "The gateway. Without it the first one of this machine's stack.", Quantity.HostAndPort);

    private readonly Option<TimeSpan?> _rebindEvery = Choice.Duration(
        "--rebind-every", "10ms", "1d", "Gives each client a new source port this often, as a NAT does.");

    private readonly Option<IPAddress[]> _rebindTo = Choice.Of(
        "--rebind-to", "ADDRESS,…", "With --rebind-every: gives it these source addresses in turn, such as 127.0.0.2,127.0.0.3.", Addresses);

    private readonly NetworkOptions _network = new();
    private readonly Option<LinkDirections> _blackhole = Choice.Of(
        "--blackhole", "DIRECTION", "Lets nothing pass: up (to the gateway), down (to the client) or both.", Direction);

    private readonly Option<TimeSpan?> _blackholeAfter = Choice.Duration("--blackhole-after", "0s", "1d", "Begins the blackhole only then.");

    private readonly Option<int?> _seed = Choice.NumberOrNone("--seed", 0, int.MaxValue, "Repeats the random decisions of an earlier run.");

    /// <summary>Defines the verb.</summary>
    public RelayVerb()
        : base(
            "relay",
            "Relays UDP to a gateway and rebinds, loses, delays, reorders or cuts off what passes.",
            "./quicchat relay --listen 127.0.0.1:4500 --rebind-every 5s",
            "./quicchat relay --listen 127.0.0.1:4500 --to 127.0.0.1:4433 --loss 2% --delay 20ms --jitter 5ms",
            "./quicchat relay --listen 127.0.0.1:4500 --rebind-every 15s --blackhole down --blackhole-after 10s",
            "./quicchat chat --user ann --room lobby --server 127.0.0.1:4500")
    {
        _listen.DefaultValueFactory = _ => new IPEndPoint(IPAddress.Loopback, 0);
        _rebindTo.DefaultValueFactory = _ => [];
        AddOptions([_listen, _to, _rebindEvery, _rebindTo, .. _network.All, _blackhole, _blackholeAfter, _seed]);
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        var every = parsed.GetValue(_rebindEvery);
        var addresses = parsed.GetRequiredValue(_rebindTo);
        var blackhole = parsed.GetValue(_blackhole);
        var blackholeAfter = parsed.GetValue(_blackholeAfter);
        if (addresses.Length > 0 && every is null)
        {
            throw new UsageException("--rebind-to says where to; say how often with --rebind-every.");
        }

        if (blackholeAfter is not null && blackhole == LinkDirections.None)
        {
            throw new UsageException("--blackhole-after says when; say which direction with --blackhole.");
        }

        var server = await ResolveAsync(parsed.GetValue(_to), context.Data, cancellationToken);
        var conditions = _network.Read(parsed);
        await using var simulator = Start(new PathSimulatorOptions
        {
            Listen = parsed.GetRequiredValue(_listen),
            Server = server,
            ToServer = conditions,
            ToClient = conditions,
            Blackhole = blackholeAfter is null ? blackhole : LinkDirections.None,
            Seed = parsed.GetValue(_seed),
        });
        context.Progress($"relay: {simulator.ListenEndPoint} to {server}, seed {simulator.Seed}; Ctrl+C ends it");

        var rebinder = new Rebinder(simulator, addresses, context.Progress);
        var work = rebinder.RunAsync(every, cancellationToken);
        await using var begin = new Timer(_ =>
        {
            simulator.Blackhole = blackhole;
            context.Progress("relay: the blackhole has begun");
        });
        begin.Change(blackholeAfter ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await context.ShowWhileAsync(work, () => Draw(simulator, rebinder.Rebinds));
        if (context.Json)
        {
            context.WriteJson(new
            {
                listen = simulator.ListenEndPoint.ToString(),
                to = server.ToString(),
                seed = simulator.Seed,
                clients = simulator.Clients.Count,
                rebinds = rebinder.Rebinds,
                toServer = simulator.ToServer,
                toClient = simulator.ToClient,
            });
        }
        else
        {
            context.OutputConsole().Write(Draw(simulator, rebinder.Rebinds));
        }

        return ExitCode.Held;
    }

    private static PathSimulator Start(PathSimulatorOptions options)
    {
        try
        {
            return PathSimulator.Start(options);
        }
        catch (ArgumentException)
        {
            throw new ToolException(string.Join(' ', PathSimulatorOptionsValidator.Validate(options)));
        }
        catch (SocketException e)
        {
            throw new ToolException($"{options.Listen} cannot be listened on ({e.Message}); choose another with --listen.", e);
        }
    }

    private static async Task<IPEndPoint> ResolveAsync(DnsEndPoint? to, DataFolder data, CancellationToken cancellationToken)
    {
        if (to is null)
        {
            var gateways = RunningStack.Load(data).Gateways;
            return new IPEndPoint(IPAddress.Loopback, gateways[0].Port);
        }

        try
        {
            var addresses = await Dns.GetHostAddressesAsync(to.Host, cancellationToken);
            return new IPEndPoint(addresses.OrderBy(address => address.AddressFamily).First(), to.Port);
        }
        catch (SocketException e)
        {
            throw new ToolException($"the host '{to.Host}' is not known ({e.Message}); write --to like 127.0.0.1:4433.", e);
        }
    }

    private static LinkDirections Direction(string text) => text switch
    {
        "up" => LinkDirections.ToServer,
        "down" => LinkDirections.ToClient,
        "both" => LinkDirections.Both,
        _ => throw new FormatException($"'{text}' is not a direction: it is up, down or both"),
    };

    private static IPAddress[] Addresses(string text) =>
    [
        .. text.Split(',').Select(part => IPAddress.TryParse(part, out var address)
            ? address
            : throw new FormatException($"'{part}' is not an address, such as 127.0.0.2")),
    ];

    private static IRenderable Draw(PathSimulator simulator, long rebinds)
    {
        var up = simulator.ToServer;
        var down = simulator.ToClient;
        var table = new Table().Border(TableBorder.Simple);
        table.Title($"{simulator.Clients.Count} clients, {rebinds} rebindings");
        table.AddColumn("datagrams");
        table.AddColumn(new TableColumn("to the gateway").RightAligned());
        table.AddColumn(new TableColumn("to clients").RightAligned());
        (string Name, Func<LinkCounters, long> Count)[] rows =
        [
            ("received", counters => counters.Received),
            ("forwarded", counters => counters.Forwarded),
            ("lost", counters => counters.Lost),
            ("duplicated", counters => counters.Duplicated),
            ("reordered", counters => counters.Reordered),
            ("over the rate", counters => counters.Overflowed),
            ("into the blackhole", counters => counters.Blackholed),
            ("to a path left behind", counters => counters.Unmapped),
            ("refused by the system", counters => counters.Refused),
        ];
        foreach (var (name, count) in rows)
        {
            table.AddRow(name, Text(count(up)), Text(count(down)));
        }

        return table;
    }

    private static string Text(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
