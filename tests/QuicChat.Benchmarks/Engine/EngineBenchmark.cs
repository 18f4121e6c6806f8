using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using QuicChat.Benchmarks.Peers;
using QuicChat.Cli.Bench;
using QuicChat.Cli.Load;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Ngtcp2;

namespace QuicChat.Benchmarks.Engine;

/// <summary>Measures this engine and the peer in turns, A B A B, so that whatever else the machine does is shared by both.</summary>
internal sealed class EngineBenchmark(EngineOptions options, Action<string> progress)
{
    public const string Bulk = CompareSettings.Bulk;
    public const string Handshakes = CompareSettings.Handshakes;
    public const string Memory = "memory";

    /// <summary>What each does, in words.</summary>
    public static readonly IReadOnlyDictionary<string, string> Titles = new Dictionary<string, string>
    {
        [Bulk] = "One connection, server to client, beside gtlsserver and gtlsclient",
        [Handshakes] = "Full handshakes for a second of the server's processor time",
        [Memory] = "Idle connections",
    };

    // Clients in a handshake at a time.
    private const int Concurrency = 32;

    private readonly List<Measurement> _results = [];

    /// <summary>What was measured so far, in whole pairs.</summary>
    public IReadOnlyList<Measurement> Results => _results;

    /// <summary>Makes all measurements.</summary>
    /// <exception cref="BenchmarkException">One could not be made.</exception>
    public async Task<IReadOnlyList<Measurement>> RunAsync(CancellationToken cancellationToken)
    {
        var directory = Directory.CreateTempSubdirectory("quicchat-bench-certificate-");
        try
        {
            foreach (var (name, measure) in new (string, Func<string, CancellationToken, Task>)[]
                     { (Bulk, MeasureBulkAsync), (Handshakes, MeasureHandshakesAsync), (Memory, MeasureMemoryAsync) })
            {
                if (options.Only is null || options.Only == name)
                {
                    await measure(directory.FullName, cancellationToken);
                }
            }

            return _results;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private async Task MeasureBulkAsync(string directory, CancellationToken cancellationToken)
    {
        await using var ours = await OurSubject.StartAsync(directory, cancellationToken);
        await using var peer = await StartPeerAsync(directory, cancellationToken);
        var (rate, cpu) = (new Figures(Bulk, "MB/s", Budget.RatioAtLeast(0.9)), new Figures("bulkServerCpu", "s/GB"));

        // The first are compiled while they run.
        for (var i = 0; i < 3; i++)
        {
            await ours.TransferAsync(options.Bytes, cancellationToken);
        }

        await InTurnsAsync(ours, peer, [rate, cpu], async (subject, isOurs) =>
        {
            await subject.PrepareAsync(cancellationToken);
            var before = CostOf(subject.Server).CpuSeconds;
            var time = await subject.TransferAsync(options.Bytes, cancellationToken);
            rate.Add(isOurs, options.Bytes / time.TotalSeconds / 1e6);
            cpu.Add(isOurs, (CostOf(subject.Server).CpuSeconds - before) / options.Bytes * 1e9);
            progress($"bulk {(isOurs ? "ours" : "peer")}: {options.Bytes / time.TotalSeconds / 1e6:0} MB/s");
        });
    }

    private async Task MeasureHandshakesAsync(string directory, CancellationToken cancellationToken)
    {
        await using var ours = await OurSubject.StartAsync(directory, cancellationToken);
        await using var peer = await StartPeerAsync(directory, cancellationToken);
        var (perCpu, perSecond) = (new Figures(Handshakes, "1/s of CPU", Budget.AtLeast(1500)), new Figures("handshakesWall", "1/s"));

        // The first are compiled while they run.
        await HandshakeAsync(ours, 2 * options.Handshakes, cancellationToken);
        await InTurnsAsync(ours, peer, [perCpu, perSecond], async (subject, isOurs) =>
        {
            var before = CostOf(subject.Server).CpuSeconds;
            var watch = Stopwatch.StartNew();
            await HandshakeAsync(subject, options.Handshakes, cancellationToken);
            var time = watch.Elapsed;
            perSecond.Add(isOurs, options.Handshakes / time.TotalSeconds);
            perCpu.Add(isOurs, options.Handshakes / (CostOf(subject.Server).CpuSeconds - before));
            progress($"handshakes {(isOurs ? "ours" : "peer")}: {options.Handshakes / time.TotalSeconds:0} a second");
        });
    }

    // Of processes of its own each, for memory that a process has had it does not give back.
    private async Task MeasureMemoryAsync(string directory, CancellationToken cancellationToken)
    {
        var memory = new Figures("memory", "KiB");
        await PairsAsync([memory], async () =>
        {
            await using var ours = await OurSubject.StartAsync(directory, cancellationToken);
            var bytes = await IdleMemoryAsync(ours, cancellationToken);
            memory.Add(isOurs: true, bytes);
            await using var peer = await GtlsPeer.StartAsync(directory, cancellationToken);
            if (peer is not null)
            {
                memory.Add(isOurs: false, await IdleMemoryAsync(peer, cancellationToken));
            }

            progress($"memory: {bytes:0.0} KiB a connection");
        });
    }

    private async Task<GtlsPeer?> StartPeerAsync(string directory, CancellationToken cancellationToken)
    {
        var peer = await GtlsPeer.StartAsync(directory, cancellationToken);
        if (peer is null)
        {
            progress("gtlsserver and gtlsclient are not installed (Debian: ngtcp2-server and ngtcp2-client), so there is no peer");
        }

        return peer;
    }

    private Task InTurnsAsync(
        IEngineSubject ours, IEngineSubject? peer, IReadOnlyList<Figures> figures, Func<IEngineSubject, bool, Task> measure)
        => PairsAsync(figures, async () =>
        {
            await measure(ours, true);
            if (peer is not null)
            {
                await measure(peer, false);
            }
        });

    private async Task PairsAsync(IReadOnlyList<Figures> figures, Func<Task> measurePair)
    {
        var pairs = 0;
        try
        {
            for (; pairs < options.Pairs; pairs++)
            {
                await measurePair();
            }
        }
        finally
        {
            // Whole pairs only: an interrupted run has what it has.
            if (pairs > 0)
            {
                _results.AddRange(figures.Select(figure => figure.Over(pairs)));
            }
        }
    }

    private async Task<double> IdleMemoryAsync(IEngineSubject subject, CancellationToken cancellationToken)
    {
        // What is made once.
        await HandshakeAsync(subject, Math.Min(options.Connections, 200), cancellationToken);
        var before = CostOf(subject.Server).RssBytes;
        var connections = await ConnectAsync(subject, options.Connections, cancellationToken);

        // What the handshakes left is collected while nothing happens, or it is not.
        await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
        var after = CostOf(subject.Server).RssBytes;
        await Parallel.ForEachAsync(connections, cancellationToken, async (connection, _) => await connection.DisposeAsync());
        return (after - before) / 1024.0 / options.Connections;
    }

    private static async Task HandshakeAsync(IEngineSubject subject, int count, CancellationToken cancellationToken)
    {
        var factory = QuicEngine.CreateConnectionFactory(QuicEngineKind.Ngtcp2, subject.ClientOptions);
        await Parallel.ForEachAsync(Enumerable.Range(0, count), Limit(cancellationToken), async (_, token) =>
        {
            await using var connection = await factory.ConnectAsync(new IPEndPoint(IPAddress.Loopback, subject.Port), null, token);
        });
    }

    private static async Task<MultiplexedConnectionContext[]> ConnectAsync(
        IEngineSubject subject, int count, CancellationToken cancellationToken)
    {
        var factory = QuicEngine.CreateConnectionFactory(QuicEngineKind.Ngtcp2, subject.ClientOptions);
        var connections = new MultiplexedConnectionContext[count];
        await Parallel.ForEachAsync(Enumerable.Range(0, count), Limit(cancellationToken), async (i, token) =>
            connections[i] = await factory.ConnectAsync(new IPEndPoint(IPAddress.Loopback, subject.Port), null, token));
        return connections;
    }

    private static ProcessCost CostOf(Process server)
        => new ProcessMeter("server", server.Id).Read()
            ?? throw new BenchmarkException("The server's process has ended, or the system has no /proc to tell what it costs.");

    private static ParallelOptions Limit(CancellationToken cancellationToken)
        => new() { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken };

    private sealed class Figures(string name, string unit, Budget? budget = null)
    {
        private readonly List<double> _ours = [];
        private readonly List<double> _peer = [];

        public void Add(bool isOurs, double value) => (isOurs ? _ours : _peer).Add(value);

        public Measurement Over(int pairs) => new(name, unit, [.. _ours.Take(pairs)], [.. _peer.Take(pairs)], budget);
    }
}
