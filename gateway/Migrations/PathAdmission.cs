using QuicChat.Abstractions.Policies;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Migrations;

/// <summary>One connection's judge of new paths: the policy of the moment and how often the connection has moved, or seemed to. For any thread.</summary>
internal sealed class PathAdmission(Func<PathPolicy> policy, TimeProvider time)
{
    /// <summary>
    /// How many attempts to migrate may come to nothing at once, besides one a second. A client whose network flaps has a few; someone who sends copies of the
    /// client's datagrams ahead of them, from ever new addresses (RFC 9000, section 9.3.3), has as many as the client sends datagrams, and each attempt has the
    /// client send more, for it is told of it.
    /// </summary>
    public const int MostFutile = 60;

    private static readonly TimeSpan FutileInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly LinkedList<long> _begun = new();
    private double _futile;
    private long _futileAt;

    /// <summary>Why the path may not be used; <see langword="null"/> where it may.</summary>
    public string? Deny(NetworkPath from, NetworkPath to)
        => policy().Deny(from, to, RecentMigrations()) ?? (from.ChangeTo(to) is not null && IsFutile() ? $"more than {MostFutile} changes of path have come to nothing" : null);

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

    /// <summary>The last one has been overtaken by another.</summary>
    public void Superseded()
    {
        lock (_gate)
        {
            CountFutile();
        }
    }

    /// <summary>The last one was none: the client is back where it was.</summary>
    public void Reverted()
    {
        lock (_gate)
        {
            CountFutile();
            if (_begun.Count > 0)
            {
                _begun.RemoveLast();
            }
        }
    }

    private void CountFutile() => _futile = Math.Min(RecentFutile() + 1, MostFutile + 1);

    private bool IsFutile()
    {
        lock (_gate)
        {
            return RecentFutile() > MostFutile;
        }
    }

    private double RecentFutile()
    {
        var now = time.GetTimestamp();
        _futile = Math.Max(0, _futile - (time.GetElapsedTime(_futileAt, now) / FutileInterval));
        _futileAt = now;
        return _futile;
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
