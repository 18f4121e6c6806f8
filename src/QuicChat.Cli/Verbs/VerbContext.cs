using System.Text.Json;
using QuicChat.Cli.Stack;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace QuicChat.Cli.Verbs;

/// <summary>What every verb works with.</summary>
/// <param name="Data">The data directory.</param>
/// <param name="Json">Whether the report is a JSON object.</param>
/// <param name="Output">Standard output: the report.</param>
/// <param name="Error">Standard error: progress and errors.</param>
internal sealed record VerbContext(DataFolder Data, bool Json, TextWriter Output, TextWriter Error)
{
    private static readonly JsonSerializerOptions Shape = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    // Wide enough that no table is wrapped where nobody looks at a terminal's edge.
    private const int WidthOfFiles = 200;

    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(250);

    /// <summary>Prints <paramref name="report"/> as one line of JSON.</summary>
    public void WriteJson(object report) => Output.WriteLine(JsonSerializer.Serialize(report, Shape));

    /// <summary>Prints a line of progress.</summary>
    public void Progress(string line) => Error.WriteLine(line);

    /// <summary>Prints why the verb failed.</summary>
    /// <returns>The exit code to end with.</returns>
    public int Fail(string reason) => Fail(reason, ExitCode.Failed);

    /// <summary>Prints what is wrong with the command line.</summary>
    /// <returns>The exit code to end with.</returns>
    public int Refuse(string reason) => Fail(reason, ExitCode.Usage);

    private int Fail(string reason, int code)
    {
        Error.WriteLine($"quicchat: {reason}");
        if (Json)
        {
            WriteJson(new { error = reason });
        }

        return code;
    }

    /// <summary>A console for tables on standard output.</summary>
    public IAnsiConsole OutputConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Output) });
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Width = WidthOfFiles;
        }

        return console;
    }

    /// <summary>Prints a line of progress, unless <see cref="ShowWhileAsync"/> shows more than it says.</summary>
    public void ProgressIfNotLive(string line)
    {
        if (!CanShow(ErrorConsole()))
        {
            Progress(line);
        }
    }

    /// <summary>
    /// Shows what moves, on standard error so that a report can be piped, and only where that is a terminal: until
    /// <paramref name="work"/> ends, <paramref name="draw"/> is asked for a new picture four times a second.
    /// </summary>
    public async Task ShowWhileAsync(Task work, Func<IRenderable> draw)
    {
        var console = ErrorConsole();
        if (CanShow(console))
        {
            await console.Live(draw()).StartAsync(async live =>
            {
                while (!work.IsCompleted)
                {
                    await Task.WhenAny(work, Task.Delay(Redraw));
                    live.UpdateTarget(draw());
                    live.Refresh();
                }
            });
        }

        await work;
    }

    private static bool CanShow(IAnsiConsole console) => console.Profile is { Out.IsTerminal: true, Capabilities.Ansi: true };

    private IAnsiConsole ErrorConsole() => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Error) });
}
