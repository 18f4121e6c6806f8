using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using Microsoft.AspNetCore.Connections;
using QuicChat.Quic.Conformance.Tests.Support;
using Xunit;

namespace QuicChat.Quic.Ngtcp2.Tests;

/// <summary>A phone that leaves a network and flips back to it: the return must not wait for anything.</summary>
public sealed class PathFlipBackTests(ITestOutputHelper output)
{
    private const double MaxGapMilliseconds = 250;
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(1.5)]
    public async Task Leaving_and_returning_leaves_no_gap(double awaySeconds)
    {
        await using var pair = await SimulatedConnection.StartAsync(TestEngine.Ngtcp2, TickAsync);
        await using var stream = await pair.Client.OpenStreamAsync();
        var chatting = TickAsync(stream);
        using var stop = new CancellationTokenSource();
        var pausing = LongestPauseAsync(stop.Token);
        await stream.ReadTicksAsync(10);

        var old = pair.Path.Path;
        var away = Stopwatch.StartNew();
        var back = false;
        pair.Path.Rebind();
        var worst = TimeSpan.Zero;
        long previous = Stopwatch.GetTimestamp();
        long expected = 10;
        while (away.Elapsed.TotalSeconds < awaySeconds + 2)
        {
            if (!back && away.Elapsed.TotalSeconds >= awaySeconds)
            {
                back = true;
                pair.Path.ReturnTo(old);
            }

            foreach (var tick in await stream.ReadTicksAsync(1))
            {
                Assert.Equal(expected++, tick);
            }

            var now = Stopwatch.GetTimestamp();
            var gap = Stopwatch.GetElapsedTime(previous, now);
            worst = gap > worst ? gap : worst;
            previous = now;
        }

        await stop.CancelAsync();
        var pause = await pausing;
        output.WriteLine(
            $"away for {awaySeconds} s: longest time between deliveries {worst.TotalMilliseconds:0} ms over {expected} messages, between ticks of a timer {pause.TotalMilliseconds:0} ms");
        Assert.True(
            (worst - pause).TotalMilliseconds <= MaxGapMilliseconds,
            $"{worst.TotalMilliseconds:0} ms between deliveries; at most {MaxGapMilliseconds} ms are allowed beyond the {pause.TotalMilliseconds:0} ms that a timer of the machine stood still.");
        Assert.False(pair.Client.ConnectionClosed.IsCancellationRequested);
        await pair.Client.DisposeAsync();
        await chatting;
    }

    // What a machine that has too much to do adds to any gap.
    private static async Task<TimeSpan> LongestPauseAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TickInterval);
        var longest = TimeSpan.Zero;
        try
        {
            for (var previous = Stopwatch.GetTimestamp(); await timer.WaitForNextTickAsync(stop); previous = Stopwatch.GetTimestamp())
            {
                var pause = Stopwatch.GetElapsedTime(previous);
                longest = pause > longest ? pause : longest;
            }
        }
        catch (OperationCanceledException)
        {
            // Both are over.
        }

        return longest;
    }

    // Both sides talk: a number every 10 ms.
    private static async Task TickAsync(ConnectionContext stream)
    {
        using var timer = new PeriodicTimer(TickInterval);
        try
        {
            for (long number = 0; await timer.WaitForNextTickAsync(stream.ConnectionClosed); number++)
            {
                BinaryPrimitives.WriteInt64LittleEndian(stream.Transport.Output.GetSpan(sizeof(long)), number);
                stream.Transport.Output.Advance(sizeof(long));
                await stream.Transport.Output.FlushAsync();
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The test is over.
        }
    }
}

internal static class TickReader
{
    /// <summary>Reads at least so many numbers.</summary>
    public static async Task<long[]> ReadTicksAsync(this ConnectionContext stream, int count)
    {
        var result = await stream.Transport.Input.ReadAtLeastAsync(count * sizeof(long)).AsTask().Within("the next number");
        var take = count * sizeof(long);
        var bytes = result.Buffer.Slice(0, take).ToArray();
        stream.Transport.Input.AdvanceTo(result.Buffer.GetPosition(take));
        return [.. Enumerable.Range(0, count).Select(i => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(i * sizeof(long))))];
    }
}
