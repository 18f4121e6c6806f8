using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Migrations;

/// <summary>One connection's judge of new paths: the policy of the moment and how often the connection has moved. For any thread.</summary>
internal sealed class PathAdmission(Func<PathPolicy> policy, TimeProvider time)
{
    // No policy that lets more than this pass within a minute is a limit.
    private const int MostCounted = 1_000;

    private readonly Lock _gate = new();
    private readonly Queue<long> _begun = new();

    /// <summary>Why the path may not be used; <see langword="null"/> where it may.</summary>
    public string? Deny(NetworkPath from, NetworkPath to) => policy().Deny(from, to, RecentMigrations());

    /// <summary>A migration has begun, by the authenticated word of the client.</summary>
    public void Began()
    {
        lock (_gate)
        {
            _begun.Enqueue(time.GetTimestamp());
            if (_begun.Count > MostCounted)
            {
                _begun.Dequeue();
            }
        }
    }

    private int RecentMigrations()
    {
        lock (_gate)
        {
            while (_begun.TryPeek(out var oldest) && time.GetElapsedTime(oldest) >= PathPolicy.RateWindow)
            {
                _begun.Dequeue();
            }

            return _begun.Count;
        }
    }
}
