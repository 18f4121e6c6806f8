using System.Collections.Immutable;
using System.CommandLine;
using System.Diagnostics;
using QuicChat.Abstractions.Gateways;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin drain</c>: sends a gateway's clients elsewhere.</summary>
internal sealed class DrainVerb : AdminVerb
{
    private static readonly TimeSpan UsualLimit = TimeSpan.FromSeconds(30);

    // A lease is renewed each second and tells how many are left; closing takes its time, too.
    private static readonly TimeSpan Reserve = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    private readonly Argument<string> _gateway = new("GATEWAY") { Description = "The gateway's name, as 'admin gateways' lists it." };
    private readonly Option<TimeSpan?> _within = Choice.Duration(
        "--within", "1s", "1h", "After which it closes the connections that have not gone by themselves; 30s unless given.");

    private readonly Option<bool> _undo = new("--undo") { Description = "Has a gateway that was drained take connections again." };

    /// <summary>Defines the verb.</summary>
    public DrainVerb()
        : base(
            "drain",
            "Has a gateway take no more connections and send those that it has to the other gateways, and waits until it has none. "
                + "It stays so until --undo, or until its process is started again.",
            "./quicchat admin drain gw-1",
            "./quicchat admin drain gw-1 --within 2m",
            "./quicchat admin drain gw-1 --undo")
    {
        Arguments.Add(_gateway);
        AddAdminOptions(_within, _undo);
        Validators.Add(result =>
        {
            if (result.GetValue(_undo) && result.GetResult(_within) is { Implicit: false })
            {
                result.AddError("--within does not go with --undo");
            }
        });
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var id = parsed.GetRequiredValue(_gateway);
        var limit = parsed.GetValue(_within) ?? UsualLimit;
        var gateways = await ListAsync(cluster, cancellationToken);
        if (Find(gateways, id) is null)
        {
            var there = gateways.IsEmpty ? "none does" : $"these do: {string.Join(", ", gateways.Select(gateway => gateway.GatewayId))}";
            throw new ToolException($"no gateway '{id}' holds a lease; {there}.");
        }

        if (parsed.GetValue(_undo))
        {
            return await UndoAsync(context, cluster, id, cancellationToken);
        }

        if (!gateways.Any(gateway => gateway.GatewayId != id && !gateway.IsDraining))
        {
            context.Progress("no other gateway takes connections: clients are told to go, but not where to");
        }

        Require(await cluster.AskAsync(grains => grains.Gateways().Drain(id, limit), cancellationToken), id);

        var began = Stopwatch.GetTimestamp();
        var left = await AwaitAsync(context, cluster, id, limit + Reserve, cancellationToken);
        var seconds = Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 1);
        context.Progress(left == 0
            ? $"{id}: drained after {seconds:0.0} s; it takes no connections until --undo, or until it is started again"
            : $"{id}: after {seconds:0} s {left} connections are left; see its log");
        if (context.Json)
        {
            context.WriteJson(new { gateway = id, connections = left, seconds });
        }

        return left == 0 ? ExitCode.Held : ExitCode.Failed;
    }

    private static async Task<int> UndoAsync(VerbContext context, ClusterConnection cluster, string id, CancellationToken cancellationToken)
    {
        Require(await cluster.AskAsync(grains => grains.Gateways().Undrain(id), cancellationToken), id);
        var began = Stopwatch.GetTimestamp();
        while (Find(await ListAsync(cluster, cancellationToken), id) is not { IsDraining: false })
        {
            if (Stopwatch.GetElapsedTime(began) > Reserve)
            {
                throw new ToolException($"gateway '{id}' does not say that it takes connections again; see its log.");
            }

            await Task.Delay(Poll, cancellationToken);
        }

        context.Progress($"{id}: takes connections again");
        if (context.Json)
        {
            context.WriteJson(new { gateway = id, draining = false });
        }

        return ExitCode.Held;
    }

    private static void Require(bool isAsked, string id)
    {
        if (!isAsked)
        {
            throw new ToolException($"gateway '{id}' cannot be asked just now; try again in some seconds.");
        }
    }

    private static async Task<int> AwaitAsync(
        VerbContext context, ClusterConnection cluster, string id, TimeSpan patience, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        for (int? told = null; ; await Task.Delay(Poll, cancellationToken))
        {
            // One that has left the list has ended.
            var gateway = Find(await ListAsync(cluster, cancellationToken), id);
            if (gateway is null or { IsDraining: true, Connections: 0 })
            {
                return 0;
            }

            if (gateway.IsDraining && told != gateway.Connections)
            {
                told = gateway.Connections;
                context.Progress($"{id}: {told} connections are left");
            }

            if (Stopwatch.GetElapsedTime(began) > patience)
            {
                return gateway.Connections;
            }
        }
    }

    private static GatewayDescription? Find(ImmutableArray<GatewayDescription> gateways, string id)
        => gateways.FirstOrDefault(gateway => gateway.GatewayId == id);

    private static Task<ImmutableArray<GatewayDescription>> ListAsync(ClusterConnection cluster, CancellationToken cancellationToken)
        => cluster.AskAsync(grains => grains.Gateways().GetGateways(), cancellationToken);
}
