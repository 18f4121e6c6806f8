using System.CommandLine;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Cli.Verbs;
using static QuicChat.Cli.Admin.Tables;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin connections</c>: connections of the whole cluster.</summary>
internal sealed class ConnectionsVerb : AdminVerb
{
    // MigrationCompleted is passed through and never found.
    private static readonly MigrationState[] States = [MigrationState.Stable, MigrationState.Migrating, MigrationState.MigrationFailed];

    private readonly Option<string?> _user = Choice.Checked("--user", "USER", "Only those of one user.", Protocol.ProtocolRules.CheckUserId);

    private readonly Option<string?> _gateway = Choice.Checked(
        "--gateway", "ID", "Only those that one gateway holds.", id => string.IsNullOrWhiteSpace(id) ? "the gateway's ID is empty" : null);

    private readonly Option<MigrationState?> _state = Choice.Of<MigrationState?>(
        "--state",
        "STATE",
        $"Only those in one state: {AnyState}. Failed ones can be asked for, for some minutes; without this they are not listed.",
        text => ReadState(text));

    private readonly Option<int> _limit = Choice.Number("--limit", 100, 1, IMigrationMonitorGrain.MostConnections, "How many at most.");

    /// <summary>Defines the verb.</summary>
    public ConnectionsVerb()
        : base(
            "connections",
            "Lists the connections of the whole cluster, the newest first.",
            "./quicchat admin connections",
            "./quicchat admin connections --user ann --json",
            "./quicchat admin connections --gateway gw-1 --state migrating --limit 1000")
        => AddAdminOptions(_user, _gateway, _state, _limit);

    private static string AnyState => $"{string.Join(", ", States[..^1].Select(Words.Of))} or {Words.Of(States[^1])}";

    /// <summary>Names the silos whose connections may be missing from a list.</summary>
    internal static void SayMissing(VerbContext context, IEnumerable<string> silos)
    {
        foreach (var silo in silos)
        {
            context.Progress($"{silo} does not answer, or has died and is being read again; connections of it may be missing");
        }
    }

    /// <summary>Shows a list.</summary>
    internal static void Show(VerbContext context, ConnectionList list)
    {
        SayMissing(context, list.Missing);

        if (context.Json)
        {
            context.WriteJson(new
            {
                list.Total,
                connections = list.Connections.Select(one => new
                {
                    one.ConnectionId,
                    one.UserId,
                    one.GatewayId,
                    one.Silo,
                    State = Words.Of(one.State),
                    one.RemoteEndPoint,
                    one.ConnectedAt,
                    one.MigrationCount,
                }),
                list.Missing,
            });
            return;
        }

        var table = Create("connection", "user", "gateway", "silo", "state", "address", "connected", ">migrations");
        foreach (var one in list.Connections)
        {
            table.Add(
                one.ConnectionId,
                one.UserId,
                one.GatewayId,
                one.Silo,
                Words.Of(one.State),
                one.RemoteEndPoint,
                Text(one.ConnectedAt),
                Text(one.MigrationCount));
        }

        context.OutputConsole().Show(table, "No connection is like that.");
        if (table.Rows.Count > 0)
        {
            context.Output.WriteLine($"shown {Text(list.Connections.Length)} of {Text(list.Total)}");
        }
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var filter = new ConnectionFilter(parsed.GetValue(_user), parsed.GetValue(_gateway), parsed.GetValue(_state));
        Show(context, await cluster.AskAsync(
            grains => grains.Monitor().GetConnections(filter, parsed.GetValue(_limit)), cancellationToken));
        return ExitCode.Held;
    }

    // migration-failed is what one types who has seen this tool's options.
    private static MigrationState ReadState(string text)
    {
        var word = text.Replace("-", "", StringComparison.Ordinal);
        var found = States.Where(state => Words.Of(state).Equals(word, StringComparison.OrdinalIgnoreCase)).ToList();
        return found is [var state] ? state : throw new FormatException($"'{text}' is not a state: it is {AnyState}");
    }
}
