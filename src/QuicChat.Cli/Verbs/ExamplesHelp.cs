using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace QuicChat.Cli.Verbs;

/// <summary>The parser's help, followed by the verb's examples.</summary>
internal sealed class ExamplesHelp(SynchronousCommandLineAction help) : SynchronousCommandLineAction
{
    /// <inheritdoc />
    public override bool ClearsParseErrors => true;

    /// <summary>Makes the help option of <paramref name="root"/> and of all its verbs show examples.</summary>
    public static void AddTo(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new ExamplesHelp((SynchronousCommandLineAction)option.Action!);
        }
    }

    /// <inheritdoc />
    public override int Invoke(ParseResult parseResult)
    {
        var result = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb { Examples: [_, ..] examples })
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in examples)
            {
                output.WriteLine($"  {example}");
            }

            output.WriteLine();
        }

        return result;
    }
}
