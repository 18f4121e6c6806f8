using System.CommandLine;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Bench;

/// <summary><c>bench compare</c>: this system and its peers in turns.</summary>
internal sealed class CompareVerb : Verb
{
    /// <summary>Defines the verb.</summary>
    public CompareVerb()
        : base(
            "compare",
            "Runs chats on this system and on SignalR, and the QUIC engine beside other programs on ngtcp2, in turns; prints ratios and whether "
            + "the budgets are met. Exit code 1 where one that was judged is not.",
            "./quicchat bench compare --quick",
            "./quicchat bench compare --only W1,bulk",
            "./quicchat bench compare --list --only W3",
            "./quicchat bench compare --json --report artifacts/compare")
        => AddOptions([.. new CompareOptions().All]);

    /// <inheritdoc />
    protected override Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
        => BenchmarksProgram.RunToldAsync(parsed.Tokens.Select(token => token.Value).SkipWhile(word => word != Name), cancellationToken);
}
