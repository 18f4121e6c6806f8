using QuicChat.Benchmarks.Micro;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>What the garbage collector gets of a connection whose buffers have been made: nothing.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void A_datagram_in_and_a_datagram_out_allocate_nothing()
    {
        using var pair = new CorePair();

        // Buffers grow, and code is compiled.
        Transfer(pair, 300);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var datagrams = Transfer(pair, 1000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(datagrams, 4000, int.MaxValue);
        Assert.True(allocated == 0, $"{allocated} bytes were allocated for {datagrams} datagrams.");
    }

    private static int Transfer(CorePair pair, int rounds)
    {
        var datagrams = 0;
        for (var round = 0; round < rounds; round++)
        {
            datagrams += pair.RoundTrip(3000, back: 100);
        }

        return datagrams;
    }
}
