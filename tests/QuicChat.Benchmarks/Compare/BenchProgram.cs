using QuicChat.Cli.Stack;

namespace QuicChat.Benchmarks.Compare;

/// <summary>A program that measures one side, and says what it measured as a JSON object on its last line.</summary>
internal sealed class BenchProgram
{
    /// <summary>The tool's <c>load</c>, on a stack of its own, whose Redis has each write on the disk before it answers.</summary>
    public static readonly BenchProgram Load = new("quicchat", "src/QuicChat.Cli", "quicchat", "--redis-server");

    /// <summary>The same load on SignalR, on a server of its own.</summary>
    public static readonly BenchProgram SignalR = new(
        "signalr", "tests/QuicChat.Benchmarks/Peers/SignalR", "QuicChat.Benchmarks.SignalR", "");

    private readonly ServerProgram _program;
    private readonly string _options;

    private BenchProgram(string name, string folder, string assembly, string options)
        => (Name, _program, _options) = (name, new ServerProgram(folder, assembly), options);

    /// <summary>Its name in messages.</summary>
    public string Name { get; }

    /// <summary>Its arguments.</summary>
    public IReadOnlyList<string> Arguments(string options)
        => ["load", .. $"{_options} {options}".Split(' ', StringSplitOptions.RemoveEmptyEntries), "--json"];

    /// <summary>Its command line as a person would write it.</summary>
    /// <exception cref="Cli.Verbs.ToolException">It is not built.</exception>
    public string Text(string options)
        => this == Load ? $"./quicchat {string.Join(' ', Arguments(options))}" : string.Join(' ', Command(options));

    /// <summary>Its command line.</summary>
    /// <exception cref="Cli.Verbs.ToolException">It is not built.</exception>
    public IReadOnlyList<string> Command(string options) => _program.Line(Arguments(options));
}
