using QuicChat.Abstractions.Rooms;

namespace QuicChat.Gateway.Fanout;

/// <summary>
/// Which users are in a room by this gateway, and what the room has not been told of it yet. Changes are numbered; where the room shows that
/// it lacks one, it is told all.
/// </summary>
/// <param name="id">Larger than that of every roster that this gateway had of the room before.</param>
internal sealed class RoomRoster(long id)
{
    private readonly Dictionary<string, (RoomUser User, int Streams)> _users = [];
    private readonly HashSet<string> _changed = [];
    private long _number;
    private bool _tellsAll = true;

    /// <summary>The users.</summary>
    public IEnumerable<RoomUser> Users => _users.Values.Select(user => user.User);

    /// <summary>Whether the room is to be told something.</summary>
    public bool IsDue => _changed.Count > 0 || (_tellsAll && (_number > 0 || _users.Count > 0));

    /// <summary>A stream of a user joined the room.</summary>
    /// <returns>Whether it is the user's first one.</returns>
    public bool Add(RoomUser user)
    {
        var streams = _users.GetValueOrDefault(user.UserId).Streams;
        _users[user.UserId] = (user, streams + 1);
        return streams == 0 && Change(user.UserId);
    }

    /// <summary>A stream of a user left the room.</summary>
    /// <returns>Whether it was the user's last one.</returns>
    public bool Remove(RoomUser user)
    {
        var (known, streams) = _users[user.UserId];
        if (streams > 1)
        {
            _users[user.UserId] = (known, streams - 1);
            return false;
        }

        return _users.Remove(user.UserId) && Change(user.UserId);
    }

    /// <summary>What to tell the room now; <see langword="null"/> where nothing has changed.</summary>
    public RoomMembers? Take()
    {
        if (!IsDue)
        {
            return null;
        }

        var members = _tellsAll
            ? new RoomMembers(id, ++_number, true, [.. Users], [])
            : new RoomMembers(
                id,
                ++_number,
                false,
                [.. _changed.Where(_users.ContainsKey).Select(user => _users[user].User)],
                [.. _changed.Where(user => !_users.ContainsKey(user))]);
        _changed.Clear();
        _tellsAll = false;
        return members;
    }

    /// <summary>What the room has taken; where that is not all that it was told, it is told all again.</summary>
    public void Confirm(long roster, long number) => _tellsAll = (roster, number) != (id, _number);

    /// <summary>Whether the room has taken what it was told last is not known.</summary>
    public void Doubt() => _tellsAll = true;

    private bool Change(string userId)
    {
        // There and back is no change, but its number may be on its way already; so it is told all the same.
        _changed.Add(userId);
        return true;
    }
}
