namespace QuicChat.Protocol;

/// <summary>
/// The names of rooms that are not open to all: <c>private:NAME</c>, for those whose token says so, and <c>direct:A:B</c>, for two users.
/// Every other name is that of an open room.
/// </summary>
public static class RoomNames
{
    /// <summary>What the names of private rooms begin with.</summary>
    public const string PrivatePrefix = "private:";

    /// <summary>What the names of direct rooms begin with.</summary>
    public const string DirectPrefix = "direct:";

    /// <summary>
    /// The one room of two users, whoever of them asks. Their IDs are percent-encoded (RFC 3986, section 2.1; all but letters, digits,
    /// <c>-</c>, <c>.</c>, <c>_</c> and <c>~</c>), and the one whose encoded form is less, byte by byte, comes first.
    /// </summary>
    /// <param name="userId">One user.</param>
    /// <param name="otherUserId">The other one.</param>
    /// <exception cref="ArgumentException">
    /// One is no user ID, both are the same, or the name would be longer than <see cref="ProtocolLimits.MaxRoomLength"/>.
    /// </exception>
    public static string Direct(string userId, string otherUserId)
    {
        Require(ProtocolRules.CheckUserId(userId), nameof(userId));
        Require(ProtocolRules.CheckUserId(otherUserId), nameof(otherUserId));
        var (one, other) = (Uri.EscapeDataString(userId), Uri.EscapeDataString(otherUserId));
        var order = string.CompareOrdinal(one, other);
        Require(order == 0 ? "A direct room is one of two users, not of one." : null, nameof(otherUserId));
        var name = order < 0 ? $"{DirectPrefix}{one}:{other}" : $"{DirectPrefix}{other}:{one}";
        Require(ProtocolRules.CheckRoom(name), nameof(otherUserId));
        return name;
    }

    /// <summary>The private room of a name.</summary>
    /// <param name="name">Not empty.</param>
    /// <exception cref="ArgumentException">It is empty, or makes no room name.</exception>
    public static string Private(string name)
    {
        Require(string.IsNullOrEmpty(name) ? "The private room's name is empty." : null, nameof(name));
        Require(ProtocolRules.CheckRoom(PrivatePrefix + name), nameof(name));
        return PrivatePrefix + name;
    }

    /// <summary>Whether a room is private.</summary>
    public static bool IsPrivate(string room) => room.StartsWith(PrivatePrefix, StringComparison.Ordinal);

    /// <summary>Whether a room is a direct one, rightly written or not.</summary>
    public static bool IsDirect(string room) => room.StartsWith(DirectPrefix, StringComparison.Ordinal);

    /// <summary>The two users of a direct room.</summary>
    /// <returns><see langword="null"/> where the name is not exactly as <see cref="Direct"/> writes it.</returns>
    public static (string UserId, string OtherUserId)? ParseDirect(string room)
    {
        if (!IsDirect(room) || room[DirectPrefix.Length..].Split(':') is not [var one, var other])
        {
            return null;
        }

        var (userId, otherUserId) = (Uri.UnescapeDataString(one), Uri.UnescapeDataString(other));
        return ProtocolRules.CheckUserId(userId) is null && ProtocolRules.CheckUserId(otherUserId) is null
            && Uri.EscapeDataString(userId) == one && Uri.EscapeDataString(otherUserId) == other && string.CompareOrdinal(one, other) < 0
            ? (userId, otherUserId)
            : null;
    }

    private static void Require(string? error, string parameter)
    {
        if (error is not null)
        {
            throw new ArgumentException(error, parameter);
        }
    }
}
