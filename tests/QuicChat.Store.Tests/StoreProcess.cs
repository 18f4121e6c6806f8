using System.Diagnostics;
using System.Reflection;
using System.Text.Json;

namespace QuicChat.Store.Tests;

/// <summary>The store, started as users start it.</summary>
public sealed class StoreProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private StoreProcess(Process process, Task<string> errors, string connectionString)
    {
        _process = process;
        _errors = errors;
        ConnectionString = connectionString;
    }

    public string ConnectionString { get; }

    public int Port => int.Parse(ConnectionString.AsSpan(ConnectionString.LastIndexOf(':') + 1));

    public static async Task<StoreProcess> StartAsync(string directory, int port = 0)
    {
        var process = Launch("--data", directory, "--port", $"{port}", "--exit-with-parent");
        var errors = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        string? ready;
        try
        {
            ready = await process.StandardOutput.ReadLineAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"The store printed no ready line within {Patience}: {await errors}");
        }

        return ready is not null
            ? new StoreProcess(process, errors, JsonDocument.Parse(ready).RootElement.GetProperty("connectionString").GetString()!)
            : throw new InvalidOperationException($"The store ended before it was ready: {await errors}");
    }

    /// <summary>Runs the store until it ends by itself.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var process = Launch(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await EndAsync(process);
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>Ends the process without giving it a chance to do anything.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync(_process);
    }

    /// <summary>Ends the process as its parent's death would.</summary>
    /// <returns>The exit code, and what it printed to standard error.</returns>
    public async Task<(int ExitCode, string Errors)> CloseInputAsync()
    {
        _process.StandardInput.Close();
        await EndAsync(_process);
        return (_process.ExitCode, await _errors);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static Process Launch(params string[] arguments)
    {
        var path = typeof(StoreProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "StorePath").Value!;
        return Process.Start(new ProcessStartInfo("dotnet", [path, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static async Task EndAsync(Process process)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"The store did not end within {Patience}.");
        }
    }
}
