using System.CommandLine;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin</c>: verbs that ask the cluster through an Orleans client.</summary>
internal sealed class AdminCommand : Command
{
    /// <summary>Defines the verbs.</summary>
    public AdminCommand()
        : base("admin", "Asks the cluster about its connections and migrations, and tells it what to do.")
    {
        foreach (var verb in (Command[])
            [
                new StatsVerb(),
                new ConnectionsVerb(),
                new ConnectionVerb(),
                new MigrationsVerb(),
                new GatewaysVerb(),
                new SilosVerb(),
                new KickVerb(),
                new FailVerb(),
                new DrainVerb(),
                new TimeoutCommand(),
                new PolicyCommand(),
                new ResetVerb(),
            ])
        {
            Subcommands.Add(verb);
        }
    }
}
