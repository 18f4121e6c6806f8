using System.Security.Claims;
using Microsoft.IdentityModel.JsonWebTokens;
using QuicChat.Protocol;

namespace QuicChat.Gateway.Sessions;

/// <summary>Who may join which room. It is judged once, at Join.</summary>
internal static class RoomAccess
{
    /// <summary>Why a user may not join a room; <see langword="null"/> where it may.</summary>
    public static string? Refuse(string room, ClientIdentity identity)
    {
        if (RoomNames.IsPrivate(room))
        {
            return room.Length == RoomNames.PrivatePrefix.Length ? $"A private room is written {RoomNames.PrivatePrefix}NAME."
                : identity.Rooms.Any(pattern => Matches(pattern, room)) ? null
                : $"The token's claim '{RoomNames.Claim}' does not name this private room.";
        }

        if (!RoomNames.IsDirect(room))
        {
            return null;
        }

        return RoomNames.ParseDirect(room) is not { } users
            ? $"A direct room is written {RoomNames.DirectPrefix}A:B, A and B being the IDs of two users, percent-encoded or hashed, the lesser one first."
            : RoomNames.DirectUser(identity.UserId) is var own && (own == users.User || own == users.OtherUser) ? null
            : "Only its two users may join a direct room.";
    }

    /// <summary>What a token's claim says: an array of strings, or one string.</summary>
    public static IReadOnlyList<string> Read(JsonWebToken token)
        => [.. token.Claims.Where(claim => claim is { Type: RoomNames.Claim, ValueType: ClaimValueTypes.String }).Select(claim => claim.Value)];

    private static bool Matches(string pattern, string room)
        => pattern is [.. var prefix, '*'] ? room.StartsWith(prefix, StringComparison.Ordinal) : pattern == room;
}
