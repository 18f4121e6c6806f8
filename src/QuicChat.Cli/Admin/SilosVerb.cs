using System.CommandLine;
using QuicChat.Cli.Verbs;
using static QuicChat.Cli.Admin.Tables;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin silos</c>: the cluster's members.</summary>
internal sealed class SilosVerb : AdminVerb
{
    private readonly Option<bool> _all = new("--all") { Description = "Also silos that are gone." };

    /// <summary>Defines the verb.</summary>
    public SilosVerb()
        : base("silos", "Lists the silos of the cluster.", "./quicchat admin silos", "./quicchat admin silos --all --json")
        => AddAdminOptions(_all);

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var members = await cluster.AskAsync(
            grains => grains.GetGrain<IManagementGrain>(0).GetDetailedHosts(onlyActive: !parsed.GetValue(_all)), cancellationToken);
        var silos = members.OrderBy(silo => silo.SiloName, StringComparer.Ordinal).ThenBy(silo => silo.StartTime).Select(silo => new
        {
            Name = silo.SiloName,
            Status = silo.Status.ToString().ToLowerInvariant(),
            EndPoint = silo.SiloAddress.Endpoint.ToString(),
            StartedAt = new DateTimeOffset(silo.StartTime, TimeSpan.Zero),
            LastSeenAt = new DateTimeOffset(silo.IAmAliveTime, TimeSpan.Zero),
        }).ToList();
        if (context.Json)
        {
            context.WriteJson(new { silos });
            return ExitCode.Held;
        }

        var table = Create("silo", "status", "end point", "started", "last sign of life");
        foreach (var silo in silos)
        {
            table.Add(silo.Name, silo.Status, silo.EndPoint, Text(silo.StartedAt), Text(silo.LastSeenAt));
        }

        context.OutputConsole().Show(table, "No silo is active.");
        return ExitCode.Held;
    }
}
