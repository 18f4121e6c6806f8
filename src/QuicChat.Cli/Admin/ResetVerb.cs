using System.CommandLine;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin reset</c>: counts from now on.</summary>
internal sealed class ResetVerb : AdminVerb
{
    /// <summary>Defines the verb.</summary>
    public ResetVerb()
        : base("reset", "Begins the counts of migrations anew. Connections, policy and time-out stay.", "./quicchat admin reset")
        => AddAdminOptions();

    /// <inheritdoc />
    protected override async Task<int> RunAsync(
        ParseResult parsed, VerbContext context, ClusterConnection cluster, CancellationToken cancellationToken)
    {
        await cluster.TellAsync(grains => grains.Monitor().Reset(), cancellationToken);
        context.Progress("migrations are counted from now on");
        if (context.Json)
        {
            context.WriteJson(new { reset = true });
        }

        return ExitCode.Held;
    }
}
