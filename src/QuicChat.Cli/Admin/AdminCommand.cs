using System.CommandLine;

namespace QuicChat.Cli.Admin;

/// <summary><c>admin</c>: verbs that ask the cluster through an Orleans client.</summary>
internal sealed class AdminCommand : Command
{
    /// <summary>Defines the verbs.</summary>
    public AdminCommand()
        : base("admin", "Asks the cluster about its connections and migrations.")
        => Subcommands.Add(new StatsVerb());
}
