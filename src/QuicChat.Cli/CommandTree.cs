using System.CommandLine;
using System.CommandLine.Invocation;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli;

/// <summary>All verbs of the tool.</summary>
internal static class CommandTree
{
    /// <summary>Parses and runs one command line.</summary>
    /// <returns>0 = it held, 1 = it did not, 2 = wrong usage.</returns>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> args, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var parsed = Create().Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            // What could not be parsed has no options to ask.
            var context = new VerbContext(new DataFolder(DataFolder.DefaultPath), Json: args.Contains("--json"), output, error);
            return context.Refuse(UsageError.Describe(parsed));
        }

        var invocation = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            // Signals are handled by StopSignals, without a time limit of the parser's own.
            ProcessTerminationTimeout = null,
        };
        return await parsed.InvokeAsync(invocation, cancellationToken);
    }

    private static RootCommand Create()
    {
        var root = new RootCommand("Chat over QUIC connections that survive a change of network.")
        {
            new Up.UpVerb(),
            new Status.StatusVerb(),
            new Token.TokenVerb(),
            new Chat.ChatVerb(),
            new Admin.AdminCommand(),
            new Relay.RelayVerb(),
            new Demo.DemoVerb(),
            new Load.LoadVerb(),
            new Bench.BenchCommand(),
        };
        ExamplesHelp.AddTo(root);
        return root;
    }
}
