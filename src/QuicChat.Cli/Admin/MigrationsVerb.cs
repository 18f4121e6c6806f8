using System.CommandLine;
using QuicChat.Cli.Verbs;
using static QuicChat.Cli.Admin.Tables;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin migrations</c>: attempts in flight, the last failures, a connection's history, or what happens from now on.</summary>
internal sealed class MigrationsVerb : AdminVerb
{
    private readonly Option<bool> _migrating = new("--migrating") { Description = "Attempts in flight, the oldest first; this is shown unless something else is asked for." };
    private readonly Option<bool> _failed = new("--failed") { Description = "Connections that failed lately, the newest first." };
    private readonly Option<string?> _history = ConnectionIdArgument.Option("--history", "The last attempts of one connection.");
    private readonly Option<bool> _follow = new("--follow")
    {
        Description = "What happens from now on, one line an event, until Ctrl+C; with --failed only failures. With --json each line is a JSON object.",
    };

    private readonly Option<int> _limit = Choice.Number("--limit", 50, 1, 1_000, "How many at most.");

    /// <summary>Defines the verb.</summary>
    public MigrationsVerb()
        : base(
            "migrations",
            "Lists migrations in flight, failed ones, or those of one connection; or follows them live.",
            "./quicchat admin migrations",
            "./quicchat admin migrations --failed --json",
            "./quicchat admin migrations --history 00000001c2f0a1b2c3d4e5f60718293a",
            "./quicchat admin migrations --follow",
            "./quicchat admin migrations --follow --failed --json")
        => AddAdminOptions(_migrating, _failed, _history, _follow, _limit);

    /// <inheritdoc />
    protected override void Check(ParseResult parsed)
    {
        if ((parsed.GetValue(_migrating) ? 1 : 0) + (parsed.GetValue(_failed) ? 1 : 0) + (parsed.GetValue(_history) is null ? 0 : 1) > 1)
        {
            throw new UsageException("--migrating, --failed and --history are three questions; ask one");
        }

        if (parsed.GetValue(_follow)
            && (parsed.GetValue(_migrating) || parsed.GetValue(_history) is not null || parsed.GetResult(_limit) is { Implicit: false }))
        {
            throw new UsageException("--follow is about what comes, and goes with --failed alone; leave --migrating, --history and --limit away");
        }
    }

    /// <inheritdoc />
    protected override Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
        => parsed.GetValue(_follow) ? new MigrationFollower(context, parsed.GetValue(_failed)).RunAsync(
                cluster, cancellation => ConnectAsync(parsed, context, cancellation), cancellationToken)
            : parsed.GetValue(_history) is { } id ? ShowHistoryAsync(context, cluster, id, parsed.GetValue(_limit), cancellationToken)
            : parsed.GetValue(_failed) ? ShowFailedAsync(context, cluster, parsed.GetValue(_limit), cancellationToken)
            : ShowMigratingAsync(context, cluster, parsed.GetValue(_limit), cancellationToken);

    private static async Task<int> ShowMigratingAsync(
        VerbContext context, ClusterConnection cluster, int limit, CancellationToken cancellationToken)
    {
        var migrating = await cluster.AskAsync(grains => grains.Monitor().GetMigratingConnections(limit), cancellationToken);
        ConnectionsVerb.SayMissing(context, migrating.Missing);
        if (context.Json)
        {
            context.WriteJson(new
            {
                migrating = migrating.Connections.Select(one => new
                {
                    one.ConnectionId,
                    one.UserId,
                    one.GatewayId,
                    one.From,
                    one.To,
                    Kind = Words.Of(one.Kind),
                    one.StartedAt,
                }),
                migrating.Missing,
            });
            return ExitCode.Held;
        }

        var table = Create("connection", "user", "gateway", "from", "to", "kind", "began");
        foreach (var one in migrating.Connections)
        {
            table.Add(one.ConnectionId, one.UserId, one.GatewayId, one.From, one.To, Words.Of(one.Kind), Text(one.StartedAt));
        }

        context.OutputConsole().Show(table, "No migration is in flight.");
        return ExitCode.Held;
    }

    private static async Task<int> ShowFailedAsync(
        VerbContext context, ClusterConnection cluster, int limit, CancellationToken cancellationToken)
    {
        var failed = await cluster.AskAsync(grains => grains.Monitor().GetFailedMigrations(limit), cancellationToken);
        if (context.Json)
        {
            context.WriteJson(new
            {
                failed = failed.Select(one => new
                {
                    one.ConnectionId,
                    one.UserId,
                    one.FailedAt,
                    one.Reason,
                    one.GatewayId,
                    Attempt = one.Attempt is { } attempt ? AttemptReport.Of(attempt) : null,
                })
            });
            return ExitCode.Held;
        }

        var table = Create("failed", "connection", "user", "from", "to", ">after", "gateway", "reason");
        foreach (var one in failed)
        {
            table.Add(
                Text(one.FailedAt),
                one.ConnectionId,
                one.UserId,
                one.Attempt?.From ?? "",
                one.Attempt?.To ?? "",
                one.Attempt is { Duration: var duration } ? Text(duration) : "",
                one.GatewayId,
                one.Reason);
        }

        context.OutputConsole().Show(table, "No migration has failed lately.");
        return ExitCode.Held;
    }

    private static async Task<int> ShowHistoryAsync(
        VerbContext context, ClusterConnection cluster, string id, int limit, CancellationToken cancellationToken)
    {
        var connection = ConnectionReport.Of(await ConnectionVerb.FindAsync(cluster, id, cancellationToken));
        var history = connection.History.Reverse().Take(limit).ToList();
        if (context.Json)
        {
            context.WriteJson(new { connectionId = id, history });
        }
        else
        {
            context.OutputConsole().Show(ConnectionVerb.TableOf(history), "This connection has not migrated.");
        }

        return ExitCode.Held;
    }
}
