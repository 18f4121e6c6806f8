using BenchmarkDotNet.Attributes;
using QuicChat.Quic.Ngtcp2.Core;

namespace QuicChat.Benchmarks.Micro;

/// <summary>The connection of a datagram, by its destination ID.</summary>
[MemoryDiagnoser]
public class ConnectionIdBenchmarks
{
    private readonly ConnectionIdTable _table = new(new PlainConnectionIds(1));
    private byte[][] _ids = null!;
    private CorePair _pair = null!;
    private int _next;

    /// <summary>IDs in use: some eight a connection.</summary>
    [Params(1_000, 160_000)]
    public int Count { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pair = new CorePair();
        _ids = new byte[Count][];
        for (var i = 0; i < Count; i++)
        {
            _ids[i] = new byte[_table.Ids.Length];
            _table.Ids.Mint(_ids[i]);
            _table.Add(new WireConnectionId(_ids[i]), _pair.Client);
        }

        // As datagrams come, not as IDs were made.
        new Random(1).Shuffle(_ids);
    }

    [GlobalCleanup]
    public void Cleanup() => _pair.Dispose();

    [Benchmark]
    public bool Find()
    {
        _next = _next + 1 == Count ? 0 : _next + 1;
        return _table.Find(_ids[_next]) is not null;
    }
}
