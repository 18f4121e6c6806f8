using System.Diagnostics;
using System.Text.Json;
using QuicChat.Cli.Verbs;

namespace QuicChat.Cli.Stack;

/// <summary>
/// A server process started by this one. Its standard input stays open for as long as this process lives; when it closes, by
/// <see cref="StopAsync"/> or because this process is gone, the child stops.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int KeptLines = 10;
    private const string SessionStarter = "/usr/bin/setsid";
    private static readonly JsonSerializerOptions Shape = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true };

    private readonly Process _process;
    private readonly StreamWriter _log;
    private readonly Lock _logGate = new();
    private readonly Queue<string> _lastLines = new();
    private readonly TaskCompletionSource<string?> _firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(string name, Process process, string logFile, StreamWriter log)
    {
        Name = name;
        LogFile = logFile;
        _process = process;
        _log = log;
        Ended = WatchAsync();
    }

    /// <summary>Its name in messages and of its log.</summary>
    public string Name { get; }

    /// <summary>Its process ID.</summary>
    public int Id => _process.Id;

    /// <summary>Where its standard error goes.</summary>
    public string LogFile { get; }

    /// <summary>Its exit code, when it has ended and all that it wrote is in the log.</summary>
    public Task<int> Ended { get; }

    /// <summary>The last lines of its standard error.</summary>
    public IReadOnlyList<string> LastLines
    {
        get
        {
            lock (_logGate)
            {
                return [.. _lastLines];
            }
        }
    }

    /// <summary>Starts a process.</summary>
    /// <param name="name">Its name in messages.</param>
    /// <param name="command">The program, and its arguments.</param>
    /// <param name="logFile">Where its standard error goes.</param>
    /// <param name="appends">Whether the log goes on; otherwise an older one is kept beside it.</param>
    /// <exception cref="ToolException">The log cannot be written.</exception>
    public static ChildProcess Start(string name, IEnumerable<string> command, string logFile, bool appends = false)
    {
        var line = InOwnSession(command);
        var start = new ProcessStartInfo(line[0], line.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var log = DataFolder.Access(logFile, file => OpenLog(file, appends));
        return new ChildProcess(name, Process.Start(start)!, logFile, log);
    }

    /// <summary>
    /// A command line in a session of its own: the terminal's Ctrl+C reaches this process alone, which then stops its children in order.
    /// </summary>
    public static string[] InOwnSession(IEnumerable<string> command)
        => File.Exists(SessionStarter) ? [SessionStarter, .. command] : [.. command];

    /// <summary>Waits for the line of JSON by which the child says that it serves.</summary>
    /// <typeparam name="T">The shape of the line.</typeparam>
    /// <exception cref="ToolException">It ended before, wrote something else, or took longer than <paramref name="timeout"/>.</exception>
    public async Task<T> WaitReadyAsync<T>(TimeSpan timeout, CancellationToken cancellationToken)
    {
        string? line;
        try
        {
            line = await _firstLine.Task.WaitAsync(timeout, cancellationToken);
            if (line is null)
            {
                await Ended.WaitAsync(timeout, cancellationToken);
            }
        }
        catch (TimeoutException e)
        {
            throw new ToolException($"{Name} did not serve within {timeout.TotalSeconds:0} s; its log is '{LogFile}'.", e);
        }

        if (line is null)
        {
            throw new ToolException(DescribeEnd());
        }

        try
        {
            return JsonSerializer.Deserialize<T>(line, Shape) ?? throw new JsonException("null");
        }
        catch (JsonException e)
        {
            throw new ToolException($"{Name} wrote '{line}' where its ready line was due; its log is '{LogFile}'.", e);
        }
    }

    /// <summary>
    /// How the child ended, as one line. Where it could not go on by its own judgement, which is exit code 1, its last line says why.
    /// </summary>
    public string DescribeEnd()
    {
        var how = _process.ExitCode > 128 && !OperatingSystem.IsWindows()
            ? $"was ended by signal {_process.ExitCode - 128}"
            : $"ended with exit code {_process.ExitCode}";
        var why = IsExplained ? $": {LastLines[^1].Trim().TrimEnd('.')}" : "";
        return $"{Name} {how}{why}. Its log is '{LogFile}'.";
    }

    /// <summary>Whether the child has ended and its last line says why; otherwise more of its log is needed to understand.</summary>
    public bool IsExplained => Ended is { IsCompletedSuccessfully: true, Result: ExitCode.Failed } && LastLines.Count > 0;

    /// <summary>Tells the last lines of the child's log, each with its name.</summary>
    public void TellLastLines(Action<string> tell)
    {
        foreach (var line in LastLines)
        {
            tell($"{Name} | {line}");
        }
    }

    /// <summary>Stops the child: by closing its standard input, after <paramref name="patience"/> by force.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already, and with it the pipe.
        }

        try
        {
            await Ended.WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await Ended;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _process.Dispose();
    }

    private static StreamWriter OpenLog(string logFile, bool appends)
    {
        if (!appends && File.Exists(logFile))
        {
            File.Move(logFile, logFile + ".old", overwrite: true);
        }

        return new StreamWriter(logFile, appends) { AutoFlush = true };
    }

    private async Task<int> WatchAsync()
    {
        await using (_log)
        {
            await Task.WhenAll(ReadErrorAsync(), ReadOutputAsync(), _process.WaitForExitAsync());
        }

        return _process.ExitCode;
    }

    private async Task ReadErrorAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_logGate)
            {
                _log.WriteLine(line);
                _lastLines.Enqueue(line);
                if (_lastLines.Count > KeptLines)
                {
                    _lastLines.Dequeue();
                }
            }
        }
    }

    private async Task ReadOutputAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!_firstLine.TrySetResult(line))
            {
                lock (_logGate)
                {
                    _log.WriteLine(line);
                }
            }
        }

        _firstLine.TrySetResult(null);
    }
}
