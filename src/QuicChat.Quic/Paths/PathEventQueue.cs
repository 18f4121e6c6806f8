using System.Threading.Channels;

namespace QuicChat.Quic.Paths;

/// <summary>
/// A connection's path events between its engine and one reader. It is bounded, and what a slow reader sees is well-formed all the same: where the queue
/// is full, the oldest attempt that is in it from its beginning to its end is left out, so attempts still begin once and end once, and the newest are there.
/// </summary>
public sealed class PathEventQueue : ChannelReader<PathEvent>
{
    /// <summary>Unread events held: 512, minutes of a client that changes its path each second.</summary>
    public const int Capacity = 512;

    private readonly Lock _gate = new();
    private readonly List<PathEvent> _events = [];
    private TaskCompletionSource? _waiting;
    private bool _isComplete;

    /// <inheritdoc/>
    public override bool CanCount => true;

    /// <inheritdoc/>
    public override int Count
    {
        get
        {
            lock (_gate)
            {
                return _events.Count;
            }
        }
    }

    /// <summary>Adds the next event, as <see cref="PathTracker"/> emits it.</summary>
    public void Write(PathEvent next) => Change(() =>
    {
        if (_events.Count >= Capacity && next is PathEvent.Denied)
        {
            // Anyone can cause these; no attempt is left out for them.
            return;
        }

        if (_events.Count == Capacity && _events.FindIndex(waiting => waiting is PathEvent.Denied) is >= 0 and var denied)
        {
            _events.RemoveAt(denied);
        }
        else if (_events.Count == Capacity)
        {
            // Beginnings and ends alternate; the beginning of a first end has been read.
            _events.RemoveRange(_events[0] is PathEvent.Detected ? 0 : 1, 2);
        }

        _events.Add(next);
    });

    /// <summary>Tells that the connection has ended: no event follows.</summary>
    public void Complete() => Change(() => _isComplete = true);

    /// <inheritdoc/>
    public override bool TryRead(out PathEvent item)
    {
        lock (_gate)
        {
            item = _events.FirstOrDefault()!;
            if (item is not null)
            {
                _events.RemoveAt(0);
            }

            return item is not null;
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_events.Count > 0 || _isComplete)
                {
                    return _events.Count > 0;
                }

                _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                changed = _waiting.Task;
            }

            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            change();
            _waiting?.SetResult();
            _waiting = null;
        }
    }
}
