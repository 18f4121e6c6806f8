using System.CommandLine;
using QuicChat.Abstractions.Connections;
using QuicChat.Cli.Verbs;
using Spectre.Console;
using static QuicChat.Cli.Admin.Tables;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin connection</c>: one connection and its last migrations.</summary>
internal sealed class ConnectionVerb : AdminVerb
{
    private readonly Argument<string?> _id = ConnectionIdArgument.Of("ID", "The connection, 32 hex digits.");

    /// <summary>Defines the verb.</summary>
    public ConnectionVerb()
        : base("connection", "Shows one connection and its last migrations.", "./quicchat admin connection 00000001c2f0a1b2c3d4e5f60718293a")
    {
        Arguments.Add(_id);
        AddAdminOptions();
    }

    /// <summary>What the cluster knows of a connection.</summary>
    /// <exception cref="ToolException">It is not registered.</exception>
    public static async Task<ConnectionSnapshot> FindAsync(ClusterConnection cluster, string id, CancellationToken cancellationToken)
        => await cluster.AskAsync(grains => grains.GetGrain<IConnectionGrain>(id).GetSnapshot(), cancellationToken)
            ?? throw new ToolException($"no connection {id} is registered.");

    /// <summary>A table of attempts.</summary>
    public static Table TableOf(IEnumerable<AttemptReport> history)
    {
        var table = Create("began", "from", "to", "kind", "outcome", ">took", "gateway", "silo", "reason");
        foreach (var attempt in history)
        {
            table.Add(
                Text(attempt.StartedAt),
                attempt.From,
                attempt.To,
                attempt.Kind,
                attempt.Inferred ? attempt.Outcome + " (inferred)" : attempt.Outcome,
                Text(TimeSpan.FromMilliseconds(attempt.DurationMs)),
                attempt.GatewayId,
                attempt.Silo,
                attempt.Reason ?? "");
        }

        return table;
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var connection = ConnectionReport.Of(await FindAsync(cluster, parsed.GetValue(_id)!, cancellationToken));
        if (context.Json)
        {
            context.WriteJson(connection);
            return ExitCode.Held;
        }

        var console = context.OutputConsole();
        var grid = new Grid().AddColumn().AddColumn();
        foreach (var (name, value) in ((string, string)[])
        [
            ("connection", connection.ConnectionId),
            ("user", $"{connection.UserId} ({connection.UserName})"),
            ("client", connection.ClientId),
            ("gateway", $"{connection.GatewayId}, engine {connection.Engine}"),
            (
                "state",
                connection.MigrationStartedAt is { } since ? $"{connection.State} since {Text(since)}"
                : connection.FailureReason is { } reason ? $"{connection.State}: {reason}"
                : connection.State),
            ("address", connection.RemoteEndPoint),
            ("connected", Text(connection.ConnectedAt)),
            ("migrations", connection.LastMigration is { } last ? $"{connection.MigrationCount}, the last one {Text(last)}" : "none"),
        ])
        {
            grid.AddRow(Markup.Escape(name), Markup.Escape(value));
        }

        console.Write(grid);
        if (!connection.History.IsEmpty)
        {
            console.Write(TableOf(connection.History));
        }

        return ExitCode.Held;
    }
}
