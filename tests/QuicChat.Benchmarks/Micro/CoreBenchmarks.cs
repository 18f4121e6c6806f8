using BenchmarkDotNet.Attributes;

namespace QuicChat.Benchmarks.Micro;

/// <summary>A stream's bytes through two cores and back: write, datagram out, datagram in, read, acknowledgement. No sockets.</summary>
[MemoryDiagnoser]
public class CoreBenchmarks
{
    private CorePair _pair = null!;

    /// <summary>Bytes that are written.</summary>
    [Params(100, 1000, 10_000)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup() => _pair = new CorePair();

    [GlobalCleanup]
    public void Cleanup() => _pair.Dispose();

    [Benchmark]
    public int WriteToRead() => _pair.RoundTrip(Bytes);
}
