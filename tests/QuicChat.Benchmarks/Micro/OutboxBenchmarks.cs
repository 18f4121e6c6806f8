using System.Diagnostics.Metrics;
using System.Net;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using QuicChat.Gateway.Diagnostics;
using QuicChat.Gateway.Fanout;
using QuicChat.Quic.Engines;
using QuicChat.Quic.Routing;

namespace QuicChat.Benchmarks.Micro;

/// <summary>
/// What it costs to count the bytes that wait for a room stream: a message until its answer, and the answer until it is written.
/// </summary>
[MemoryDiagnoser]
public class OutboxBenchmarks
{
    private const int Bytes = 100;

    private ServiceProvider _services = null!;
    private Outbox _outbox = null!;

    [GlobalSetup]
    public void Setup()
    {
        _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        _outbox = new Outbox(new GatewayMetrics(
            _services.GetRequiredService<IMeterFactory>(), new ServerPool(new IPEndPoint(IPAddress.Loopback, 0)), new Rejections()));
    }

    [GlobalCleanup]
    public void Cleanup() => _services.Dispose();

    [Benchmark]
    public void MessageToAnswerToStream()
    {
        _outbox.Add(Bytes);
        _outbox.Add(Bytes);
        _outbox.Remove(Bytes);
        _outbox.Change(Bytes, Bytes);
        _outbox.Change(0, 0);
    }
}
