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
    /// <returns>
    /// What it measured; and its last words where it ran to its end and failed for messages that were lost, doubled or reordered, which is
    /// a result like others, and a bad one.
    /// </returns>
    /// <exception cref="ToolException">It failed otherwise, or said nothing that can be read.</exception>
    public static async Task<(JsonElement Result, string? Faults)> RunAsync(
        IReadOnlyList<string> command, string logFile, CancellationToken cancellationToken)
    {
        var words = ChildProcess.InOwnSession(command);
        var start = new ProcessStartInfo(words[0], words.Skip(1))
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

        var (lastWords, result) = (await said, Read(await last));
        var line = string.Join(' ', command);
        return (process.ExitCode, result) switch
        {
            (ExitCode.Held, { } held) => (held, null),
            (ExitCode.Held, null) => throw new ToolException(
                $"'{line}' ended without a JSON object on its last line; its log is '{logFile}'."),
            (ExitCode.Failed, { } faulty) when IsWhole(faulty) => (faulty, lastWords ?? "it did not say why"),
            var (exitCode, _) => throw new ToolException(
                $"'{line}' ended with exit code {exitCode}: {lastWords ?? "it said nothing"}. Its log is '{logFile}'."),
        };
    }

    private static JsonElement? Read(string? line)
    {
        try
        {
            return JsonDocument.Parse(line ?? "").RootElement is { ValueKind: JsonValueKind.Object } result ? result : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Of a run to its end, in which all that is wrong is what became of some of the messages that were sent.
    private static bool IsWhole(JsonElement result)
    {
        return result.TryGetProperty("partial", out var partial) && partial.ValueKind == JsonValueKind.False
            && Count("delivered") > 0 && Count("foreign") == 0
            && (Count("lost") > 0 || Count("duplicated") > 0 || Count("reordered") > 0);

        double? Count(string name)
            => result.TryGetProperty(name, out var count) && count.ValueKind == JsonValueKind.Number ? count.GetDouble() : null;
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
