using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
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
    private readonly ConcurrentDictionary<string, Func<CancellationToken, Task<ChildProcess>>> _restarts = [];
    private RunningStack? _running;

    private LocalStack(StackPlan plan, DataFolder data, Action<string> progress)
    {
        _plan = plan;
        _data = data;
        _progress = progress;
    }

    /// <summary>What runs where.</summary>
    public RunningStack Running => Volatile.Read(ref _running)!;

    /// <summary>Which store it uses, in words.</summary>
    public string StoreName => _plan.Redis is null && !_plan.OwnRedis ? "built-in" : "redis";

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
    /// Tells of each child that ends by itself, and starts it again on the ports it had. Completes when it is cancelled, or, where nothing is
    /// started again, when no child is left.
    /// </summary>
    /// <param name="restarts">When to start again; <see langword="null"/> for not at all.</param>
    /// <param name="tell">Is told a line for each end and start.</param>
    /// <param name="changed">Is given what runs where after each start.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task SuperviseAsync(
        RestartDelays? restarts, Action<string> tell, Action<RunningStack> changed, CancellationToken cancellationToken)
    {
        ChildProcess[] children = [.. _store, .. _silos, .. _gateways];
        await Task.WhenAll(children.Select(child => SuperviseAsync(child, restarts, tell, changed, cancellationToken)));
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
        var store = await StartStoreAsync(cancellationToken);
        var connectionString = store?.ConnectionString ?? _plan.Redis!;

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

    private async Task<RunningStore?> StartStoreAsync(CancellationToken cancellationToken)
    {
        if (_plan.Redis is { } redis)
        {
            _progress($"redis: looking for {RedisServer.Describe(redis)}");
            await RedisServer.RequireAsync(redis, "start it, or leave --redis away to use the built-in store", cancellationToken);
            return null;
        }

        var (child, store) = await StartStoreAsync(_plan.OwnRedis ? Ports.FreeTcp() : 0, cancellationToken);
        var port = int.Parse(store.ConnectionString.AsSpan(store.ConnectionString.LastIndexOf(':') + 1), CultureInfo.InvariantCulture);
        _restarts[child.Name] = async token =>
        {
            var (again, running) = await StartStoreAsync(port, token);
            Change(stack => stack with { Store = running });
            return again;
        };
        return store;
    }

    private async Task<(ChildProcess Child, RunningStore Running)> StartStoreAsync(int port, CancellationToken cancellationToken)
    {
        const string Name = "store";
        _progress($"{Name}: starting");
        var command = _plan.OwnRedis
            ? RedisProgram.Command(_data.RedisFolder, port)
            : ServerProgram.Store.Command(["--data", _data.StoreFolder, "--port", Text(port)]);
        var child = Start(_store, Name, command);
        var ready = await WaitReadyAsync<ReadyStore>(child, cancellationToken);
        _progress($"{Name}: serves on {ready.ConnectionString}");
        return (child, new RunningStore(ready.Pid ?? child.Id, ready.ConnectionString));
    }

    private async Task<RunningSilo> StartSiloAsync(int number, string connectionString, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var web = number > 1 ? 0 : _plan.WebPort ?? (attempt == 1 && Ports.IsTcpFree(UsualWebPort) ? UsualWebPort : 0);
            try
            {
                var (child, silo) = await StartSiloAsync(number, connectionString, 0, 0, $"http://127.0.0.1:{web}", cancellationToken);
                _restarts[child.Name] = async token =>
                {
                    var (again, running) = await StartSiloAsync(number, connectionString, silo.SiloPort, silo.ClientPort, silo.Web, token);
                    Change(stack => stack with { Silos = [.. stack.Silos.Select(one => one.Name == running.Name ? running : one)] });
                    return again;
                };
                return silo;
            }
            catch (PortLostException e) when (attempt < PortAttempts)
            {
                _progress($"{e.Child.Name}: one of its ports was taken meanwhile; trying others");
            }
        }
    }

    private async Task<(ChildProcess Child, RunningSilo Running)> StartSiloAsync(
        int number, string connectionString, int siloPort, int clientPort, string web, CancellationToken cancellationToken)
    {
        var name = $"silo-{number}";
        _progress($"{name}: starting");
        var child = Start(
            _silos,
            name,
            ServerProgram.Silo.Command([
                "--store", connectionString,
                "--name", name,
                "--silo-port", Text(siloPort),
                "--client-port", Text(clientPort),
                "--advertise", "127.0.0.1",
                "--web", web,
                "--cluster-id", _plan.ClusterId,
                "--service-id", ClusterDefaults.ServiceId,
            ]));
        var ready = await WaitReadyAsync<ReadySilo>(child, cancellationToken);
        _progress($"{name}: serves, dashboard at {ready.Dashboard}");
        return (child, new RunningSilo(name, child.Id, ready.SiloPort, ready.ClientPort, ready.Web, ready.Dashboard));
    }

    private async Task<RunningGateway> StartGatewayAsync(int number, string connectionString, CancellationToken cancellationToken)
    {
        var port = _plan.Port == 0 ? 0 : _plan.Port + number - 1;
        var (child, gateway) = await StartGatewayAsync(number, connectionString, port, cancellationToken);
        _restarts[child.Name] = async token =>
        {
            var (again, running) = await StartGatewayAsync(number, connectionString, gateway.Port, token);
            Change(stack => stack with { Gateways = [.. stack.Gateways.Select(one => one.Id == running.Id ? running : one)] });
            return again;
        };
        return gateway;
    }

    private async Task<(ChildProcess Child, RunningGateway Running)> StartGatewayAsync(
        int number, string connectionString, int port, CancellationToken cancellationToken)
    {
        var id = $"gw-{number}";
        _progress($"{id}: starting");
        var child = Start(
            _gateways,
            id,
            ServerProgram.Gateway.Command([
                "--store", connectionString,
                "--id", id,
                "--listen", new IPEndPoint(Ports.AnyAddress, port).ToString(),
                "--advertise", IPAddress.Loopback.ToString(),
                "--link", new IPEndPoint(IPAddress.Loopback, 0).ToString(),
                "--engine", _plan.Engine.ToString().ToLowerInvariant(),
                "--data", _data.FullPath,
                "--cluster-id", _plan.ClusterId,
                "--service-id", ClusterDefaults.ServiceId,
                .. _plan.TokenOptions,
                .. _plan.LimitOptions,
            ]));
        var ready = await WaitReadyAsync<ReadyGateway>(child, cancellationToken);
        _progress($"{id}: serves on UDP port {ready.Port} with {ready.Engine}");
        return (child, new RunningGateway(ready.Id, child.Id, ready.ServerId, ready.EndPoint, ready.Port, ready.Engine));
    }

    private async Task SuperviseAsync(
        ChildProcess child, RestartDelays? restarts, Action<string> tell, Action<RunningStack> changed, CancellationToken cancellationToken)
    {
        var tries = 0;
        while (true)
        {
            var began = Environment.TickCount64;
            await child.Ended.WaitAsync(cancellationToken);
            if (!child.IsExplained)
            {
                child.TellLastLines(_progress);
            }

            if (restarts is null)
            {
                tell($"{child.DescribeEnd()} The others go on.");
                return;
            }

            tries = Environment.TickCount64 - began >= restarts.Forgotten.TotalMilliseconds ? 0 : tries;
            tell($"{child.DescribeEnd()} It is started again.");
            child = await RestartAsync(child);
            changed(Running);
        }

        async Task<ChildProcess> RestartAsync(ChildProcess ended)
        {
            await ForgetAsync(ended.Name);
            while (true)
            {
                await Task.Delay(restarts!.Of(tries++), cancellationToken);
                try
                {
                    return await _restarts[ended.Name](cancellationToken);
                }
                catch (ToolException e)
                {
                    tell($"{e.Message} It is tried again.");
                    await ForgetAsync(ended.Name);
                }
            }
        }
    }

    /// <summary>What has ended, or could not start, is not there to be stopped any more.</summary>
    private async Task ForgetAsync(string name)
    {
        List<ChildProcess> forgotten = [];
        lock (_gate)
        {
            foreach (var children in (List<ChildProcess>[])[_store, _silos, _gateways])
            {
                forgotten.AddRange(children.Where(child => child.Name == name));
                children.RemoveAll(child => child.Name == name);
            }
        }

        foreach (var child in forgotten)
        {
            await child.DisposeAsync();
        }
    }

    private void Change(Func<RunningStack, RunningStack> change)
    {
        lock (_gate)
        {
            _running = change(_running!);
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

    private ChildProcess Start(List<ChildProcess> children, string name, IEnumerable<string> command)
    {
        // One that is started again goes on in its log, where the reason of its end is.
        var isRestart = _restarts.ContainsKey(name);
        var child = ChildProcess.Start(name, command, _data.LogFile(name), isRestart);
        lock (_gate)
        {
            children.RemoveAll(former => former.Name == name);
            children.Add(child);
        }

        return child;
    }

    private async Task<T> WaitReadyAsync<T>(ChildProcess child, CancellationToken cancellationToken)
    {
        try
        {
            return await child.WaitReadyAsync<T>(StartTimeout, cancellationToken);
        }
        catch (ToolException e) when (LostPort(child))
        {
            throw new PortLostException(child, e);
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

    private sealed class PortLostException(ChildProcess child, ToolException reason) : ToolException(reason.Message, reason)
    {
        public ChildProcess Child => child;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
