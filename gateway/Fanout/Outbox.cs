using QuicChat.Gateway.Diagnostics;

namespace QuicChat.Gateway.Fanout;

/// <summary>Counts the bytes that wait for one room stream: answers, a page of the log, and what is written and not taken by the stream.</summary>
internal sealed class Outbox(GatewayMetrics metrics)
{
    private readonly AsyncSignal _drained = new();
    private long _answers;
    private long _others;

    private long Bytes => Interlocked.Read(ref _answers) + Interlocked.Read(ref _others);

    /// <summary>An answer waits.</summary>
    public void Add(int bytes)
    {
        Interlocked.Add(ref _answers, bytes);
        metrics.OutboxChanged(bytes);
    }

    /// <summary>What waits now: fewer answers, and a new amount of all else. For the writer alone.</summary>
    public void Change(int answers, long others)
    {
        Interlocked.Add(ref _answers, -answers);
        metrics.OutboxChanged(others - Interlocked.Exchange(ref _others, others) - answers);
        _drained.Set();
    }

    /// <summary>Waits until no more than <paramref name="limit"/> bytes wait. For the reader alone.</summary>
    public async ValueTask DrainedAsync(long limit, CancellationToken ended)
    {
        while (Bytes > limit)
        {
            await _drained.WaitAsync();
            ended.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The stream has ended: wakes the reader.</summary>
    public void End() => _drained.Set();

    /// <summary>Nothing waits any more; reader and writer have ended.</summary>
    public void Close() => metrics.OutboxChanged(-Interlocked.Exchange(ref _answers, 0) - Interlocked.Exchange(ref _others, 0));
}
