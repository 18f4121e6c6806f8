using QuicChat.Protocol;
using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>
/// Numbers a room's messages and keeps them in call order, several in flight. A gateway stores only the next number. So once it has refused one,
/// it refuses all that are behind it in flight, whatever they are: those are not failed but sent again, under the numbers that have become free.
/// No number is used again before every message in flight has been answered, for one that is still on its way under that number
/// could be stored in place of the other. After a refusal sending begins with one message at a time and doubles with each one stored.
/// <para>
/// It may outlive the stream that it sends on. Then what was sent and not answered is sent again on the next one, in the same order and under the
/// same numbers, so that the gateway stores it once, whether or not it had arrived before. Where the gateway refuses such a repeat only for
/// now, the message is not failed, for what was sent on the earlier stream may yet be stored: it keeps its number and is sent again.
/// </para>
/// </summary>
internal sealed class RoomPublisher : IDisposable
{
    private readonly Lock _gate = new();

    // In the order of the calls. Those with a number have been sent before, on a stream that has ended, and come first.
    private readonly LinkedList<PendingPublish> _waiting = [];

    // In the order of sending, each without an answer.
    private readonly List<PendingPublish> _inFlight = [];

    // Refused because of one before them, or only for now.
    private readonly List<PendingPublish> _again = [];

    private readonly string _room;
    private readonly int _maxInFlight;
    private readonly int _maxPending;
    private readonly TimeProvider _time;
    private readonly ITimer _resume;

    private Action<ClientFrame>? _send;
    private string? _epoch;
    private long _storedAtJoin;
    private long _lastStored;
    private long _lastSent;
    private long _sentBefore;
    private long? _firstRefused;
    private long? _firstDeferred;
    private TimeSpan _retryAfter;
    private bool _isHeldBack;
    private int _window;
    private Exception? _end;

    /// <summary>Starts without a stream.</summary>
    /// <param name="room">The room's name.</param>
    /// <param name="maxInFlight">The most messages in flight.</param>
    /// <param name="maxPending">The most messages without an answer, in flight or not.</param>
    /// <param name="time">The clock.</param>
    public RoomPublisher(string room, int maxInFlight, int maxPending, TimeProvider time)
    {
        _room = room;
        _window = _maxInFlight = maxInFlight;
        _maxPending = maxPending;
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

    /// <summary>
    /// Sends from now on by a joined stream. What an earlier one has left without an answer is decided by where the log stands:
    /// <list type="bullet">
    /// <item>The same epoch: all of it is sent again under its numbers. Those up to <paramref name="lastStored"/> are stored; the answer says where.</item>
    /// <item>The same epoch, nothing of the client is known, and messages are missing: it may have been forgotten with them, so it cannot be known.</item>
    /// <item>The same epoch, but less is stored than was acknowledged: the store went back. None of it is stored; it gets the numbers that follow.</item>
    /// <item>The same epoch, but more is stored than was sent: someone else uses the client ID; it cannot be known whose is stored.</item>
    /// <item>Another epoch: a number up to <paramref name="lastStored"/> may be another message's there, so it cannot be known; what is above is not
    /// stored and gets the numbers that follow.</item>
    /// </list>
    /// </summary>
    /// <param name="send">Sends a frame; called under the lock, so it must not block.</param>
    /// <param name="epoch">The log's epoch.</param>
    /// <param name="lastStored">The newest number stored.</param>
    /// <param name="wasCut">Whether the log was cut behind what the last stream delivered.</param>
    public void Attach(Action<ClientFrame> send, string epoch, long lastStored, bool wasCut = false)
    {
        lock (_gate)
        {
            TakeBack();
            if (_epoch is not null && epoch != _epoch)
            {
                Decide(
                    number => number <= lastStored,
                    new PublishUnknownException(
                        PublishUnknownCause.LogReplaced,
                        $"Room '{_room}' began a new epoch, '{epoch}' after '{_epoch}': its log was lost or lost messages. Whether this one is stored is unknown."));
                _lastSent = lastStored;
            }
            else if (wasCut && lastStored == 0)
            {
                Decide(
                    number => true,
                    new PublishUnknownException(
                        PublishUnknownCause.Forgotten,
                        $"Room '{_room}' has cut off so much of its log that it no longer knows this client. Whether this message is stored is unknown."));
                _lastSent = 0;
            }
            else if (lastStored < _lastStored)
            {
                Decide(number => false, null);
                _lastSent = lastStored;
            }
            else if (lastStored > _lastSent)
            {
                Decide(
                    number => true,
                    new PublishUnknownException(
                        PublishUnknownCause.ClientIdShared,
                        $"Room '{_room}' has {lastStored} messages of this client ID, and only {_lastSent} were sent: another connection uses it too. Whether this one is stored is unknown."));
                _lastSent = lastStored;
            }

            _epoch = epoch;
            _storedAtJoin = _lastStored = lastStored;
            _sentBefore = _lastSent;
            _send = send;
            SendWaiting();
        }
    }

    /// <summary>The stream has ended: what it leaves without an answer waits for the next one.</summary>
    public void Detach()
    {
        lock (_gate)
        {
            _send = null;
            TakeBack();
        }
    }

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

            if (_inFlight.Count + _again.Count + _waiting.Count >= _maxPending)
            {
                throw new PublishQueueFullException(_room, _maxPending);
            }

            _waiting.AddLast(pending);
            SendWaiting();
        }

        await using var registration = cancellationToken.UnsafeRegister((_, token) => Cancel(pending, token), null).ConfigureAwait(false);
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
    /// <returns>Whether it was refused for its own sake and for good; otherwise it will be sent again, or is known to be stored.</returns>
    /// <exception cref="ProtocolException">No such message awaits an answer.</exception>
    public bool Rejected(long clientSeq, PublishRejectedException refusal)
    {
        lock (_gate)
        {
            var isBehind = _firstRefused < clientSeq || _firstDeferred < clientSeq;
            var isFirst = !isBehind && _inFlight is [var oldest, ..] && oldest.ClientSeq == clientSeq;
            var pending = Answered(clientSeq, "Reject");
            if (refusal.Code == ErrorCode.ClientIdTaken)
            {
                // Another message has the number, which stays used; this one was never stored under any.
                pending.TrySetException(refusal);
                Next();
                return true;
            }

            if (clientSeq <= _storedAtJoin && !refusal.IsReconnectable)
            {
                // The log has had it since before the stream was joined; the repeat only asked where.
                pending.TrySetResult(new PublishReceipt(PublishReceipt.UnknownOffset, clientSeq));
                Next();
                return false;
            }

            if (clientSeq <= _sentBefore && (refusal.IsReconnectable || _firstDeferred < clientSeq) && !(_firstRefused < clientSeq))
            {
                // Only this copy is refused: the one on the earlier stream may be stored, or yet be. The number stays the message's own.
                _firstDeferred = Math.Min(_firstDeferred ?? clientSeq, clientSeq);
                Delay(refusal);
                _again.Add(pending);
                Next();
                return false;
            }

            pending.MayBeStored = false;
            _firstRefused = Math.Min(_firstRefused ?? clientSeq, clientSeq);
            Delay(refusal);
            if (isFirst)
            {
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
    /// <param name="end">For what was never sent, or has been refused.</param>
    /// <param name="sent">For what has been sent.</param>
    public void End(Exception end, Exception sent)
    {
        lock (_gate)
        {
            if (_end is not null)
            {
                return;
            }

            _end = end;
            _send = null;
            foreach (var pending in _inFlight.Concat(_again).Concat(_waiting))
            {
                pending.TrySetException(pending.MayBeStored ? sent : end);
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

    private void Cancel(PendingPublish pending, CancellationToken token)
    {
        lock (_gate)
        {
            if (!pending.MayBeStored)
            {
                _waiting.Remove(pending);
                pending.TrySetCanceled(token);
                return;
            }

            // Its number stays its own, so it is sent again like the others: a number that is left out holds up all behind it.
            var unknown = new PublishUnknownException(
                PublishUnknownCause.Cancelled, $"A message to room '{_room}' was cancelled after it had been sent. Whether it is stored is unknown.");
            pending.TrySetException(new OperationCanceledException(unknown.Message, unknown, token));
        }
    }

    private PendingPublish Answered(long clientSeq, string frame)
    {
        var index = _inFlight.FindIndex(candidate => candidate.ClientSeq == clientSeq);
        if (index < 0)
        {
            throw new ProtocolException(ErrorCode.ProtocolViolation, $"{frame} for client_seq {clientSeq}, which awaits no answer.");
        }

        var pending = _inFlight[index];
        _inFlight.RemoveAt(index);
        return pending;
    }

    // Sending goes on slowly, and not before all in flight is answered and the gateway's wish is met.
    private void Delay(PublishRejectedException refusal)
    {
        _window = 1;
        _retryAfter = refusal.RetryAfter > _retryAfter ? refusal.RetryAfter : _retryAfter;
    }

    private void Next()
    {
        if ((_firstRefused ?? _firstDeferred) is not null && _inFlight.Count == 0)
        {
            TakeBack();
        }

        SendWaiting();
    }

    // Nothing is in flight any more: what was waits again, in its order. Numbers from the first refused one on are free.
    private void TakeBack()
    {
        foreach (var pending in _inFlight.Concat(_again).OrderByDescending(pending => pending.ClientSeq))
        {
            _waiting.AddFirst(pending);
        }

        _inFlight.Clear();
        _again.Clear();
        _firstDeferred = null;
        HoldBack(_retryAfter);
        _retryAfter = TimeSpan.Zero;
        if (_firstRefused is { } refused)
        {
            _firstRefused = null;
            Release(number => number >= refused);
            _lastSent = refused - 1;
            _sentBefore = Math.Min(_sentBefore, _lastSent);
        }
    }

    // Of those that were sent before and are not answered: fails some as unknown, and gives the others new numbers.
    private void Decide(Func<long, bool> isUnknown, PublishUnknownException? unknown)
    {
        foreach (var pending in _waiting.Where(pending => pending.ClientSeq > 0 && isUnknown(pending.ClientSeq)).ToList())
        {
            _waiting.Remove(pending);
            pending.TrySetException(unknown!);
        }

        Release(_ => true);
    }

    private void Release(Func<long, bool> isFree)
    {
        foreach (var pending in _waiting.Where(pending => pending.ClientSeq > 0 && isFree(pending.ClientSeq)).ToList())
        {
            pending.ClientSeq = 0;
            pending.MayBeStored = false;
            if (pending.Task.IsCompleted)
            {
                // Given up meanwhile.
                _waiting.Remove(pending);
            }
        }
    }

    private void HoldBack(TimeSpan wait)
    {
        if (wait > TimeSpan.Zero)
        {
            _isHeldBack = true;
            _resume.Change(wait, Timeout.InfiniteTimeSpan);
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
        while (_send is not null && !_isHeldBack && (_firstRefused ?? _firstDeferred) is null
            && _inFlight.Count < _window && _waiting.First is { Value: var pending })
        {
            _waiting.RemoveFirst();
            if (pending.ClientSeq == 0)
            {
                pending.ClientSeq = ++_lastSent;
            }

            pending.MayBeStored = true;
            _inFlight.Add(pending);
            _send(new ClientFrame { Publish = new Publish { ClientSeq = (ulong)pending.ClientSeq, Body = pending.Body } });
        }
    }
}
