using System.Diagnostics;
using System.Text.Json;
using QuicChat.Cli.Stack;
using QuicChat.Cli.Verbs;

namespace QuicChat.Benchmarks.Compare;

/// <summary>A program that measures one side of a pair, and says what it measured as a JSON object on its last line.</summary>
internal static class TrialProcess
{
    // To stop what it has started, and to delete what that has written.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Runs it to its end.</summary>
    /// <param name="command">The program, and its arguments.</param>
    /// <param name="logFile">Where what it says besides goes.</param>
    /// <param name="cancellationToken">Ends it; what it has started itself ends with it.</param>
    /// <returns>What it measured.</returns>
    /// <exception cref="ToolException">It failed, or said nothing that can be read.</exception>
    public static async Task<JsonElement> RunAsync(IReadOnlyList<string> command, string logFile, CancellationToken cancellationToken)
    {
        var line = ChildProcess.InOwnSession(command);
        var start = new ProcessStartInfo(line[0], line.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (said, last) = (WriteAsync(process.StandardError, logFile), LastLineAsync(process.StandardOutput));
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await StopAsync(process);
            throw;
        }

        var lastWords = await said;
        if (process.ExitCode != ExitCode.Held)
        {
            throw new ToolException(
                $"'{string.Join(' ', command)}' ended with exit code {process.ExitCode}: {lastWords ?? "it said nothing"}. Its log is '{logFile}'.");
        }

        try
        {
            return JsonDocument.Parse(await last ?? "").RootElement;
        }
        catch (JsonException e)
        {
            throw new ToolException($"'{string.Join(' ', command)}' ended without a JSON object on its last line; its log is '{logFile}'.", e);
        }
    }

    private static async Task StopAsync(Process process)
    {
        ProcessSignal.Terminate(process.Id);
        using var timer = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static async Task<string?> WriteAsync(StreamReader reader, string logFile)
    {
        string? last = null;
        await using var log = DataFolder.Access(logFile, file => new StreamWriter(file, append: true) { AutoFlush = true });
        while (await reader.ReadLineAsync() is { } line)
        {
            await log.WriteLineAsync(line);
            last = line.TrimEnd('.');
        }

        return last;
    }

    private static async Task<string?> LastLineAsync(StreamReader reader)
    {
        string? last = null;
        while (await reader.ReadLineAsync() is { } line)
        {
            last = line;
        }

        return last;
    }
}
