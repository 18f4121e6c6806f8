using QuicChat.Cli.Demo.Chaos;
using QuicChat.Client;

namespace QuicChat.Cli.Tests.Demo;

public sealed class LogReaderTests
{
    private readonly SortedDictionary<long, string> _log = [];
    private long _last;

    [Fact]
    public async Task What_the_log_has_cut_off_meanwhile_is_known_all_the_same()
    {
        var reader = new LogReader(ReadAsync);
        Store(250);
        await reader.FinishAsync(TestContext.Current.CancellationToken);
        Cut(200);
        Store(50);
        await reader.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Equal(Enumerable.Range(1, 300).Select(number => (long)number), reader.Messages.Keys);
        Assert.Equal("message 200", reader.Messages[200]);
        Assert.Equal(0, reader.Missed);
    }

    [Fact]
    public async Task What_was_cut_off_before_it_was_read_is_counted()
    {
        var reader = new LogReader(ReadAsync);
        Store(10);
        await reader.FinishAsync(TestContext.Current.CancellationToken);
        Store(90);
        Cut(30);
        await reader.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Equal(20, reader.Missed);
        Assert.Equal(80, reader.Messages.Count);
    }

    [Fact]
    public async Task What_the_store_has_lost_since_is_not_in_the_log_in_the_end()
    {
        var reader = new LogReader(ReadAsync);
        Store(10);
        await reader.FinishAsync(TestContext.Current.CancellationToken);
        _log.Remove(9);
        _log.Remove(10);
        _last = 8;
        await reader.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Equal(Enumerable.Range(1, 8).Select(number => (long)number), reader.Messages.Keys);
    }

    [Fact]
    public async Task Following_reads_at_once_and_ends_when_it_is_told_to()
    {
        using var ending = new CancellationTokenSource();
        Store(150);
        var isRead = new TaskCompletionSource();
        var reader = new LogReader((from, limit, token) =>
        {
            if (from > 100)
            {
                isRead.TrySetResult();
            }

            return ReadAsync(from, limit, token);
        });
        var following = reader.FollowAsync(TimeSpan.FromHours(1), ending.Token);
        await isRead.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        await ending.CancelAsync();
        await following;

        Assert.Equal(150, reader.Messages.Count);
    }

    private void Store(int messages)
    {
        for (var i = 0; i < messages; i++)
        {
            _log.Add(++_last, $"message {_last}");
        }
    }

    private void Cut(long last)
    {
        foreach (var offset in _log.Keys.Where(offset => offset <= last).ToList())
        {
            _log.Remove(offset);
        }
    }

    private Task<HistoryPage> ReadAsync(long from, int limit, CancellationToken cancellationToken) => Task.FromResult(new HistoryPage(
        _log.Count == 0 ? _last + 1 : _log.Keys.First(),
        _last,
        [
            .. _log.Where(message => message.Key >= from).Take(limit).Select(message => new ChatMessage(
                message.Key, "ann", "Ann", DateTimeOffset.UnixEpoch, message.Value, "phone", message.Key)),
        ]));
}
