using System.CommandLine;
using QuicChat.Cli.Stack;

namespace QuicChat.Cli.Verbs;

/// <summary>
/// One verb of the tool. Reports go to standard output, progress and errors to standard error; an expected failure is one line and
/// exit code 1.
/// </summary>
internal abstract class Verb : Command
{
    private readonly Option<DataFolder> _data;

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print one JSON object as the last line on standard output.",
    };

    /// <summary>Defines a verb.</summary>
    /// <param name="name">The word on the command line.</param>
    /// <param name="description">What it does, as a sentence.</param>
    /// <param name="examples">Command lines to learn from.</param>
    protected Verb(string name, string description, params string[] examples)
        : base(name, description)
    {
        Examples = examples;
        _data = Choice.Of("--data", "DIR", DataDescription, DataFolder.Parse);
        _data.DefaultValueFactory = _ => new DataFolder(DataFolder.DefaultPath);
        SetAction(RunGuardedAsync);
    }

    /// <summary>Command lines to learn from.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>What the verb does with its data directory.</summary>
    protected virtual string DataDescription => "Where 'up' leaves what the other verbs need.";

    /// <summary>Does the work.</summary>
    /// <returns>An exit code.</returns>
    /// <exception cref="UsageException">The options do not go together.</exception>
    /// <exception cref="ToolException">It cannot be done.</exception>
    protected abstract Task<int> RunAsync(ParseResult parsed, VerbContext context, CancellationToken cancellationToken);

    /// <summary>Adds the verb's own options, and behind them those that every verb has.</summary>
    protected void AddOptions(params Option[] options)
    {
        foreach (var option in (IEnumerable<Option>)[.. options, _data, _json])
        {
            Options.Add(option);
        }
    }

    /// <summary>Whether the data directory was named.</summary>
    protected bool IsDataGiven(ParseResult parsed) => parsed.GetResult(_data) is { Implicit: false };

    private async Task<int> RunGuardedAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var invocation = parsed.InvocationConfiguration;

        // A verb that hands its arguments on has none of the options that others have.
        var context = new VerbContext(
            parsed.GetValue(_data) ?? new DataFolder(DataFolder.DefaultPath), parsed.GetValue(_json), invocation.Output, invocation.Error);
        try
        {
            return await RunAsync(parsed, context, cancellationToken);
        }
        catch (UsageException e)
        {
            return context.Refuse(UsageError.Describe(this, e.Message));
        }
        catch (ToolException e)
        {
            return context.Fail(e.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return context.Fail("interrupted.");
        }
    }
}
