using QuicChat.Gateway.Diagnostics;

namespace QuicChat.Gateway.Fanout;

/// <summary>
/// Counts the bytes that wait for one room stream: messages for the room's answer, answers, a page of the log, and what is written and not
/// taken by the stream.
/// </summary>
internal sealed class Outbox(GatewayMetrics metrics)
{
    private readonly Lock _lock = new();
    private readonly AsyncSignal _drained = new();
    private long _bytes;
    private long _others;
    private bool _isClosed;

    /// <summary>An answer waits, or a message for its answer.</summary>
    public void Add(int bytes) => Change(bytes, null);

    /// <summary>A message has its answer.</summary>
    public void Remove(int bytes) => Change(-bytes, null);

    /// <summary>What waits now: fewer answers, and a new amount of the stream's own. For the writer alone.</summary>
    public void Change(int answers, long others) => Change(-answers, (long?)others);

    /// <summary>Waits until no more than <paramref name="limit"/> bytes wait. For the reader alone.</summary>
    public async ValueTask DrainedAsync(long limit, CancellationToken ended)
    {
        while (Interlocked.Read(ref _bytes) > limit)
        {
            await _drained.WaitAsync();
            ended.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The stream has ended: wakes the reader.</summary>
    public void End() => _drained.Set();

    /// <summary>Nothing waits any more, whatever is still answered; reader and writer have ended.</summary>
    public void Close()
    {
        lock (_lock)
        {
            metrics.OutboxChanged(-_bytes);
            _bytes = 0;
            _isClosed = true;
        }
    }

    private void Change(long bytes, long? others)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            if (others is { } now)
            {
                bytes += now - _others;
                _others = now;
            }

            Interlocked.Add(ref _bytes, bytes);
            metrics.OutboxChanged(bytes);
        }

        if (bytes < 0)
        {
            _drained.Set();
        }
    }
}
