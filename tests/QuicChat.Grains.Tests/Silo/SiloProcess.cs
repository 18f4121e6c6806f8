using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using QuicChat.Abstractions;
using StackExchange.Redis;
using Xunit;

namespace QuicChat.Grains.Tests.Silo;

/// <summary>A silo, started as users start it, on free ports.</summary>
public sealed class SiloProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const int SigTerm = 15;

    private readonly Process _process;
    private readonly Task<string> _errors;

    private SiloProcess(Process process, Task<string> errors, JsonElement ready)
    {
        _process = process;
        _errors = errors;
        Ready = ready;
    }

    /// <summary>Its ready line; undefined where it was not waited for.</summary>
    public JsonElement Ready { get; }

    public Uri Web => new(Ready.GetProperty("web").GetString()!);

    public static async Task<SiloProcess> StartAsync(string store, string name, string clusterId, params string[] options)
    {
        var process = Start([.. Arguments(store, name, clusterId), .. options.Contains("--web") ? options : [.. options, "--web", "http://127.0.0.1:0"]]);
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
            throw new TimeoutException($"{name} printed no ready line within {Patience}: {await errors}");
        }

        return ready is not null
            ? new SiloProcess(process, errors, JsonDocument.Parse(ready).RootElement)
            : throw new InvalidOperationException($"{name} ended before it was ready: {await errors}");
    }

    /// <summary>Starts a silo and does not wait until it is ready.</summary>
    public static SiloProcess Launch(string store, string name, string clusterId)
    {
        var process = Start([.. Arguments(store, name, clusterId), "--web", "http://127.0.0.1:0"]);
        return new SiloProcess(process, process.StandardError.ReadToEndAsync(), default);
    }

    /// <summary>A client of the cluster.</summary>
    public static async Task<IHost> ConnectAsync(string store, string clusterId)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.UseOrleansClient(client => client
            .UseRedisClustering(redis => redis.ConfigurationOptions = ConfigurationOptions.Parse(store))
            .Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(5))
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (clusterId, ClusterDefaults.ServiceId)));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>Ends the process without giving it a chance to do anything.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Runs a silo until it ends by itself.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await EndAsync(process, Patience);
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>Ends the process as its parent's death would.</summary>
    public async Task<(int ExitCode, string Errors)> CloseInputAsync(TimeSpan patience)
    {
        _process.StandardInput.Close();
        await EndAsync(_process, patience);
        return (_process.ExitCode, await _errors);
    }

    /// <summary>Ends the process as a process manager would.</summary>
    public async Task<(int ExitCode, string Errors)> TerminateAsync(TimeSpan patience)
    {
        Assert.Equal(0, Kill(_process.Id, SigTerm));
        await EndAsync(_process, patience);
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

    private static string[] Arguments(string store, string name, string clusterId) =>
    [
        "--store", store, "--name", name, "--silo-port", "0", "--client-port", "0", "--cluster-id", clusterId, "--exit-with-parent",
    ];

    private static Process Start(params string[] arguments)
    {
        var path = typeof(SiloProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == "SiloPath").Value!;
        return Process.Start(new ProcessStartInfo("dotnet", [path, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);

    private static async Task EndAsync(Process process, TimeSpan patience)
    {
        using var patient = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(patient.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"The silo did not end within {patience}.");
        }
    }
}
