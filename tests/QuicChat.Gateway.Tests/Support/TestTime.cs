using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace QuicChat.Gateway.Tests.Support;

/// <summary>A clock that only the test moves, and that tells when code under test begins to wait.</summary>
internal sealed class TestTime() : FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))
{
    private readonly Channel<TimeSpan> _armed = Channel.CreateUnbounded<TimeSpan>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new TellingTimer(base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan), this);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Waits until code waits for a time within these limits.</summary>
    /// <returns>The time.</returns>
    public async Task<TimeSpan> ArmedAsync(TimeSpan least, TimeSpan most, string what)
    {
        while (true)
        {
            var due = await _armed.Reader.ReadAsync().AsTask().Within($"a timer for {what}");
            if (due >= least && due <= most)
            {
                return due;
            }
        }
    }

    /// <summary>Waits until code waits for a time within these limits, then lets that time pass.</summary>
    public async Task PassAsync(TimeSpan least, TimeSpan most, string what) => Advance(await ArmedAsync(least, most, what));

    /// <summary>Waits until code waits for exactly this time, then lets it pass.</summary>
    public Task PassAsync(TimeSpan due, string what) => PassAsync(due, due, what);

    /// <summary>Waits for the next pause between two tries.</summary>
    public Task<TimeSpan> ArmedBackoffAsync()
        => ArmedAsync(TimeSpan.FromMilliseconds(80), TimeSpan.FromMilliseconds(1_999), "a pause between tries");

    /// <summary>Lets the next pause between two tries pass.</summary>
    public async Task PassBackoffAsync() => Advance(await ArmedBackoffAsync());

    private sealed class TellingTimer(ITimer inner, TestTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = inner.Change(dueTime, period);
            if (dueTime != Timeout.InfiniteTimeSpan)
            {
                time._armed.Writer.TryWrite(dueTime);
            }

            return changed;
        }

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
