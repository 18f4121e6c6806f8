using QuicChat.Abstractions.Rooms;

namespace QuicChat.Grains.Rooms;

/// <summary>
/// Who is in a room by which gateway, and so over all of them. It lives in memory only: gateways say it again to an activation that does not
/// have it. What one that is not heard of any more has said lapses.
/// </summary>
internal sealed class RoomRosters(TimeSpan duration, TimeProvider time)
{
    private readonly Dictionary<string, Roster> _rosters = [];
    private readonly Dictionary<string, (string Name, int Gateways)> _users = [];

    /// <summary>A user has come (with a name) or has gone.</summary>
    public event Action<string, string?>? Changed;

    /// <summary>All users.</summary>
    public IEnumerable<RoomUser> Users => _users.Select(user => new RoomUser(user.Key, user.Value.Name));

    /// <summary>A gateway says who is in the room, or that nothing has changed.</summary>
    /// <returns>The roster and the number that it is known by now; zeros where it is not.</returns>
    public (long Id, long Number) Renew(string gatewayId, RoomMembers? members)
    {
        var roster = _rosters.GetValueOrDefault(gatewayId);
        if (members is { IsComplete: true } && (roster is null || (members.Roster, members.Number).CompareTo((roster.Id, roster.Number)) > 0))
        {
            var former = roster?.Users ?? [];
            roster = new Roster(members.Roster);
            _rosters[gatewayId] = roster;

            // Who stays is never gone in between.
            Take(roster, members);
            Remove(former);
        }
        else if (members is { IsComplete: false } && roster is not null && (members.Roster, members.Number) == (roster.Id, roster.Number + 1))
        {
            Take(roster, members);
        }

        if (roster is null)
        {
            return (0, 0);
        }

        roster.Until = time.GetUtcNow() + duration;
        return (roster.Id, roster.Number);
    }

    /// <summary>A gateway has nobody in the room any more.</summary>
    public void Remove(string gatewayId)
    {
        if (_rosters.Remove(gatewayId, out var roster))
        {
            Remove(roster.Users);
        }
    }

    /// <summary>Forgets gateways that have not been heard of for too long.</summary>
    public void RemoveLapsed()
    {
        var now = time.GetUtcNow();
        foreach (var (gatewayId, roster) in _rosters)
        {
            if (roster.Until <= now)
            {
                // Removing from a dictionary while walking it is allowed.
                Remove(gatewayId);
            }
        }
    }

    private void Take(Roster roster, RoomMembers members)
    {
        roster.Number = members.Number;
        foreach (var user in members.Joined)
        {
            if (roster.Users.Add(user.UserId))
            {
                var known = _users.GetValueOrDefault(user.UserId);
                _users[user.UserId] = (known.Name ?? user.UserName, known.Gateways + 1);
                if (known.Gateways == 0)
                {
                    Changed?.Invoke(user.UserId, user.UserName);
                }
            }
        }

        Remove(members.Left.Where(roster.Users.Remove));
    }

    private void Remove(IEnumerable<string> users)
    {
        foreach (var userId in users)
        {
            var (name, gateways) = _users[userId];
            if (gateways > 1)
            {
                _users[userId] = (name, gateways - 1);
            }
            else
            {
                _users.Remove(userId);
                Changed?.Invoke(userId, null);
            }
        }
    }

    private sealed class Roster(long id)
    {
        public long Id { get; } = id;

        public long Number { get; set; }

        public HashSet<string> Users { get; } = [];

        public DateTimeOffset Until { get; set; }
    }
}
