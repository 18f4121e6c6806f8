using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>
/// Numbers a room's messages and keeps them in call order, several in flight. A gateway stores only the next number. So once it has refused one,
/// it refuses all that are behind it in flight, whatever they are: those are not failed but sent again, under the numbers that have become free.
/// No number is used again before every message in flight has been answered, for one that is still on its way under that number
/// could be stored in place of the other. After a refusal sending begins with one message at a time and doubles with each one stored.
/// </summary>
internal sealed class RoomPublisher : IDisposable
{
    private readonly Lock _gate = new();
    private readonly LinkedList<PendingPublish> _waiting = [];
    private readonly Queue<PendingPublish> _inFlight = [];
    private readonly List<PendingPublish> _again = [];
    private readonly Action<ClientFrame> _send;
    private readonly int _maxInFlight;
    private readonly TimeProvider _time;
    private readonly ITimer _resume;

    private long _lastStored;
    private long _lastSent;
    private long? _firstRefused;
    private TimeSpan _retryAfter;
    private bool _isHeldBack;
    private int _window;
    private Exception? _end;

    /// <summary>Starts closed for sending, until <see cref="Open"/>.</summary>
    /// <param name="send">Sends a frame; called under the lock, so it must not block.</param>
    /// <param name="maxInFlight">The most messages in flight.</param>
    /// <param name="time">The clock.</param>
    public RoomPublisher(Action<ClientFrame> send, int maxInFlight, TimeProvider time)
    {
        _send = send;
        _window = _maxInFlight = maxInFlight;
        _time = time;
        _resume = _time.CreateTimer(static state => ((RoomPublisher)state!).Resume(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether an answer is awaited.</summary>
    public bool IsAwaiting
    {
        get
        {
            lock (_gate)
            {
                return _inFlight.Count > 0;
            }
        }
    }

    /// <summary>Sets where the numbers go on.</summary>
    public void Open(long lastStored) => _lastStored = _lastSent = lastStored;

    /// <summary>Sends a message as soon as it is its turn.</summary>
    public async Task<PublishReceipt> PublishAsync(string body, CancellationToken cancellationToken)
    {
        var pending = new PendingPublish(body);
        lock (_gate)
        {
            if (_end is not null)
            {
                throw _end;
            }

            _waiting.AddLast(pending);
            SendWaiting();
        }

        await using var registration = cancellationToken.UnsafeRegister(
            (_, token) =>
            {
                lock (_gate)
                {
                    _waiting.Remove(pending);
                }

                pending.TrySetCanceled(token);
            },
            null).ConfigureAwait(false);
        return await pending.Task.ConfigureAwait(false);
    }

    /// <summary>A message is stored.</summary>
    /// <exception cref="ProtocolException">No such message awaits an answer.</exception>
    public void Acknowledged(long clientSeq, long offset)
    {
        lock (_gate)
        {
            var pending = Answered(clientSeq, "Ack");
            _lastStored = Math.Max(_lastStored, clientSeq);
            _window = Math.Min(_maxInFlight, 2 * _window);
            pending.TrySetResult(new PublishReceipt(offset, clientSeq));
            Next();
        }
    }

    /// <summary>A message is not stored.</summary>
    /// <returns>Whether it was refused for its own sake; otherwise it was behind one that was, and will be sent again.</returns>
    /// <exception cref="ProtocolException">No such message awaits an answer.</exception>
    public bool Rejected(long clientSeq, PublishRejectedException refusal)
    {
        lock (_gate)
        {
            var isFirst = _inFlight.TryPeek(out var oldest) && oldest.ClientSeq == clientSeq && !(_firstRefused < clientSeq);
            var pending = Answered(clientSeq, "Reject");
            _firstRefused = Math.Min(_firstRefused ?? clientSeq, clientSeq);
            _window = 1;
            if (isFirst)
            {
                _retryAfter = refusal.RetryAfter;
                pending.TrySetException(refusal);
            }
            else
            {
                _again.Add(pending);
            }

            Next();
            return isFirst;
        }
    }

    /// <summary>Fails everything that waits, and all that is published from now on.</summary>
    public void End(Exception end)
    {
        lock (_gate)
        {
            if (_end is not null)
            {
                return;
            }

            _end = end;
            foreach (var pending in _inFlight.Concat(_again).Concat(_waiting))
            {
                pending.TrySetException(end);
            }

            _inFlight.Clear();
            _again.Clear();
            _waiting.Clear();
        }
    }

    /// <summary>Waits until every message published so far is stored, refused or given up; their callers learn which.</summary>
    public async Task WhenAnsweredAsync(CancellationToken cancellationToken)
    {
        Task answered;
        lock (_gate)
        {
            answered = Task.WhenAll(_inFlight.Concat(_again).Concat(_waiting).Select(pending => pending.Task));
        }

        await answered.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose() => _resume.Dispose();

    private PendingPublish Answered(long clientSeq, string frame)
    {
        var pending = _inFlight.FirstOrDefault(candidate => candidate.ClientSeq == clientSeq);
        if (pending is null || pending.IsAnswered)
        {
            throw new ProtocolException(ErrorCode.ProtocolViolation, $"{frame} for client_seq {clientSeq}, which awaits no answer.");
        }

        pending.IsAnswered = true;
        while (_inFlight.TryPeek(out var oldest) && oldest.IsAnswered)
        {
            _inFlight.Dequeue();
        }

        return pending;
    }

    private void Next()
    {
        if (_firstRefused is null)
        {
            SendWaiting();
        }
        else if (_inFlight.Count == 0)
        {
            _firstRefused = null;
            _lastSent = _lastStored;
            foreach (var pending in _again.OrderByDescending(pending => pending.ClientSeq).Where(pending => !pending.Task.IsCompleted))
            {
                _waiting.AddFirst(pending);
            }

            _again.Clear();
            if (_retryAfter > TimeSpan.Zero)
            {
                _isHeldBack = true;
                _resume.Change(_retryAfter, Timeout.InfiniteTimeSpan);
                _retryAfter = TimeSpan.Zero;
            }

            SendWaiting();
        }
    }

    private void Resume()
    {
        lock (_gate)
        {
            _isHeldBack = false;
            SendWaiting();
        }
    }

    private void SendWaiting()
    {
        while (!_isHeldBack && _firstRefused is null && _inFlight.Count < _window && _waiting.First is { Value: var pending })
        {
            _waiting.RemoveFirst();
            pending.ClientSeq = ++_lastSent;
            pending.IsAnswered = false;
            _inFlight.Enqueue(pending);
            _send(new ClientFrame { Publish = new Publish { ClientSeq = (ulong)pending.ClientSeq, Body = pending.Body } });
        }
    }
}
