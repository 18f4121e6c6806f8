using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using QuicChat.Abstractions.Connections;
using QuicChat.Abstractions.Migrations;
using QuicChat.Grains.Hosting;

namespace QuicChat.Grains.Migrations;

/// <summary>
/// Tells observers of migrations on this silo. Connection grains call it directly, after what happened was written; where nobody observes it
/// does nothing, and it never waits.
/// </summary>
internal sealed class MigrationFeed(
    ILocalSiloDetails silo,
    [FromKeyedServices(GrainClock.Key)] TimeProvider time,
    ILogger<ObserverStream> logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IMigrationObserver, Subscription> _subscriptions = [];
    private volatile ObserverStream[] _streams = [];

    /// <summary>Something was recorded of a connection.</summary>
    public void Tell(string connectionId, ConnectionRegistration registration, IReadOnlyList<MigrationEffect> effects)
    {
        var streams = _streams;
        if (streams.Length == 0)
        {
            return;
        }

        foreach (var effect in effects)
        {
            if (ToEvent(connectionId, registration, effect) is { } next)
            {
                foreach (var stream in streams)
                {
                    stream.Add(next);
                }
            }
        }
    }

    /// <summary>The monitor has said who observes, or has not answered.</summary>
    public void Learn(ObserverList? observers)
    {
        lock (_lock)
        {
            if (observers is null && _subscriptions.Count == 0)
            {
                return;
            }

            var listed = new HashSet<IMigrationObserver>();
            foreach (var lease in observers?.Leases ?? [])
            {
                listed.Add(lease.Observer);
                var known = _subscriptions.GetValueOrDefault(lease.Observer);
                if (known is not null && known.Renewal != lease.Renewal)
                {
                    known.Stream.Renew();
                }

                var stream = known?.Stream ?? new ObserverStream(lease.Observer, silo.Name, logger);
                _subscriptions[lease.Observer] = new Subscription(stream, observers!.Monitor, lease.Renewal, time.GetTimestamp(), lease.Remaining);
            }

            // Whom the monitor does not list any more has ended; whom another life of it listed may just not have subscribed again yet.
            foreach (var (observer, subscription) in _subscriptions.ToList())
            {
                if (!listed.Contains(observer)
                    && (subscription.Monitor == observers?.Monitor || time.GetElapsedTime(subscription.LearnedAt) >= subscription.Remaining))
                {
                    subscription.Stream.End();
                    _subscriptions.Remove(observer);
                }
            }

            _streams = [.. _subscriptions.Values.Select(subscription => subscription.Stream)];
        }
    }

    private MigrationEvent? ToEvent(string connectionId, ConnectionRegistration registration, MigrationEffect effect) => effect switch
    {
        MigrationEffect.Started { Attempt: var attempt } => new MigrationEvent(
            MigrationEventType.Began,
            connectionId,
            registration.UserId,
            registration.GatewayId,
            attempt.From,
            attempt.To,
            attempt.Kind,
            attempt.StartedAt,
            null,
            null,
            false,
            null),
        MigrationEffect.Ended { Attempt: var attempt } => new MigrationEvent(
            MigrationEventType.Ended,
            connectionId,
            registration.UserId,
            registration.GatewayId,
            attempt.From,
            attempt.To,
            attempt.Kind,
            attempt.StartedAt + attempt.Duration,
            attempt.Outcome,
            attempt.Duration,
            attempt.Inferred,
            attempt.Reason),
        MigrationEffect.Denied denied => new MigrationEvent(
            MigrationEventType.Denied,
            connectionId,
            registration.UserId,
            registration.GatewayId,
            denied.From,
            denied.To,
            denied.Kind,
            denied.At,
            null,
            null,
            false,
            denied.Reason),
        MigrationEffect.Failed failed => new MigrationEvent(
            MigrationEventType.Failed,
            connectionId,
            registration.UserId,
            registration.GatewayId,
            failed.RemoteEndPoint,
            failed.RemoteEndPoint,
            MigrationKind.PortOnly,
            time.GetUtcNow(),
            null,
            null,
            false,
            failed.Reason),
        _ => null,
    };

    private sealed record Subscription(ObserverStream Stream, Guid Monitor, Guid Renewal, long LearnedAt, TimeSpan Remaining);
}
