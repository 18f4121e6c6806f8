using QuicChat.Client;

namespace QuicChat.Cli.Demo.Chaos;

/// <summary>
/// Reads a room's log while a run goes on, for a log keeps only its newest messages; what is still there in the end is read then once more,
/// since a store that is killed could have lost it.
/// </summary>
/// <param name="read">Reads a page: from which offset, and how many messages at most.</param>
internal sealed class LogReader(Func<long, int, CancellationToken, Task<HistoryPage>> read)
{
    private const int PageSize = 100;

    private readonly SortedDictionary<long, string> _messages = [];
    private long _next = 1;

    /// <summary>The messages by their offsets.</summary>
    public IReadOnlyDictionary<long, string> Messages => _messages;

    /// <summary>Messages that the log had cut off before they were read.</summary>
    public long Missed { get; private set; }

    /// <summary>Reads again and again what is new.</summary>
    /// <param name="interval">The pause between.</param>
    /// <param name="cancellationToken">Ends it, in order.</param>
    public async Task FollowAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            do
            {
                await ReadOnAsync(cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What has been read counts.
        }
        catch (ChatException)
        {
            // The room is over; reading the rest tells why.
        }
    }

    /// <summary>Reads what is there in the end; nobody follows any more.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        await ReadOnAsync(cancellationToken);
        var first = (await read(1, 1, cancellationToken)).FirstOffset;
        foreach (var offset in _messages.Keys.Where(offset => offset >= first).ToList())
        {
            _messages.Remove(offset);
        }

        _next = Math.Min(_next, first);
        await ReadOnAsync(cancellationToken);
    }

    private async Task ReadOnAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var page = await read(_next, PageSize, cancellationToken);
            if (page.FirstOffset > _next)
            {
                Missed += page.FirstOffset - _next;
                _next = page.FirstOffset;
            }

            foreach (var message in page.Messages)
            {
                _messages[message.Offset] = message.Body;
                _next = message.Offset + 1;
            }

            if (page.Messages.Count == 0 || _next > page.LastOffset)
            {
                return;
            }
        }
    }
}
