using QuicChat.Protocol;
using QuicChat.Quic.Paths;

namespace QuicChat.Gateway.Sessions;

// The connection's place among its user's, which passes from a connection to the one that resumes it.
internal sealed partial class ClientSession
{
    private readonly Lock _placeLock = new();
    private string? _placeOf;
    private ClientSession? _placeGiver;
    private bool _hasEnded;

    /// <summary>Gives this connection's place among its user's to the one that resumes it.</summary>
    /// <returns>Whether it had one.</returns>
    public bool TryGivePlace()
    {
        lock (_placeLock)
        {
            var had = _placeOf is not null;
            _placeOf = null;
            return had;
        }
    }

    /// <summary>Takes a place back that was given to a connection that did not come about.</summary>
    /// <returns>Whether this connection still needs one.</returns>
    public bool TryTakePlaceBack(string userId)
    {
        lock (_placeLock)
        {
            if (!_hasEnded)
            {
                _placeOf = userId;
            }

            return !_hasEnded;
        }
    }

    private void TakePlace(string userId, ConnectionId? former)
    {
        if (!_sessions.TryTakePlace(userId, former, out _placeGiver))
        {
            throw new ProtocolException(
                ErrorCode.RateLimited,
                $"The user has {_sessions.Limits.Options.MaxConnectionsPerUser} connections at this gateway, and no more are allowed.");
        }

        lock (_placeLock)
        {
            _placeOf = userId;
        }
    }

    private void LeavePlace()
    {
        string? userId;
        lock (_placeLock)
        {
            (userId, _placeOf, _hasEnded) = (_placeOf, null, true);
        }

        if (userId is not null && _placeGiver?.TryTakePlaceBack(userId) != true)
        {
            _sessions.Limits.ReleasePlace(userId);
        }
    }
}
