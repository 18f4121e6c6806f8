using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Migrations;

namespace QuicChat.Grains.Migrations;

// The monitor only knows who observes, in memory, and tells silos in its answers to their reports. Events go from the silos straight to the
// observers, so they cost the monitor nothing.
internal sealed partial class MigrationMonitorGrain
{
    // Some screens and some processes. The whole list is in every answer to a silo: some 3 KiB a silo and second when it is full.
    private const int ObserverLimit = 32;

    // Long enough that an observer outlasts the monitor's death, and short enough that a dead one is soon forgotten.
    private static readonly TimeSpan ObserverLeaseTime = TimeSpan.FromSeconds(30);

    // A silo that answers later hears of the observer in the answer to its next report.
    private static readonly TimeSpan SilosHearWithin = TimeSpan.FromSeconds(2);

    private readonly Guid _life = Guid.NewGuid();
    private readonly Dictionary<IMigrationObserver, Subscription> _observers = [];

    public async Task<TimeSpan> Subscribe(IMigrationObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        ForgetExpiredObservers();
        var isNew = !_observers.ContainsKey(observer);
        if (isNew && _observers.Count >= ObserverLimit)
        {
            throw new TooManyObserversException(
                $"{ObserverLimit} processes observe migrations, which is as many as may: end one, or wait {ObserverLeaseTime.TotalSeconds:0} s where one has died.");
        }

        _observers[observer] = new Subscription(Guid.NewGuid(), time.GetTimestamp());
        if (isNew)
        {
            LogSubscribed(_observers.Count);
            await TellSilosAsync();
        }

        return ObserverLeaseTime;
    }

    public async Task Unsubscribe(IMigrationObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        if (_observers.Remove(observer))
        {
            LogUnsubscribed(_observers.Count);
            await TellSilosAsync();
        }
    }

    private ObserverList Observers()
    {
        ForgetExpiredObservers();
        return new ObserverList(
            _life,
            [.. _observers.Select(one => new ObserverLease(one.Key, one.Value.Renewal, ObserverLeaseTime - time.GetElapsedTime(one.Value.Since)))]);
    }

    private void ForgetExpiredObservers()
    {
        foreach (var (observer, _) in _observers.Where(one => time.GetElapsedTime(one.Value.Since) >= ObserverLeaseTime).ToList())
        {
            _observers.Remove(observer);
            LogExpired(_observers.Count);
        }
    }

    private async Task TellSilosAsync()
    {
        try
        {
            await Task.WhenAll(Live().Select(FlushAsync)).WaitAsync(SilosHearWithin);
        }
        catch (TimeoutException)
        {
            LogSilosHearLater(SilosHearWithin.TotalSeconds);
        }
    }

    [LoggerMessage(1315, LogLevel.Information, "A process observes migrations; now {Count} do.")]
    private partial void LogSubscribed(int count);

    [LoggerMessage(1316, LogLevel.Information, "A process observes migrations no more; now {Count} do.")]
    private partial void LogUnsubscribed(int count);

    [LoggerMessage(1317, LogLevel.Information, "A process that observed migrations has not subscribed again; now {Count} do.")]
    private partial void LogExpired(int count);

    [LoggerMessage(1318, LogLevel.Warning, "Not all silos have heard within {Seconds} s who observes migrations; they hear it with their next report.")]
    private partial void LogSilosHearLater(double seconds);

    private readonly record struct Subscription(Guid Renewal, long Since);
}
