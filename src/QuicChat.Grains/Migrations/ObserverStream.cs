using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// What one silo tells one observer. Adding never waits: a task of its own sends, one call at a time, for as long as there is something to
/// send. What the observer is too slow for is left out, the oldest first, and counted.
/// </summary>
internal sealed partial class ObserverStream(IMigrationObserver observer, string silo, ILogger<ObserverStream> logger)
{
    // Some seconds of 100 migrations a second, and below 1 MiB an observer.
    private const int Capacity = 1_000;

    // Live to the eye, and at most five calls a second.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Lock _lock = new();
    private readonly Queue<MigrationEvent> _waiting = [];
    private readonly Guid _id = Guid.NewGuid();

    // The place in the stream of the first waiting event, and how many before it were left out since the last batch.
    private long _sequence;
    private long _missed;
    private bool _isSending;
    private bool _isGivenUp;
    private bool _isEnded;

    /// <summary>Something happened.</summary>
    public void Add(MigrationEvent next)
    {
        lock (_lock)
        {
            if (_isGivenUp)
            {
                Miss(1);
                return;
            }

            if (_waiting.Count == Capacity)
            {
                _waiting.Dequeue();
                Miss(1);
            }

            _waiting.Enqueue(next);
            Send();
        }
    }

    /// <summary>The observer has subscribed again.</summary>
    public void Renew()
    {
        lock (_lock)
        {
            if (_isGivenUp)
            {
                _isGivenUp = false;
                if (_missed > 0)
                {
                    Send();
                }
            }
        }
    }

    /// <summary>The subscription has ended: nothing is sent any more but the call that may be under way.</summary>
    public void End()
    {
        lock (_lock)
        {
            _isEnded = true;
            _waiting.Clear();
        }
    }

    private void Miss(int events)
    {
        _missed += events;
        _sequence += events;
    }

    private void Send()
    {
        if (_isSending || _isEnded)
        {
            return;
        }

        _isSending = true;

        // Nothing of the call that has just migrated somebody goes along.
        using (ExecutionContext.SuppressFlow())
        {
            Task.Run(SendAsync).Ignore();
        }
    }

    private async Task SendAsync()
    {
        while (Take() is { } batch)
        {
            try
            {
                await observer.Observe(batch);
            }
            catch (Exception error)
            {
                if (GiveUp())
                {
                    LogGivenUp(error, silo, batch.Events.Length);
                }

                return;
            }

            await Task.Delay(Pause);
        }
    }

    private MigrationBatch? Take()
    {
        lock (_lock)
        {
            if (_isEnded || _waiting.Count + _missed == 0)
            {
                _isSending = false;
                return null;
            }

            var batch = new MigrationBatch(silo, _id, _sequence, _missed, [.. _waiting]);
            _sequence += _waiting.Count;
            _missed = 0;
            _waiting.Clear();
            return batch;
        }
    }

    private bool GiveUp()
    {
        lock (_lock)
        {
            _isSending = false;
            _isGivenUp = true;
            Miss(_waiting.Count);
            _waiting.Clear();
            return !_isEnded;
        }
    }

    [LoggerMessage(1330, LogLevel.Information, "An observer of {Silo}'s migrations did not take {Count} events; it hears no more until it subscribes again.")]
    private partial void LogGivenUp(Exception error, string silo, int count);
}
