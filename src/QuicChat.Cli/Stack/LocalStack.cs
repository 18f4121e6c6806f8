using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using QuicChat.Abstractions;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Cli.Stack;

/// <summary>A store, silos and gateways as child processes of this one.</summary>
internal sealed class LocalStack : IAsyncDisposable
{
    // Generous, since a machine may be building at the same time; a child that cannot start says so much sooner.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);

    // Together below the 10 s in which a stack must be gone.
    private static readonly TimeSpan GatewayPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan SiloPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(2);

    private const int PortAttempts = 3;
    private const int UsualWebPort = 8080;

    private readonly StackPlan _plan;
    private readonly DataFolder _data;
    private readonly Action<string> _progress;
    private readonly Lock _gate = new();
    private readonly List<ChildProcess> _store = [];
    private readonly List<ChildProcess> _silos = [];
    private readonly List<ChildProcess> _gateways = [];
    private RunningStack? _running;

    private LocalStack(StackPlan plan, DataFolder data, Action<string> progress)
    {
        _plan = plan;
        _data = data;
        _progress = progress;
    }

    /// <summary>What runs where.</summary>
    public RunningStack Running => _running!;

    /// <summary>Starts a stack, and waits until all of it serves. If a part cannot start, all is stopped again.</summary>
    /// <param name="plan">What to start.</param>
    /// <param name="data">The data directory; it must exist.</param>
    /// <param name="progress">Is told a line for each step.</param>
    /// <param name="cancellationToken">Stops what has been started.</param>
    /// <exception cref="ToolException">A part cannot start; the message names it.</exception>
    public static async Task<LocalStack> StartAsync(
        StackPlan plan, DataFolder data, Action<string> progress, CancellationToken cancellationToken)
    {
        var stack = new LocalStack(plan, data, progress);
        try
        {
            await stack.StartAsync(cancellationToken);
            return stack;
        }
        catch
        {
            await stack.StopAsync();
            throw;
        }
    }

    /// <summary>The children that end by themselves, as they do; it completes when none is left.</summary>
    public async IAsyncEnumerable<ChildProcess> EndsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var waits = _store.Concat(_silos).Concat(_gateways).Select(async child =>
        {
            await child.Ended;
            return child;
        });
        await foreach (var ended in Task.WhenEach(waits).WithCancellation(cancellationToken))
        {
            yield return await ended;
        }
    }

    /// <summary>Stops gateways, then silos, then the store, within 10 s.</summary>
    public async Task StopAsync()
    {
        foreach (var (children, patience) in new[] { (_gateways, GatewayPatience), (_silos, SiloPatience), (_store, StorePatience) })
        {
            await Task.WhenAll(children.Select(child => child.StopAsync(patience)));
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var child in (IEnumerable<ChildProcess>)[.. _gateways, .. _silos, .. _store])
        {
            await child.DisposeAsync();
        }
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_plan.Port != 0)
        {
            Ports.RequireFreeUdp(Enumerable.Range(_plan.Port, _plan.Gateways), "--port");
        }

        if (_plan.WebPort is > 0 and var web && !Ports.IsTcpFree(web))
        {
            throw new ToolException($"TCP port {web} is taken; choose another with --web-port.");
        }

        _data.EnsureTokenKey();
        var certificate = EnsureServable();
        var (store, connectionString) = await StartStoreAsync(cancellationToken);

        // The first silo makes the cluster's tables; the others then join at the same time.
        var silos = new List<RunningSilo> { await StartSiloAsync(1, connectionString, cancellationToken) };
        silos.AddRange(await TogetherAsync(
            2, _plan.Silos, (number, token) => StartSiloAsync(number, connectionString, token), cancellationToken));
        var gateways = await TogetherAsync(
            1, _plan.Gateways, (number, token) => StartGatewayAsync(number, connectionString, token), cancellationToken);
        _running = new RunningStack(
            Environment.ProcessId,
            DateTimeOffset.UtcNow,
            _plan.ClusterId,
            ClusterDefaults.ServiceId,
            connectionString,
            certificate.Fingerprint,
            store,
            [.. silos],
            [.. gateways]);
    }

    // What gateways need is looked at before anything is started, though they are started last.
    private PemCertificate EnsureServable()
    {
        try
        {
            QuicEngine.Resolve(_plan.Engine);
            return DevelopmentCertificate.Ensure(_data.FullPath, TimeProvider.System);
        }
        catch (Exception e) when (e is CertificateException or QuicEngineUnavailableException)
        {
            throw new ToolException(e.Message, e);
        }
    }

    private async Task<(RunningStore? Store, string ConnectionString)> StartStoreAsync(CancellationToken cancellationToken)
    {
        if (_plan.Redis is { } redis)
        {
            _progress($"redis: looking for {RedisServer.Describe(redis)}");
            await RedisServer.RequireAsync(redis, "start it, or leave --redis away to use the built-in store", cancellationToken);
            return (null, redis);
        }

        _progress("store: starting");
        var child = Start(_store, "store", ServerProgram.Store, ["--data", _data.StoreFolder, "--port", "0"]);
        var ready = await WaitReadyAsync<ReadyStore>(child, cancellationToken);
        _progress($"store: serves on {ready.ConnectionString}");
        return (new RunningStore(child.Id, ready.ConnectionString), ready.ConnectionString);
    }

    private async Task<RunningSilo> StartSiloAsync(int number, string connectionString, CancellationToken cancellationToken)
    {
        var name = $"silo-{number}";
        _progress($"{name}: starting");
        for (var attempt = 1; ; attempt++)
        {
            var web = number > 1 ? 0 : _plan.WebPort ?? (attempt == 1 && Ports.IsTcpFree(UsualWebPort) ? UsualWebPort : 0);
            var child = Start(
                _silos,
                name,
                ServerProgram.Silo,
                [
                    "--store", connectionString,
                    "--name", name,
                    "--silo-port", "0",
                    "--client-port", "0",
                    "--advertise", "127.0.0.1",
                    "--web", $"http://127.0.0.1:{web}",
                    "--cluster-id", _plan.ClusterId,
                    "--service-id", ClusterDefaults.ServiceId,
                ]);
            try
            {
                var ready = await WaitReadyAsync<ReadySilo>(child, cancellationToken);
                _progress($"{name}: serves, dashboard at {ready.Dashboard}");
                return new RunningSilo(name, child.Id, ready.SiloPort, ready.ClientPort, ready.Web, ready.Dashboard);
            }
            catch (ToolException) when (attempt < PortAttempts && LostPort(child))
            {
                _progress($"{name}: one of its ports was taken meanwhile; trying others");
                Forget(_silos, child);
            }
        }
    }

    private async Task<RunningGateway> StartGatewayAsync(int number, string connectionString, CancellationToken cancellationToken)
    {
        var id = $"gw-{number}";
        _progress($"{id}: starting");
        var port = _plan.Port == 0 ? 0 : _plan.Port + number - 1;
        var child = Start(
            _gateways,
            id,
            ServerProgram.Gateway,
            [
                "--store", connectionString,
                "--id", id,
                "--server-id", Text(number),
                "--listen", new IPEndPoint(Ports.AnyAddress, port).ToString(),
                "--advertise", IPAddress.Loopback.ToString(),
                "--engine", _plan.Engine.ToString().ToLowerInvariant(),
                "--data", _data.FullPath,
                "--cluster-id", _plan.ClusterId,
                "--service-id", ClusterDefaults.ServiceId,
                .. _plan.TokenOptions,
            ]);
        var ready = await WaitReadyAsync<ReadyGateway>(child, cancellationToken);
        _progress($"{id}: serves on UDP port {ready.Port} with {ready.Engine}");
        return new RunningGateway(ready.Id, child.Id, ready.ServerId, ready.EndPoint, ready.Port, ready.Engine);
    }

    private static async Task<T[]> TogetherAsync<T>(
        int first, int last, Func<int, CancellationToken, Task<T>> start, CancellationToken cancellationToken)
    {
        using var firstFailure = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var starts = Enumerable.Range(first, Math.Max(0, last - first + 1)).Select(number => start(number, firstFailure.Token)).ToArray();
        await foreach (var ended in Task.WhenEach(starts))
        {
            if (!ended.IsCompletedSuccessfully)
            {
                await firstFailure.CancelAsync();
                await ((Task)Task.WhenAll(starts)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await ended;
            }
        }

        return await Task.WhenAll(starts);
    }

    private ChildProcess Start(List<ChildProcess> children, string name, ServerProgram program, IEnumerable<string> arguments)
    {
        var child = ChildProcess.Start(name, program.Locate(), [.. arguments, "--exit-with-parent"], _data.LogFile(name));
        lock (_gate)
        {
            children.Add(child);
        }

        return child;
    }

    private void Forget(List<ChildProcess> children, ChildProcess child)
    {
        lock (_gate)
        {
            children.Remove(child);
        }
    }

    private async Task<T> WaitReadyAsync<T>(ChildProcess child, CancellationToken cancellationToken)
    {
        try
        {
            return await child.WaitReadyAsync<T>(StartTimeout, cancellationToken);
        }
        catch (ToolException) when (!child.IsExplained)
        {
            child.TellLastLines(_progress);
            throw;
        }
    }

    // Between the choice of a free port and its use, another process may take it.
    private static bool LostPort(ChildProcess child)
        => child.Ended.IsCompleted && child.LastLines.Any(line => line.Contains("in use", StringComparison.OrdinalIgnoreCase)
            || line.Contains("is taken", StringComparison.OrdinalIgnoreCase));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
