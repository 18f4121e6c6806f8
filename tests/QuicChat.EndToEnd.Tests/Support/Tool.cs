using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>The tool as a user runs it: a process with arguments, input, output and an exit code.</summary>
internal sealed class Tool : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly Task _reading;

    private Tool(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(CollectAsync(process.StandardOutput, _output), CollectAsync(process.StandardError, _error));
    }

    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    public int ProcessId => _process.Id;

    public string Output => Text(_output);

    public string Error => Text(_error);

    /// <summary>Starts a verb.</summary>
    public static Tool Start(params string[] arguments) => StartIn([], arguments);

    /// <summary>Starts a verb by another command.</summary>
    public static Tool StartIn(string[] prefix, params string[] arguments)
    {
        string[] command = [.. prefix, "dotnet", Path.Combine(Root, "src", "QuicChat.Cli", "bin", "Release", "net10.0", "quicchat.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["QUICCHAT_HOME"] = Root },
        };
        return new Tool(Process.Start(start) ?? throw new InvalidOperationException("The tool could not be started."));
    }

    /// <summary>Runs a verb to its end.</summary>
    public static async Task<ToolResult> RunWithInputAsync(TimeSpan limit, string input, params string[] arguments)
    {
        await using var tool = Start(arguments);
        await tool.WriteAsync(input);
        tool.EndInput();
        return await tool.EndAsync(limit);
    }

    /// <summary>Runs a verb without input to its end.</summary>
    public static Task<ToolResult> RunAsync(TimeSpan limit, params string[] arguments) => RunWithInputAsync(limit, "", arguments);

    public async Task WriteAsync(string input)
    {
        await _process.StandardInput.WriteAsync(input);
        await _process.StandardInput.FlushAsync();
    }

    public void EndInput() => _process.StandardInput.Close();

    /// <summary>Ctrl+C.</summary>
    public void SendInterrupt() => Signal("INT");

    /// <summary>What a service manager sends.</summary>
    public void SendTerminate() => Signal("TERM");

    /// <summary>kill -9.</summary>
    public void SendKill() => _process.Kill();

    /// <summary>Waits for the end.</summary>
    public async Task<ToolResult> EndAsync(TimeSpan limit)
    {
        using var timer = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"'{string.Join(' ', _process.StartInfo.ArgumentList.Skip(1))}' did not end within {limit.TotalSeconds} s.\n{Output}\n{Error}");
        }

        await _reading;
        return new ToolResult(_process.ExitCode, Output, Error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            SendKill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static async Task CollectAsync(StreamReader reader, StringBuilder text)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (text)
            {
                text.AppendLine(line);
            }
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("sh", ["-c", $"kill -{name} {_process.Id}"]);
        kill.WaitForExit();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"Signal {name} could not be sent to process {_process.Id}.");
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Orleans.QuicChat.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} holds the solution.");
    }
}

/// <summary>How a run of the tool ended.</summary>
internal sealed record ToolResult(int ExitCode, string Output, string Error)
{
    /// <summary>The JSON object on the last line of standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Output.TrimEnd().Split('\n')[^1]).RootElement;

    public override string ToString() => $"exit {ExitCode}\n--- output\n{Output}\n--- error\n{Error}";
}
