using QuicChat.Quic.Ngtcp2.Core;
using QuicChat.Quic.Ngtcp2.Tests.Support;
using QuicChat.Quic.Paths;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests.Core;

/// <summary>What the garbage collector gets of a connection whose buffers have been made: nothing.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void A_datagram_in_and_a_datagram_out_allocate_nothing()
    {
        using var link = new CoreLink().Establish();
        var stream = link.OpenStream();
        CoreLink.Write(stream, "x"u8);
        link.RunUntil(() => link.Server!.Accepted.Count == 1, "the stream");
        var accepted = link.Server!.Accepted.Dequeue();
        link.RunUntil(() => CoreLink.Read(accepted).Length == 1, "its first byte");
        var wire = new Wire(link.Client.Core, link.Server.Core, link.Now);

        // Buffers grow, and code is compiled.
        wire.Transfer(stream, accepted, 300);
        var datagrams = wire.Datagrams;
        var before = GC.GetAllocatedBytesForCurrentThread();
        wire.Transfer(stream, accepted, 1000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(wire.Datagrams - datagrams, 4000, int.MaxValue);
        Assert.True(allocated == 0, $"{allocated} bytes were allocated for {wire.Datagrams - datagrams} datagrams.");
    }

    // Both ways without a copy that the test would make: what one core writes the other reads from the same memory.
    private sealed class Wire(ConnectionCore client, ConnectionCore server, Instant now)
    {
        private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(1);

        private readonly byte[] _buffer = new byte[2048];
        private Instant _now = now;

        public int Datagrams { get; private set; }

        // Each round some bytes go there, and others come back.
        public void Transfer(StreamCore here, StreamCore there, int rounds)
        {
            for (var round = 0; round < rounds; round++)
            {
                Write(here, 3000);
                Write(there, 100);
                Turn(client, server);
                Turn(server, client);
                var (received, returned) = (Read(there), Read(here));
                for (var wait = 0; received < 3000 || returned < 100; wait++)
                {
                    Assert.InRange(wait, 0, 1000);
                    _now = new Instant(_now.Elapsed + Delay, _now.Time + Delay);
                    Expire(client);
                    Expire(server);
                    Turn(client, server);
                    Turn(server, client);
                    received += Read(there);
                    returned += Read(here);
                }
            }
        }

        private static void Write(StreamCore stream, int count)
        {
            stream.ApplicationWriter.GetSpan(count)[..count].Clear();
            stream.ApplicationWriter.Advance(count);
            if (!stream.ApplicationWriter.FlushAsync().IsCompletedSuccessfully)
            {
                throw new InvalidOperationException("The stream takes no more.");
            }

            stream.Wake();
        }

        private static int Read(StreamCore stream)
        {
            if (!stream.ApplicationReader.TryRead(out var result))
            {
                return 0;
            }

            var count = (int)result.Buffer.Length;
            stream.ApplicationReader.AdvanceTo(result.Buffer.End);
            stream.Consume(count);
            return count;
        }

        private void Expire(ConnectionCore core)
        {
            if (core.Expiry <= _now.Elapsed)
            {
                core.HandleExpiry(_now);
            }
        }

        private void Turn(ConnectionCore from, ConnectionCore to)
        {
            from.Service(_now);
            int length;
            while ((length = from.PollTransmit(_buffer, _now, out var path)) > 0)
            {
                Datagrams++;
                if (to.HandleDatagram(_buffer.AsSpan(0, length), new FourTuple(path.Remote, path.Local), _now, from.Ecn) is { } reason)
                {
                    throw new InvalidOperationException($"A datagram was rejected: {reason}.");
                }
            }

            from.EndTransmit();
            if (from.TryTakeEvent(out var next) || to.TryTakeEvent(out next))
            {
                throw new InvalidOperationException($"An event that was not expected: {next}.");
            }

            to.Service(_now);
        }
    }
}
