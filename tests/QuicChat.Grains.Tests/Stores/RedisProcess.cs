using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using QuicChat.Store.Tests;

namespace QuicChat.Grains.Tests.Stores;

/// <summary>A real <c>redis-server</c>, durable, in a directory of its own.</summary>
public sealed class RedisProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly TemporaryDirectory _directory = new();
    private Process? _process;

    /// <summary>Why there is none on this machine; <see langword="null"/> where there is.</summary>
    public static string? Missing { get; } = Find() is null ? "redis-server is not installed (Debian: apt-get install redis-server)." : null;

    public int Port { get; private set; }

    public string ConnectionString => $"127.0.0.1:{Port}";

    public async Task StartAsync()
    {
        Port = Port == 0 ? FreePort() : Port;
        _process = Process.Start(new ProcessStartInfo(
            Find()!,
            ["--port", $"{Port}", "--bind", "127.0.0.1", "--dir", _directory.Path, "--appendonly", "yes", "--appendfsync", "always", "--save", ""])
        {
            RedirectStandardOutput = true,
        })!;
        var ready = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                ready.TrySetResult(false);
            }
            else if (line.Data.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                ready.TrySetResult(true);
            }
        };
        _process.BeginOutputReadLine();
        try
        {
            if (!await ready.Task.WaitAsync(Patience))
            {
                throw new InvalidOperationException("redis-server ended before it was ready.");
            }
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"redis-server was not ready within {Patience}.");
        }
    }

    /// <summary>Ends the process without giving it a chance to do anything.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        if (_process is not null)
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }

        _directory.Dispose();
    }

    private static string? Find() => Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
        .Select(directory => Path.Combine(directory, "redis-server")).FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
