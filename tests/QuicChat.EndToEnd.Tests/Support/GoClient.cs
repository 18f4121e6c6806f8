using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;
using Xunit;

namespace QuicChat.EndToEnd.Tests.Support;

/// <summary>The client of tests/Interop, in another language and on another QUIC: a process that publishes its input and tells what happens in JSON.</summary>
internal sealed class GoClient : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(5);
    private static readonly Lazy<Task<string>> Program = new(BuildAsync);

    private readonly Process _process;
    private readonly Channel<JsonElement> _lines = Channel.CreateUnbounded<JsonElement>();
    private readonly List<JsonElement> _seen = [];
    private readonly Task<string> _error;
    private readonly Task _reading;

    private GoClient(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    /// <summary>All that it has told and that was taken, by <see cref="NextAsync"/> or <see cref="EndAsync"/>.</summary>
    public IReadOnlyList<JsonElement> Seen => _seen;

    /// <summary>Starts it against a server, in a room.</summary>
    public static async Task<GoClient> StartAsync(Stack stack, IPEndPoint server, string user, string room, params string[] options)
    {
        var start = new ProcessStartInfo(await Program.Value)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["QUICCHAT_TOKEN"] = await stack.TokenAsync(user) },
        };
        foreach (var argument in (string[])["-server", $"{server}", "-ca", Path.Combine(stack.Data, "certificate.pem"), "-room", room, .. options])
        {
            start.ArgumentList.Add(argument);
        }

        return new GoClient(Process.Start(start) ?? throw new InvalidOperationException("The Go client could not be started."));
    }

    public async Task PublishAsync(string text)
    {
        await _process.StandardInput.WriteLineAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Takes lines up to the next one of a type that fulfils a condition.</summary>
    public async Task<JsonElement> NextAsync(string type, Func<JsonElement, bool>? match = null)
    {
        using var timer = new CancellationTokenSource(Limit);
        try
        {
            while (true)
            {
                var line = await _lines.Reader.ReadAsync(timer.Token);
                _seen.Add(line);
                if (Type(line) == type && match?.Invoke(line) != false)
                {
                    return line;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            var ended = _process.HasExited ? $"It has ended with {_process.ExitCode}: {await _error}" : $"It has not within {Limit.TotalSeconds} s.";
            throw new TimeoutException($"The Go client was to tell of '{type}'. {ended} It has told:\n{string.Join('\n', _seen)}", e);
        }
    }

    /// <summary>Has it leave the room, and waits for its end.</summary>
    public async Task EndAsync()
    {
        _process.StandardInput.Close();
        await NextAsync("left");
        await _process.WaitForExitAsync().WaitAsync(Limit);
        Assert.True(_process.ExitCode == 0, $"The Go client ended with {_process.ExitCode}: {await _error}");
        await _reading;
        while (_lines.Reader.TryRead(out var line))
        {
            _seen.Add(line);
        }
    }

    public IEnumerable<JsonElement> Of(string type) => _seen.Where(line => Type(line) == type);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        await _reading;
        _process.Dispose();
    }

    private static string? Type(JsonElement line) => line.GetProperty("type").GetString();

    private static async Task<string> BuildAsync()
    {
        using var build = Process.Start(new ProcessStartInfo(Path.Combine(Tool.Root, "tests", "Interop", "build"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = build.StandardOutput.ReadToEndAsync();
        var error = build.StandardError.ReadToEndAsync();
        await build.WaitForExitAsync().WaitAsync(BuildLimit);
        Assert.True(build.ExitCode == 0, $"tests/Interop/build ended with {build.ExitCode}:\n{await error}");
        return (await output).Trim();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _lines.Writer.TryWrite(JsonDocument.Parse(line).RootElement);
        }

        _lines.Writer.Complete();
    }
}
