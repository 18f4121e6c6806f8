using Microsoft.Extensions.Time.Testing;
using QuicChat.Cli.Load;

namespace QuicChat.Cli.Tests.Load;

public sealed class LoadPublishingTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _end = new();
    private readonly List<long> _due = [];
    private readonly LoadMeter _meter;

    public LoadPublishingTests() => _meter = new LoadMeter(_time);

    [Fact]
    public async Task What_was_due_before_the_end_is_sent_after_a_standstill_up_to_the_end_and_counts_from_when_it_was_due()
    {
        await OpenAsync(10);

        Assert.Equal([0, 100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000], _due);
        Assert.Equal(0, _meter.Unsent);
    }

    [Fact]
    public async Task What_a_target_that_answers_nothing_leaves_no_room_for_is_counted_as_not_sent()
    {
        var sending = OpenAsync(4);
        while (!sending.IsCompleted)
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        // One more than may be under way, since nothing holds the one that exceeds it.
        Assert.Equal([0, 100_000, 200_000, 300_000, 400_000], _due);
        Assert.Equal(5, _meter.Unsent);
        await sending;
    }

    // Ten messages are due within the second that the first one takes, at whose end the measured time ends. No message is answered.
    private Task OpenAsync(int maxOutstanding)
    {
        var client = new FakeClient
        {
            Publish = due =>
            {
                _meter.OnPublished();
                _due.Add(due);
                if (_due.Count == 1)
                {
                    _time.Advance(TimeSpan.FromSeconds(1));
                    _meter.Stop();
                    _end.Cancel();
                }

                return new TaskCompletionSource<bool>().Task;
            },
        };
        return LoadPublishing.OpenAsync(_meter, _ => client, 1, 10, _end.Token, maxOutstanding);
    }
}
