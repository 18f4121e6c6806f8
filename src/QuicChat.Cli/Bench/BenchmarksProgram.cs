using System.Diagnostics;
using QuicChat.Cli.Stack;

namespace QuicChat.Cli.Bench;

/// <summary>The benchmarks' program, which brings along what it compares with, and therefore is none of the tool's own parts.</summary>
internal static class BenchmarksProgram
{
    /// <summary>The option by which it ends, in order, when its standard input does.</summary>
    public const string ExitWithParent = "--exit-with-parent";

    private static readonly ServerProgram Program = new("tests/QuicChat.Benchmarks", "QuicChat.Benchmarks");

    /// <summary>Runs it in this process's place: it reads and writes where this process would.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Asks it to end, by a signal.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="Verbs.ToolException">It is not built.</exception>
    public static Task<int> RunAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
        => RunAsync(Start(arguments), static process => ProcessSignal.Terminate(process.Id), cancellationToken);

    /// <summary>
    /// Runs it in this process's place, but for its input, by whose end it is told to end. Unlike a signal, that is no second one where
    /// Ctrl+C in a terminal has reached it, too; and it ends when this process is killed.
    /// </summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Asks it to end; it then still prints what it has.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="Verbs.ToolException">It is not built.</exception>
    public static Task<int> RunToldAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = Start([.. arguments, ExitWithParent]);
        start.RedirectStandardInput = true;
        return RunAsync(start, static process => process.StandardInput.Close(), cancellationToken);
    }

    private static ProcessStartInfo Start(IEnumerable<string> arguments)
    {
        var line = Program.Line(arguments);
        return new ProcessStartInfo(line[0], line.Skip(1));
    }

    private static async Task<int> RunAsync(ProcessStartInfo start, Action<Process> end, CancellationToken cancellationToken)
    {
        using var process = Process.Start(start)!;
        await using var registration = cancellationToken.Register(() => end(process));
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }
}
