using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace QuicChat.Protocol;

/// <summary>
/// The names of rooms that are not open to all: <c>private:NAME</c>, for those whose token says so, and <c>direct:A:B</c>, for two users.
/// Every other name is that of an open room.
/// </summary>
public static class RoomNames
{
    /// <summary>The claim of a token that opens private rooms: their names, or what they begin with and a <c>*</c>.</summary>
    public const string Claim = "rooms";

    /// <summary>What the names of private rooms begin with.</summary>
    public const string PrivatePrefix = "private:";

    /// <summary>What the names of direct rooms begin with.</summary>
    public const string DirectPrefix = "direct:";

    // Two of them and the prefix are exactly as long as a room's name may be.
    private const int MaxUserLength = (ProtocolLimits.MaxRoomLength - 8) / 2;

    /// <summary>
    /// The one room of two users, whoever of them asks: both as <see cref="DirectUser"/> writes them, the one that is less, byte by byte, first.
    /// Any two user IDs have one.
    /// </summary>
    /// <param name="userId">One user.</param>
    /// <param name="otherUserId">The other one.</param>
    /// <exception cref="ArgumentException">One is no user ID, or both are the same.</exception>
    public static string Direct(string userId, string otherUserId)
    {
        Require(ProtocolRules.CheckUserId(userId), nameof(userId));
        Require(ProtocolRules.CheckUserId(otherUserId), nameof(otherUserId));
        var (one, other) = (DirectUser(userId), DirectUser(otherUserId));
        var order = string.CompareOrdinal(one, other);
        Require(order == 0 ? "A direct room is one of two users, not of one." : null, nameof(otherUserId));
        return order < 0 ? $"{DirectPrefix}{one}:{other}" : $"{DirectPrefix}{other}:{one}";
    }

    /// <summary>
    /// How a user stands in the name of a direct room: the ID percent-encoded (RFC 3986, section 2.1; all but letters, digits, <c>-</c>, <c>.</c>,
    /// <c>_</c> and <c>~</c>). Where that has more than 60 characters, <c>=</c> and the SHA-256 of the ID's UTF-8 in Base64url without padding
    /// (RFC 4648, section 5).
    /// </summary>
    public static string DirectUser(string userId)
    {
        var encoded = Uri.EscapeDataString(userId);
        return encoded.Length <= MaxUserLength ? encoded : $"={Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(userId)))}";
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

    /// <summary>The two users of a direct room, as <see cref="DirectUser"/> writes them.</summary>
    /// <returns><see langword="null"/> where the name is not exactly as <see cref="Direct"/> writes it.</returns>
    public static (string User, string OtherUser)? ParseDirect(string room)
        => IsDirect(room) && room[DirectPrefix.Length..].Split(':') is [var one, var other]
            && IsDirectUser(one) && IsDirectUser(other) && string.CompareOrdinal(one, other) < 0
            ? (one, other)
            : null;

    private static bool IsDirectUser(string written)
    {
        if (written is ['=', .. var hash])
        {
            // 32 bytes are 43 characters, and of the last one four bits.
            return hash.Length == 43 && hash.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
                && "AEIMQUYcgkosw048".Contains(hash[^1], StringComparison.Ordinal);
        }

        var userId = Uri.UnescapeDataString(written);
        return ProtocolRules.CheckUserId(userId) is null && DirectUser(userId) == written;
    }

    private static void Require(string? error, string parameter)
    {
        if (error is not null)
        {
            throw new ArgumentException(error, parameter);
        }
    }
}
