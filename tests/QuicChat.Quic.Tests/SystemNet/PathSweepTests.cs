using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using QuicChat.Quic.Paths;
using QuicChat.Quic.SystemNet;
using Xunit;

namespace QuicChat.Quic.Tests.SystemNet;

/// <summary>One timer looks at all connections.</summary>
public sealed class PathSweepTests(ITestOutputHelper output)
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_move_is_seen_by_the_next_pass_and_what_is_removed_is_not_looked_at_any_more()
    {
        using var sweep = new PathSweep(_time);
        var (moves, leaves) = (new FakeConnection(1), new FakeConnection(2));
        sweep.Add(moves);
        sweep.Add(leaves);
        _time.Advance(PathSweep.Interval);
        Assert.Equal((1, 1), (moves.Looks, leaves.Looks));

        sweep.Remove(leaves);
        moves.Remote = new IPEndPoint(IPAddress.Loopback, 50_000);
        _time.Advance(PathSweep.Interval);

        Assert.True(moves.Watch.Events.TryRead(out var seen));
        Assert.Equal(50_000, Assert.IsType<PathEvent.Detected>(seen).To.Remote.Port);
        Assert.Equal(1, leaves.Looks);
    }

    [Fact]
    public void An_attempt_that_nobody_confirms_ends_by_the_sweep_alone()
    {
        using var sweep = new PathSweep(_time);
        var connection = new FakeConnection(1);
        sweep.Add(connection);
        connection.Remote = new IPEndPoint(IPAddress.Loopback, 50_000);
        _time.Advance(PathSweep.Interval);
        _time.Advance(PathWatch.ConfirmationLimit);
        _time.Advance(PathSweep.Interval);

        Assert.True(connection.Watch.Events.TryRead(out _));
        Assert.True(connection.Watch.Events.TryRead(out var end));
        Assert.InRange(Assert.IsType<PathEvent.Unknown>(end).Duration, PathWatch.ConfirmationLimit, PathWatch.ConfirmationLimit + (2 * PathSweep.Interval));
    }

    [Fact]
    public void Ten_thousand_connections_that_stay_where_they_are_are_cheap_to_look_at()
    {
        const int Count = 10_000;
        const int Passes = 20;
        using var sweep = new PathSweep(_time);
        for (var i = 0; i < Count; i++)
        {
            sweep.Add(new FakeConnection(i + 1));
        }

        _time.Advance(PathSweep.Interval);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        for (var pass = 0; pass < Passes; pass++)
        {
            _time.Advance(PathSweep.Interval);
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        output.WriteLine($"a pass over {Count}: {watch.Elapsed.TotalMilliseconds / Passes:0.00} ms, {allocated / Passes} bytes allocated");

        // Nothing a connection: what there is, is the pass's own.
        Assert.InRange(allocated / Passes, 0, Count);
    }

    private sealed class FakeConnection : IWatched
    {
        public FakeConnection(int port)
        {
            Remote = new IPEndPoint(IPAddress.Loopback, port);
            Watch = new PathWatch(new IPEndPoint(IPAddress.Loopback, 4433), Remote);
        }

        public IPEndPoint Remote { get; set; }

        public PathWatch Watch { get; }

        public int Looks { get; private set; }

        public void Look(Instant now)
        {
            Looks++;
            Watch.Look(Remote, now);
        }
    }
}
