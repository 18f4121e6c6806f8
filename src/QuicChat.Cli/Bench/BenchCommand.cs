using System.CommandLine;

namespace QuicChat.Cli.Bench;

/// <summary><c>bench</c>: the benchmarks, of which the tool starts the program.</summary>
internal sealed class BenchCommand : Command
{
    /// <summary>Defines the verbs.</summary>
    public BenchCommand()
        : base("bench", "Compares this system with what a team would use instead, and measures its parts.")
    {
        Subcommands.Add(new CompareVerb());
        Subcommands.Add(new BenchVerb(
            "engine", "Measures the QUIC engine beside gtlsserver and gtlsclient.", "./quicchat bench engine", "./quicchat bench engine -- --pairs 11 --only bulk"));
        Subcommands.Add(new BenchVerb(
            "micro", "Measures single parts: time and allocation.", "./quicchat bench micro -- --list flat", "./quicchat bench micro -- --filter '*ConnectionId*'"));
    }
}
