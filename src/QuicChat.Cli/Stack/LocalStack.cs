using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using QuicChat.Abstractions;
using QuicChat.Cli.Verbs;
using QuicChat.Quic.Certificates;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;
using StackExchange.Redis;

namespace QuicChat.Cli.Stack;

/// <summary>A store, silos and gateways as child processes of this one.</summary>
internal sealed class LocalStack : IAsyncDisposable
{
    // Generous, since a machine may be building at the same time; a child that cannot start says so much sooner.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(90);

    // Together below the 10 s in which a stack must be gone.
    private static readonly TimeSpan GatewayPatience = TimeSpan.FromSeconds(3.5);
    private static readonly TimeSpan SiloPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(2);

    // A child that ends again and again must not keep the machine busy; one that has served for a while may come back at once.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ServedWell = TimeSpan.FromMinutes(1);

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

    /// <summary>
    /// Starts each child that ends by itself again, on the ports that it had, until cancelled. <c>stack.json</c> follows.
    /// </summary>
    /// <param name="tell">Is told a line for each end and each start.</param>
    /// <param name="cancellationToken">Ends it; children that are being started then may be left for <see cref="StopAsync"/>.</param>
    public Task KeepAsync(Action<string> tell, CancellationToken cancellationToken)
    {
        var keeping = new List<Task>();
        if (Running.Store is { } store)
        {
            keeping.Add(KeepAsync(_store, "store", token => RestartStoreAsync(store, token), tell, cancellationToken));
        }

        keeping.AddRange(Running.Silos.Select(silo => KeepAsync(_silos, silo.Name, token => RestartSiloAsync(silo, token), tell, cancellationToken)));
        keeping.AddRange(Running.Gateways.Select(
            gateway => KeepAsync(_gateways, gateway.Id, token => RestartGatewayAsync(gateway, token), tell, cancellationToken)));
        return Task.WhenAll(keeping);
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
            1, _plan.Gateways, (number, token) => StartGatewayAsync((uint)number, connectionString, _plan.Port == 0 ? 0 : _plan.Port + number - 1, token), cancellationToken);
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

        var store = await StartStoreAsync(0, cancellationToken);
        return (store, store.ConnectionString);
    }

    private async Task<RunningStore> StartStoreAsync(int port, CancellationToken cancellationToken)
    {
        _progress("store: starting");
        var child = Start(_store, "store", ServerProgram.Store, ["--data", _data.StoreFolder, "--port", Text(port)]);
        var ready = await WaitReadyAsync<ReadyStore>(child, cancellationToken);
        _progress($"store: serves on {ready.ConnectionString}");
        return new RunningStore(child.Id, ready.ConnectionString);
    }

    private async Task<RunningSilo> StartSiloAsync(int number, string connectionString, CancellationToken cancellationToken)
    {
        var name = $"silo-{number}";
        for (var attempt = 1; ; attempt++)
        {
            var web = number > 1 ? 0 : _plan.WebPort ?? (attempt == 1 && Ports.IsTcpFree(UsualWebPort) ? UsualWebPort : 0);
            try
            {
                return await StartSiloAsync(name, connectionString, 0, 0, $"http://127.0.0.1:{web}", cancellationToken);
            }
            catch (ToolException) when (attempt < PortAttempts && Last(_silos, name) is { } child && LostPort(child))
            {
                _progress($"{name}: one of its ports was taken meanwhile; trying others");
                Forget(_silos, child);
            }
        }
    }

    private async Task<RunningSilo> StartSiloAsync(
        string name, string connectionString, int siloPort, int clientPort, string web, CancellationToken cancellationToken)
    {
        _progress($"{name}: starting");
        var child = Start(
            _silos,
            name,
            ServerProgram.Silo,
            [
                "--store", connectionString,
                "--name", name,
                "--silo-port", Text(siloPort),
                "--client-port", Text(clientPort),
                "--advertise", "127.0.0.1",
                "--web", web,
                "--cluster-id", _plan.ClusterId,
                "--service-id", ClusterDefaults.ServiceId,
            ]);
        var ready = await WaitReadyAsync<ReadySilo>(child, cancellationToken);
        _progress($"{name}: serves, dashboard at {ready.Dashboard}");
        return new RunningSilo(name, child.Id, ready.SiloPort, ready.ClientPort, ready.Web, ready.Dashboard);
    }

    private async Task<RunningGateway> StartGatewayAsync(uint number, string connectionString, int port, CancellationToken cancellationToken)
    {
        var id = $"gw-{number}";
        _progress($"{id}: starting");
        var child = Start(
            _gateways,
            id,
            ServerProgram.Gateway,
            [
                "--store", connectionString,
                "--id", id,
                "--server-id", number.ToString(CultureInfo.InvariantCulture),
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

    private async Task KeepAsync(
        List<ChildProcess> group, string name, Func<CancellationToken, Task> restart, Action<string> tell, CancellationToken cancellationToken)
    {
        for (var pause = ShortestPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            if (Last(group, name) is { } child)
            {
                var since = Stopwatch.GetTimestamp();
                await child.Ended.WaitAsync(cancellationToken);
                if (Stopwatch.GetElapsedTime(since) >= ServedWell)
                {
                    pause = ShortestPause;
                }

                if (!child.IsExplained)
                {
                    child.TellLastLines(_progress);
                }

                tell($"{child.DescribeEnd()} It is started again in {pause.TotalSeconds:0.#} s.");
                Forget(group, child);
                await child.DisposeAsync();
            }

            await Task.Delay(pause, cancellationToken);
            try
            {
                await restart(cancellationToken);
            }
            catch (ToolException e)
            {
                if (Last(group, name) is { Ended.IsCompleted: true })
                {
                    // It is told of above.
                    continue;
                }

                tell(e.Message);
                if (Last(group, name) is { } hanging)
                {
                    await hanging.StopAsync(TimeSpan.Zero);
                }
            }
        }
    }

    private async Task RestartStoreAsync(RunningStore store, CancellationToken cancellationToken)
    {
        var port = ((IPEndPoint)ConfigurationOptions.Parse(store.ConnectionString).EndPoints[0]).Port;
        var next = await StartStoreAsync(port, cancellationToken);
        Change(running => running with { Store = next });
    }

    private async Task RestartSiloAsync(RunningSilo silo, CancellationToken cancellationToken)
    {
        var next = await StartSiloAsync(silo.Name, Running.ConnectionString, silo.SiloPort, silo.ClientPort, silo.Web, cancellationToken);
        Change(running => running with { Silos = [.. running.Silos.Select(one => one.Name == next.Name ? next : one)] });
    }

    private async Task RestartGatewayAsync(RunningGateway gateway, CancellationToken cancellationToken)
    {
        var next = await StartGatewayAsync(gateway.ServerId, Running.ConnectionString, gateway.Port, cancellationToken);
        Change(running => running with { Gateways = [.. running.Gateways.Select(one => one.Id == next.Id ? next : one)] });
    }

    private void Change(Func<RunningStack, RunningStack> change)
    {
        lock (_gate)
        {
            // All processes that it names began before it says that they serve; by that a later 'up' knows them.
            _running = change(Running) with { StartedAt = DateTimeOffset.UtcNow };
            _running.Save(_data);
        }
    }

    private ChildProcess? Last(List<ChildProcess> group, string name)
    {
        lock (_gate)
        {
            return group.FindLast(child => child.Name == name);
        }
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
