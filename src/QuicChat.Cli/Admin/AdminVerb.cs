using System.CommandLine;
using QuicChat.Abstractions;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary>A verb that asks the cluster: of this machine's stack, or of the store that is named.</summary>
internal abstract class AdminVerb : Verb
{
    private readonly Option<string?> _store = Choice.Of<string?>(
        "--store", "CONN", "The store of another cluster than this machine's stack, such as 127.0.0.1:6379.", Stack.RedisServer.Parse);

    private readonly Option<string> _clusterId = new("--cluster-id")
    {
        Description = "With --store: the Orleans cluster ID.",
        HelpName = "ID",
        DefaultValueFactory = _ => ClusterDefaults.ClusterId,
    };

    private readonly Option<string> _serviceId = new("--service-id")
    {
        Description = "With --store: the Orleans service ID.",
        HelpName = "ID",
        DefaultValueFactory = _ => ClusterDefaults.ServiceId,
    };

    /// <summary>Defines a verb.</summary>
    protected AdminVerb(string name, string description, params string[] examples)
        : base(name, description, examples)
    {
    }

    /// <summary>Adds the verb's own options, and behind them those of all admin verbs.</summary>
    protected void AddAdminOptions(params Option[] options) => AddOptions([.. options, _store, _clusterId, _serviceId]);

    /// <summary>Looks at the command line before the cluster is asked.</summary>
    /// <exception cref="UsageException">The options do not go together.</exception>
    protected virtual void Check(ParseResult parsed)
    {
    }

    /// <summary>Does the work.</summary>
    /// <returns>An exit code.</returns>
    /// <exception cref="ToolException">It cannot be done.</exception>
    protected abstract Task<int> RunAsync(ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken);

    /// <inheritdoc />
    protected sealed override async Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
    {
        Check(parsed);
        await using var cluster = await ConnectAsync(parsed, context, cancellationToken);
        return await RunAsync(parsed, context, cluster, cancellationToken);
    }

    /// <summary>Connects to the cluster that the command line names.</summary>
    /// <exception cref="ToolException">It does not answer.</exception>
    protected Task<ClusterConnection> ConnectAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
        => ClusterConnection.OpenAsync(
            context.Data,
            parsed.GetValue(_store),
            parsed.GetRequiredValue(_clusterId),
            parsed.GetRequiredValue(_serviceId),
            cancellationToken);
}
