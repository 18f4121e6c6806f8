using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Gateways;
using QuicChat.Abstractions.Migrations;
using QuicChat.Abstractions.Rooms;
using QuicChat.Grains.Migrations;
using static QuicChat.Abstractions.Connections.PathObservationType;

namespace QuicChat.Grains.Tests.Cluster;

/// <summary>
/// A gateway whose clients migrate all the time, on a cluster whose silos die. It reports as real ones do, again and again until it is
/// acknowledged, and writes down what was acknowledged.
/// </summary>
internal sealed class LoadGateway : IGatewayObserver, IAsyncDisposable
{
    private const int Workers = 24;

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly IGrainFactory _grains;
    private readonly Random _random;
    private readonly DateTimeOffset _startedAt = DateTimeOffset.UtcNow;
    private readonly IGatewayObserver _reference;
    private readonly Lock _lock = new();
    private readonly ConcurrentQueue<Client> _idle = [];
    private readonly ConcurrentDictionary<Client, long> _unresolved = [];
    private readonly CancellationTokenSource _dead = new();
    private readonly Action<MigrationTotals> _acknowledged;
    private volatile bool _isDying;
    private Guid _leaseId;
    private Task _running = Task.CompletedTask;
    private Task _renewing = Task.CompletedTask;
    private Task _ending = Task.CompletedTask;

    public LoadGateway(IGrainFactory grains, string id, int seed, Action<MigrationTotals> acknowledged)
    {
        _grains = grains;
        _random = new Random(seed);
        _acknowledged = acknowledged;
        Id = id;
        _reference = grains.CreateObjectReference<IGatewayObserver>(this);
    }

    public string Id { get; }

    /// <summary>What was acknowledged.</summary>
    public MigrationTotals Totals { get; private set; } = MigrationTotals.Zero;

    /// <summary>How many connections are registered.</summary>
    public int Connections { get; private set; }

    /// <summary>How many reports were made for these attempts, without those that were repeated.</summary>
    public int Reports { get; private set; }

    public TimeSpan Timeout { get; private set; }

    /// <summary>When the time-out last changed.</summary>
    public long TimeoutChangedAt { get; private set; }

    /// <summary>Attempts that this gateway ended at their deadline: when they began, and when their end was acknowledged.</summary>
    public ConcurrentQueue<(long Began, long Ended)> Ended { get; } = [];

    public int Unresolved => _unresolved.Count;

    /// <summary>Connections without an attempt in flight that have reported before.</summary>
    public int Numbered => _idle.Count(client => client.LastNumber > 0);

    public async Task StartAsync(int connections)
    {
        await RetryAsync(RenewAsync);
        _renewing = EveryAsync(TimeSpan.FromSeconds(1), () => RetryAsync(RenewAsync));
        _ending = EveryAsync(TimeSpan.FromMilliseconds(250), EndDueAsync);
        await Parallel.ForAsync(0, connections, new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (_, _) => await ConnectAsync());
    }

    /// <summary>Has clients migrate until that is enough, or it dies.</summary>
    public Task RunAsync(Func<bool> isEnough) => _running = Parallel.ForAsync(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (_, _) =>
    {
        while (!isEnough() && !_isDying && _idle.TryDequeue(out var client))
        {
            await AttemptAsync(client);
        }
    });

    /// <summary>Waits until attempts that were left without an end have been ended.</summary>
    public async Task ResolveAsync()
    {
        while (!_unresolved.IsEmpty)
        {
            await PauseAsync();
        }
    }

    /// <summary>
    /// Renews and reports no more. It dies once its calls are answered, so that what was acknowledged is all that the cluster knows of it.
    /// </summary>
    public async Task DieAsync()
    {
        _isDying = true;
        await _running;
        await _dead.CancelAsync();
        await Task.WhenAll(_renewing, _ending);
    }

    /// <summary>The users of attempts that have no end.</summary>
    public IEnumerable<string> UnresolvedUsers => _unresolved.Keys.Select(client => UserOf(client));

    /// <summary>What the cluster must count for this gateway once it has noticed its death.</summary>
    public MigrationTotals TotalsAfterDeath => Totals with { Failed = Totals.Failed + Totals.InFlight };

    /// <summary>Closes all connections.</summary>
    public Task CloseAllAsync() => Parallel.ForAsync(0, Workers, new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (_, _) =>
    {
        while (_idle.TryDequeue(out var client))
        {
            await RetryAsync(() => client.Grain.Unregister("the client left"));
            Count(connections: -1);
        }
    });

    public async ValueTask DisposeAsync() => await DieAsync();

    Task IGatewayObserver.Deliver(RoomBatch batch) => Task.CompletedTask;

    Task IGatewayObserver.DeliverPresence(PresenceBatch batch) => Task.CompletedTask;

    Task IGatewayObserver.CloseConnection(string connectionId, int errorCode, string reason) => Task.CompletedTask;

    Task IGatewayObserver.Drain(TimeSpan timeLimit) => Task.CompletedTask;

    Task IGatewayObserver.Undrain() => Task.CompletedTask;

    Task IGatewayObserver.CheckConnections(ImmutableArray<string> connectionIds) => Task.CompletedTask;

    private async Task RenewAsync()
    {
        var lease = await _grains.GetGrain<IGatewayRegistryGrain>(IGatewayRegistryGrain.Key)
            .Renew(new GatewayDescription(Id, 0, "[::1]:4433", "ngtcp2", Connections, _startedAt, 0), _reference);
        _leaseId = lease.Id;
        if (Timeout != lease.MigrationTimeout)
        {
            (Timeout, TimeoutChangedAt) = (lease.MigrationTimeout, Stopwatch.GetTimestamp());
        }
    }

    private async Task ConnectAsync()
    {
        var client = new Client(_grains.GetGrain<IConnectionGrain>(Guid.NewGuid().ToString("N")));
        var registration = new ConnectionRegistration(
            Id, UserOf(client), "name", "client-1", client.Remote, "[::1]:4433", "ngtcp2", DateTimeOffset.UtcNow)
        {
            LeaseId = _leaseId,
        };
        await RetryAsync(() => client.Grain.Register(registration));
        Count(connections: 1);
        _idle.Enqueue(client);
    }

    private async Task AttemptAsync(Client client)
    {
        var (choice, isSplit, kind) = Next();
        var to = client.NextRemote();
        var totals = MigrationTotals.Zero with { Started = 1 };
        switch (choice)
        {
            case < 58:
                await ReportAsync(client, isSplit, kind, totals with { Completed = 1 }, (Detected, to), (Validated, to));
                client.Remote = to;
                break;
            case < 72:
                await ReportAsync(client, isSplit, kind, totals with { Reverted = 1 }, (Detected, to), (Reverted, client.Remote));
                break;
            case < 82:
                var third = client.NextRemote();
                await ReportAsync(
                    client, isSplit, kind, new MigrationTotals(2, 1, 0, 1, 0, 0, 0, 0, 0), (Detected, to), (Detected, third), (Validated, third));
                client.Remote = third;
                break;
            case < 87:
                await ReportAsync(client, isSplit, kind, totals with { Unknown = 1 }, (Detected, to), (Unknown, to));
                break;
            case < 92:
                await ReportAsync(client, isSplit: false, kind, totals, (Detected, to));
                await RetryAsync(() => client.Grain.Unregister("the client left"));
                Count(MigrationTotals.Zero with { Abandoned = 1 }, connections: -1);
                await ConnectAsync();
                return;
            case < 95:
                await ReportAsync(client, isSplit, kind, totals with { Failed = 1 }, (Detected, to), (Failed, to));
                Count(connections: -1);
                await ConnectAsync();
                return;
            default:
                var began = Stopwatch.GetTimestamp();
                await ReportAsync(client, isSplit: false, kind, totals, (Detected, to));
                _unresolved[client] = began;
                return;
        }

        _idle.Enqueue(client);
    }

    private async Task EndDueAsync()
    {
        var due = _unresolved.Where(client => !_isDying && Stopwatch.GetElapsedTime(client.Value) >= Timeout).ToList();
        await Parallel.ForEachAsync(due, new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (item, _) =>
        {
            var (client, began) = item;
            var fails = Next().Choice < 50;
            await ReportAsync(
                client,
                isSplit: false,
                MigrationKind.PortOnly,
                fails ? MigrationTotals.Zero with { Failed = 1 } : MigrationTotals.Zero with { Reverted = 1 },
                (fails ? Failed : Reverted, client.Remote));
            Ended.Enqueue((began, Stopwatch.GetTimestamp()));
            if (fails)
            {
                Count(connections: -1);
                await ConnectAsync();
            }
            else
            {
                _idle.Enqueue(client);
            }

            _unresolved.TryRemove(client, out long _);
        });
    }

    // In one report, or in two as where the end takes longer than a gateway waits with the first.
    private async Task ReportAsync(
        Client client, bool isSplit, MigrationKind kind, MigrationTotals totals, params (PathObservationType Type, string To)[] events)
    {
        PathObservation[] observations =
        [
            .. events.Select(next => new PathObservation(
                ++client.LastNumber, next.Type, client.Remote, next.To, kind, DateTimeOffset.UtcNow, TimeSpan.FromMilliseconds(40), false, null)),
        ];
        foreach (var part in isSplit ? [observations[..1], observations[1..]] : new[] { observations })
        {
            await RetryAsync(async () =>
            {
                var receipt = await client.Grain.Report(new PathReport(Id, [.. part]));
                if (receipt.LastEventNumber != part[^1].Number)
                {
                    throw new InvalidOperationException($"{client.Grain.GetPrimaryKeyString()}: {receipt} for events up to {part[^1].Number}.");
                }
            });
            Count(reports: 1);
        }

        Count(totals);
    }

    private void Count(MigrationTotals? totals = null, int connections = 0, int reports = 0)
    {
        lock (_lock)
        {
            Totals = Totals.Plus(totals ?? MigrationTotals.Zero);
            Connections += connections;
            Reports += reports;
        }

        if (totals is not null)
        {
            _acknowledged(totals);
        }
    }

    private (int Choice, bool IsSplit, MigrationKind Kind) Next()
    {
        lock (_lock)
        {
            return (_random.Next(100), _random.Next(2) == 0, (MigrationKind)_random.Next(3));
        }
    }

    private static string UserOf(Client client) => $"{client.Grain.GetPrimaryKeyString()}'s user";

    private static async Task RetryAsync(Func<Task> call)
    {
        while (true)
        {
            try
            {
                await call();
                return;
            }
            catch (Exception error) when (error is not InvalidOperationException)
            {
                // A silo has just died, or the grain is on its way; a gateway goes on trying.
                await PauseAsync();
            }
        }
    }

    private static async Task PauseAsync()
    {
        using var timer = new PeriodicTimer(RetryPause);
        await timer.WaitForNextTickAsync();
    }

    private async Task EveryAsync(TimeSpan period, Func<Task> act)
    {
        using var timer = new PeriodicTimer(period);
        try
        {
            while (await timer.WaitForNextTickAsync(_dead.Token))
            {
                await act();
            }
        }
        catch (OperationCanceledException)
        {
            // It is dead.
        }
    }

    private sealed class Client(IConnectionGrain grain)
    {
        private int _port = 1_000;

        public IConnectionGrain Grain => grain;

        public string Remote { get; set; } = "192.0.2.1:1000";

        public long LastNumber { get; set; }

        public string NextRemote() => $"192.0.2.1:{++_port}";
    }
}
