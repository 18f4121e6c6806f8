using System.CommandLine;
using QuicChat.Abstractions.Connections;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin fail</c>: ends a connection as failed.</summary>
internal sealed class FailVerb : AdminVerb
{
    private readonly Argument<string?> _id = ConnectionIdArgument.Of("ID", "The connection, 32 hex digits.");
    private readonly Option<string?> _reason = ReasonOption.Of("Why; the client is told.");

    /// <summary>Defines the verb.</summary>
    public FailVerb()
        : base(
            "fail",
            "Ends a connection, and its attempt in flight, as failed; its gateway closes it with the error code MIGRATION_FAILED.",
            "./quicchat admin fail 00000001c2f0a1b2c3d4e5f60718293a --reason 'the path is known to be dead'")
    {
        _reason.Required = true;
        Arguments.Add(_id);
        AddAdminOptions(_reason);
    }

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        var (id, reason) = (parsed.GetValue(_id)!, parsed.GetValue(_reason)!);
        if (!await cluster.AskAsync(grains => grains.GetGrain<IConnectionGrain>(id).FailMigration(reason), cancellationToken))
        {
            var former = (await ConnectionVerb.FindAsync(cluster, id, cancellationToken)).FailureReason ?? "";
            throw new ToolException($"connection {id} has failed already: {former.TrimEnd('.')}.");
        }

        context.Progress($"{id}: it has failed, and its gateway closes it");
        if (context.Json)
        {
            context.WriteJson(new { failed = id, reason });
        }

        return ExitCode.Held;
    }
}
