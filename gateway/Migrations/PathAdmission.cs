using QuicChat.Abstractions.Policies;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Migrations;

/// <summary>One connection's judge of new paths: the policy of the moment and how often the connection has moved. For any thread.</summary>
internal sealed class PathAdmission(Func<PathPolicy> policy, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<long> _begun = new();

    /// <summary>Why the path may not be used; <see langword="null"/> where it may.</summary>
    public string? Deny(NetworkPath from, NetworkPath to) => policy().Deny(from, to, RecentMigrations());

    /// <summary>A migration has begun, by the authenticated word of the client.</summary>
    public void Began()
    {
        lock (_gate)
        {
            _begun.AddLast(time.GetTimestamp());
            if (_begun.Count > MigrationPolicy.MostPerMinute)
            {
                _begun.RemoveFirst();
            }
        }
    }

    /// <summary>The last one was none: the client is back where it was.</summary>
    public void Reverted()
    {
        lock (_gate)
        {
            if (_begun.Count > 0)
            {
                _begun.RemoveLast();
            }
        }
    }

    private int RecentMigrations()
    {
        lock (_gate)
        {
            while (_begun.First is { Value: var oldest } && time.GetElapsedTime(oldest) >= PathPolicy.RateWindow)
            {
                _begun.RemoveFirst();
            }

            return _begun.Count;
        }
    }
}
