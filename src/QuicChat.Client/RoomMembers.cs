using QuicChat.Protocol.V1;

namespace QuicChat.Client;

/// <summary>Who is in a room, as the gateway tells. It outlives a stream: after the next one's complete list only the difference is a change.</summary>
internal sealed class RoomMembers
{
    private readonly Dictionary<string, RoomMember> _members = new(StringComparer.Ordinal);
    private volatile IReadOnlyList<RoomMember> _current = [];
    private int _count = -1;

    /// <summary>The members as of the last change; never changes itself.</summary>
    public IReadOnlyList<RoomMember> Current => _current;

    /// <summary>Takes what the gateway tells. One caller at a time.</summary>
    /// <returns>What changed; <see langword="null"/> for nothing.</returns>
    public PresenceChange? Apply(Presence presence)
    {
        var named = presence.Joined
            .DistinctBy(member => member.UserId)
            .ToDictionary(member => member.UserId, member => new RoomMember(member.UserId, member.UserName), StringComparer.Ordinal);
        var gone = presence.Complete
            ? [.. _members.Keys.Where(user => !named.ContainsKey(user))]
            : presence.Left.Select(member => member.UserId).ToList();
        var left = new List<RoomMember>();
        foreach (var user in gone)
        {
            if (_members.Remove(user, out var member))
            {
                left.Add(member);
            }
        }

        var joined = named.Values.Where(member => !_members.ContainsKey(member.UserId)).ToList();
        foreach (var member in named.Values)
        {
            _members[member.UserId] = member;
        }

        var count = (int)Math.Min(presence.Members, int.MaxValue);
        var isChange = joined.Count > 0 || left.Count > 0 || count != _count;
        _count = count;
        _current = [.. _members.Values];
        return isChange ? new PresenceChange(joined, left, count) : null;
    }
}
