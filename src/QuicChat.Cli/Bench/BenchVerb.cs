using System.CommandLine;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Bench;

/// <summary>A verb that the benchmarks' program does, by options of its own.</summary>
internal sealed class BenchVerb : Verb
{
    private readonly Argument<string[]> _arguments = new("OPTION")
    {
        Description = "Options of the benchmark, behind '--'; '-- --help' tells of them.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    /// <summary>Defines one.</summary>
    /// <param name="name">The word on the command line.</param>
    /// <param name="description">What it does, as a sentence.</param>
    /// <param name="examples">Command lines to learn from.</param>
    public BenchVerb(string name, string description, params string[] examples)
        : base(name, description, examples)
        => Arguments.Add(_arguments);

    /// <inheritdoc />
    protected override Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken)
        => BenchmarksProgram.RunAsync([Name, .. parsed.GetValue(_arguments) ?? []], cancellationToken);
}
