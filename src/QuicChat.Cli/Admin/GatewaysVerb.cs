using System.CommandLine;
using QuicChat.Cli.Verbs;
using static QuicChat.Cli.Admin.Tables;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin gateways</c>: the gateways whose lease runs.</summary>
internal sealed class GatewaysVerb : AdminVerb
{
    /// <summary>Defines the verb.</summary>
    public GatewaysVerb()
        : base("gateways", "Lists the gateways whose lease runs.", "./quicchat admin gateways", "./quicchat admin gateways --json")
        => AddAdminOptions();

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var gateways = await cluster.AskAsync(
            grains => grains.Gateways().GetGateways(), cancellationToken);
        if (context.Json)
        {
            context.WriteJson(new { gateways });
            return ExitCode.Held;
        }

        var table = Create("gateway", ">server ID", "end point", "engine", ">connections", "state", "started");
        foreach (var gateway in gateways)
        {
            table.Add(
                gateway.GatewayId, Text(gateway.ServerId), gateway.EndPoint, gateway.Engine, Text(gateway.Connections),
                gateway.IsDraining ? "draining" : "open", Text(gateway.StartedAt));
        }

        context.OutputConsole().Show(table, "No gateway holds a lease.");
        return ExitCode.Held;
    }
}
