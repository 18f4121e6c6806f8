using QuicChat.Gateway.Fanout;
using QuicChat.Gateway.Tests.Support;

namespace QuicChat.Gateway.Tests.Fanout;

public sealed class AsyncSignalTests
{
    [Fact]
    public async Task A_signal_before_the_wait_is_kept_once()
    {
        var signal = new AsyncSignal();
        signal.Set();
        signal.Set();

        Assert.True(signal.WaitAsync().IsCompleted);
        var second = signal.WaitAsync();
        Assert.False(second.IsCompleted);
        signal.Set();
        await second.AsTask().Within("the signal");
    }

    [Fact]
    public async Task No_signal_is_lost_between_two_threads()
    {
        const int Rounds = 100_000;
        var there = new AsyncSignal();
        var back = new AsyncSignal();
        var other = Task.Run(async () =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                await there.WaitAsync();
                back.Set();
            }
        });
        for (var i = 0; i < Rounds; i++)
        {
            there.Set();
            await back.WaitAsync();
        }

        await other.Within("the other thread");
    }
}
